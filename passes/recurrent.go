package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// recurrents makes the layers of LSTM, GRU and RNN follow each other without anything between: what puts the directions side by side becomes the
// layout of the results, an exchange of batch and sequence is moved behind the operator, where the next layer takes it in or the last one's
// is undone, and initial states of zeros are left out.
func recurrents(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		a, ok := recurrentOf(n.Op)
		if !ok {
			continue
		}
		for _, rule := range []func(*run, *ir.Graph, *ir.Node, layouts) (bool, error){stackLayer, batchFirst, withoutZeroStates} {
			if done, err := rule(r, g, n, a); done || err != nil {
				if err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// layouts is what the attributes of a recurrent operator say of its operands.
type layouts struct {
	direction  string
	batchFirst bool
	stacked    bool
}

func recurrentOf(o ir.Op) (layouts, bool) {
	switch o := o.(type) {
	case *op.LSTM:
		return layouts{o.Direction, o.Layout == 1, o.Stacked}, true
	case *op.GRU:
		return layouts{o.Direction, o.Layout == 1, o.Stacked}, true
	case *op.RNN:
		return layouts{o.Direction, o.Layout == 1, o.Stacked}, true
	}
	return layouts{}, false
}

// with is the operator with other layouts.
func (a layouts) with(o ir.Op) ir.Op {
	layout := 0
	if a.batchFirst {
		layout = 1
	}
	switch o := o.(type) {
	case *op.LSTM:
		m := *o
		m.Layout, m.Stacked = layout, a.stacked
		return &m
	case *op.GRU:
		m := *o
		m.Layout, m.Stacked = layout, a.stacked
		return &m
	case *op.RNN:
		m := *o
		m.Layout, m.Stacked = layout, a.stacked
		return &m
	}
	panic("BUG: " + ir.OpName(o) + " is not recurrent")
}

const (
	initialH = 5 // input of a recurrent operator
	initialC = 6
)

// stackLayer gives Y the layout of X. That is a change of shape alone where there is one direction or the batch comes first, and takes
// the exchange of directions and batch in where all uses of Y make one.
func stackLayer(r *run, g *ir.Graph, n *ir.Node, a layouts) (bool, error) {
	y := n.Out()[0]
	if a.stacked || !y.Type.Ranked || len(y.Type.Dims) != 4 {
		return false, nil
	}
	if a.direction == "bidirectional" && !a.batchFirst && !exchangesDirections(y) {
		r.missed(KindRecurrent, n, "directions are used otherwise than side by side")
		return false, nil
	}
	if slices.ContainsFunc(y.Type.Dims, sym.Expr.HasFresh) || !r.rewrite() {
		return false, nil
	}
	m, err := relaid(g, n, layouts{a.direction, a.batchFirst, true}, func(i int, v *ir.Value) (*ir.Value, error) {
		if i == 0 || !a.batchFirst {
			return v, nil
		}
		return transposeBefore(g, n, v, 1, 0, 2)
	})
	if err != nil {
		return false, err
	}
	for i, old := range n.Out() {
		if !old.Used() {
			continue
		}
		v := m.Out()[i]
		switch {
		case i > 0 && a.batchFirst:
			v, err = transposeBefore(g, n, v, 1, 0, 2)
		case i == 0 && (a.batchFirst || a.direction != "bidirectional"):
			v, err = reshapeBefore(g, n, v, y.Type.Dims...)
		case i == 0:
			if err = directionsOf(g, n, y, v); err != nil || !y.Used() {
				break
			}
			d := y.Type.Dims
			if v, err = reshapeBefore(g, n, v, d[0], d[2], d[1], d[3]); err == nil {
				v, err = transposeBefore(g, n, v, 0, 2, 1, 3)
			}
		}
		if err != nil {
			return false, err
		}
		g.ReplaceUses(old, v)
	}
	g.Remove(n)
	return true, nil
}

// exchangesDirections reports whether every use of Y, [seq, dirs, batch, hidden], moves the axes or takes one direction.
func exchangesDirections(y *ir.Value) bool {
	if y.IsOutput() {
		return false
	}
	return !slices.ContainsFunc(y.Uses(), func(u ir.Use) bool {
		if _, ok := u.Node.Op.(*op.Transpose); ok {
			return false
		}
		return slices.ContainsFunc(u.Node.Out(), func(v *ir.Value) bool { return v.Used() && !takesDirection(v, y) })
	})
}

// takesDirection reports whether v is one direction of Y.
func takesDirection(v, y *ir.Value) bool {
	s, ok := bounds{}.spanOf(v)
	_, known := y.Type.Dims[3].IsConst()
	return ok && known && s.of == y && s.axis == 1 && s.end == s.start+1
}

// directionsOf replaces what takes one direction of Y by a part of the last axis of rows, [seq, batch, dirs·hidden], which stand before n.
func directionsOf(g *ir.Graph, n *ir.Node, y, rows *ir.Value) error {
	hidden, _ := y.Type.Dims[3].IsConst()
	for _, u := range slices.Clone(y.Uses()) {
		for _, v := range u.Node.Out() {
			if !v.Used() || !takesDirection(v, y) {
				continue
			}
			s, _ := bounds{}.spanOf(v)
			part, err := spanBefore(g, n, span{of: rows, axis: 2, start: s.start * hidden, end: s.end * hidden})
			if err != nil {
				return err
			}
			if !s.dropped {
				if part, err = reshapeBefore(g, n, part, v.Type.Dims...); err != nil {
					return err
				}
			}
			g.ReplaceUses(v, part)
		}
		removeIfUnused(g, u.Node)
	}
	return nil
}

// batchFirst moves an exchange of sequence and batch of X behind the operator.
func batchFirst(r *run, g *ir.Graph, n *ir.Node, a layouts) (bool, error) {
	t, o := nodeOf[*op.Transpose](n.Input(0))
	if t == nil || !a.stacked || a.batchFirst || !slices.Equal(o.Perm, []int{1, 0, 2}) || !r.rewrite() {
		return false, nil
	}
	m, err := relaid(g, n, layouts{a.direction, true, true}, func(i int, v *ir.Value) (*ir.Value, error) {
		if i == 0 {
			return t.Input(0), nil
		}
		return v, nil
	})
	if err != nil {
		return false, err
	}
	for i, old := range n.Out() {
		v := m.Out()[i]
		if i == 0 && old.Used() {
			if v, err = transposeBefore(g, n, v, 1, 0, 2); err != nil {
				return false, err
			}
		}
		g.ReplaceUses(old, v)
	}
	g.Remove(n)
	return true, nil
}

// relaid adds the operator of n with other layouts before n; operand gives X and the initial states in them.
func relaid(g *ir.Graph, n *ir.Node, a layouts, operand func(i int, v *ir.Value) (*ir.Value, error)) (*ir.Node, error) {
	in := slices.Clone(n.In())
	for _, i := range []int{0, initialH, initialC} {
		if i >= len(in) || in[i] == nil {
			continue
		}
		var err error
		if in[i], err = operand(i, in[i]); err != nil {
			return nil, err
		}
	}
	m, err := g.InsertBefore(n, a.with(n.Op), in...)
	if err != nil {
		return nil, err
	}
	m.Name = n.Name
	return m, nil
}

// transposeBefore adds a transpose of x before n.
func transposeBefore(g *ir.Graph, n *ir.Node, x *ir.Value, perm ...int) (*ir.Value, error) {
	t, err := g.InsertBefore(n, &op.Transpose{Perm: perm}, x)
	if err != nil {
		return nil, err
	}
	t.Name = n.Name
	return t.Out()[0], nil
}

// withoutZeroStates leaves out initial states that are zero, which is what absent ones are.
func withoutZeroStates(r *run, g *ir.Graph, n *ir.Node, a layouts) (bool, error) {
	in := slices.Clone(n.In())
	for i := initialH; i <= initialC && i < len(in); i++ {
		if in[i] == nil || !allZero(in[i]) {
			continue
		}
		if !isStateOf(n, in[i], a) {
			r.missed(KindRecurrent, n, "an initial state of zeros may be of another batch than the input")
			continue
		}
		in[i] = nil
	}
	if slices.Equal(in, n.In()) || !r.rewrite() {
		return false, nil
	}
	for len(in) > 3 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	g.SetInputs(n, in)
	return true, nil
}

// isStateOf reports whether v has the shape of a state for certain.
func isStateOf(n *ir.Node, v *ir.Value, a layouts) bool {
	x, rec := n.Input(0).Type, n.Input(2).Type
	if !x.Ranked || !rec.Ranked || !v.Type.Ranked || len(v.Type.Dims) != 3 {
		return false
	}
	want := []sym.Expr{rec.Dims[0], x.Dims[1], rec.Dims[2]}
	if a.batchFirst {
		want[1] = x.Dims[0]
		if !a.stacked {
			want[0], want[1] = want[1], want[0]
		}
	}
	return v.Type.Equal(v.Type.WithDims(want...))
}

// allZero reports whether all elements of v are 0.
func allZero(v *ir.Value) bool {
	if t := v.Const; t != nil && t.DType().IsFloat() {
		return isZero(t)
	}
	x, ok := fill(v)
	return ok && x == 0
}

// isZero reports whether all elements are a positive zero.
func isZero(t *tensor.Tensor) bool {
	return !slices.ContainsFunc(t.Bytes(), func(b byte) bool { return b != 0 })
}
