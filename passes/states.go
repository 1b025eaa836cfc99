package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// StatePart is a part of a state, an output that is an input of the next step, in the form in which attention can append to it.
type StatePart struct {
	State         int   // the number of the state
	Input, Output int   // of the graph
	Index         int   // which element of the first axis of the state it is, −1 for all of it
	Perm          []int // the axes of that in another order, as of Transpose; nil for their own
}

// States changes the form of states for a session that keeps them, so that attention finds past keys and values as it wants them, [batch, heads, rows,
// size], and need not rearrange all of them in every step. Keys and values that are stacked in one state become two, and axes change their order. States
// are pairs of an input and an output. What is left of the old form another run of the passes removes.
//
// The graph's inputs and outputs are others then; all that are no states keep their order.
func States(g *ir.Graph, states [][2]int) (parts []StatePart, changed bool, err error) {
	inputs, outputs := slices.Clone(g.Inputs()), slices.Clone(g.Outputs())
	type piece struct {
		StatePart
		in  *ir.Value
		out ir.Output
	}
	var list []piece
	dropped := map[string]bool{}
	for k, s := range states {
		in, out := inputs[s[0]], outputs[s[1]]
		if pieces := stacked(in, out.Value); pieces != nil {
			for i, p := range pieces {
				v := g.AddInput(in.Name+[...]string{".key", ".value"}[i], in.Type.WithDims(in.Type.Dims[1:]...))
				for _, x := range p.past {
					g.ReplaceUses(x, v)
					removeIfUnused(g, x.Def())
				}
				list = append(list, piece{StatePart{State: k, Index: i}, v, ir.Output{Name: out.Name + [...]string{".key", ".value"}[i], Value: p.present}})
			}
			dropped[out.Name], changed = true, true
			continue
		}
		p := piece{StatePart{State: k, Index: -1}, in, out}
		if c, perm := joinedAsIs(in, out.Value); c != nil {
			if err := turnState(g, in, c, perm); err != nil {
				return nil, false, err
			}
			p.Perm, changed = perm, true
		}
		list = append(list, p)
	}
	var kept []ir.Output
	for _, o := range g.Outputs() {
		if !dropped[o.Name] {
			kept = append(kept, o)
		}
	}
	for _, p := range list {
		if p.Index >= 0 {
			kept = append(kept, p.out)
		}
	}
	g.SetOutputs(kept...)
	for i := len(inputs) - 1; i >= 0; i-- {
		if v := inputs[i]; slices.ContainsFunc(states, func(s [2]int) bool { return s[0] == i }) && !v.Used() && !slices.ContainsFunc(list, func(p piece) bool { return p.in == v }) {
			g.RemoveInput(i)
		}
	}
	for _, p := range list {
		p.Input = p.in.Index()
		p.Output = slices.IndexFunc(kept, func(o ir.Output) bool { return o.Name == p.out.Name })
		parts = append(parts, p.StatePart)
	}
	return parts, changed, nil
}

// half is what a state of stacked keys and values has of one of them.
type half struct {
	past    []*ir.Value // parts of the input
	present *ir.Value   // part of the output
}

// stacked takes a state [2, …] of keys and values apart: an input of which nothing is used but the two elements of the first axis, and an
// output that joins two; nil if it is none.
func stacked(in, out *ir.Value) []half {
	d := in.Type.Dims
	if n, ok := firstDim(in); !ok || n != 2 || len(d) != 5 || in.IsOutput() || len(in.Uses()) == 0 {
		return nil
	}
	halves := make([]half, 2)
	for _, u := range in.Uses() {
		o, ok := u.Node.Op.(*op.Gather)
		if !ok || o.Axis != 0 || u.Index != 0 {
			return nil
		}
		i, ok := integerOf(u.Node.Input(1))
		if i < 0 {
			i += 2
		}
		if !ok || i < 0 || i > 1 {
			return nil
		}
		halves[i].past = append(halves[i].past, u.Node.Out()[0])
	}
	c, o := nodeOf[*op.Concat](out)
	if c == nil || o.Axis != 0 && o.Axis != -5 || len(c.In()) != 2 || len(out.Uses()) > 0 {
		return nil
	}
	for i, x := range c.In() {
		r, _ := nodeOf[*op.Reshape](x)
		if r == nil {
			if r, _ = nodeOf[*op.Unsqueeze](x); r == nil {
				return nil
			}
		}
		y := r.Input(0)
		if len(x.Type.Dims) != 5 || len(y.Type.Dims) != 4 || !slices.EqualFunc(x.Type.Dims[1:], y.Type.Dims, sym.Expr.Equal) || len(halves[i].past) == 0 {
			return nil
		}
		halves[i].present = y
	}
	return halves
}

func firstDim(v *ir.Value) (int64, bool) {
	if len(v.Type.Dims) == 0 {
		return 0, false
	}
	return v.Type.Dims[0].IsConst()
}

// joinedAsIs is the Concat that appends to a state whose axes have another order than attention wants, and the order in which it would have them;
// nil if there is none. The joined keys or values may be nothing else but the new state and, rearranged, operands of attention.
func joinedAsIs(in, out *ir.Value) (*ir.Node, []int) {
	c, o := nodeOf[*op.Concat](out)
	if c == nil || len(c.In()) != 2 || c.Input(0) != in || len(in.Uses()) != 1 || in.IsOutput() || len(in.Type.Dims) != 4 || len(out.Type.Dims) != 4 || len(out.Uses()) == 0 {
		return nil, nil
	}
	var perm []int
	for _, u := range out.Uses() {
		p := turned(u.Node)
		if p == nil || perm != nil && !slices.Equal(p, perm) || p[2] != axisIn(o.Axis, out) {
			return nil, nil
		}
		perm = p
		y := u.Node.Out()[0]
		for _, w := range y.Uses() {
			if _, ok := w.Node.Op.(*op.Attention); !ok || w.Index != op.AttentionK && w.Index != op.AttentionV {
				return nil, nil
			}
		}
		if y.IsOutput() || len(y.Uses()) == 0 {
			return nil, nil
		}
	}
	return c, perm
}

// turned is the order of axes in which an attention reads what n makes of its input, [batch, heads, rows, size]; nil if that is no question of order.
func turned(n *ir.Node) []int {
	y := n.Out()[0]
	switch o := n.Op.(type) {
	case *op.Transpose:
		if len(o.Perm) == 4 {
			return o.Perm
		}
	case *op.Reshape: // heads side by side
		x := n.Input(0).Type.Dims
		if d := y.Type.Dims; len(x) == 4 && len(d) == 3 && d[0].Equal(x[0]) && d[1].Equal(x[1]) && d[2].Equal(x[2].Mul(x[3])) {
			return []int{0, 2, 1, 3}
		}
	}
	return nil
}

// turnState makes a state have its axes in another order, which is that of the operand of attention that it becomes.
func turnState(g *ir.Graph, in *ir.Value, c *ir.Node, perm []int) error {
	exchange := func(t ir.Type) ir.Type {
		dims := make([]sym.Expr, len(perm))
		for i, a := range perm {
			dims[i] = t.Dims[a]
		}
		return t.WithDims(dims...)
	}
	fresh, err := g.InsertBefore(c, &op.Transpose{Perm: perm}, c.Input(1))
	if err != nil {
		return err
	}
	in.Fact = ir.Of(exchange(in.Type))
	all, err := g.InsertBefore(c, &op.Concat{Axis: 2}, in, fresh.Out()[0])
	if err != nil {
		return err
	}
	fresh.Name, all.Name = c.Name, c.Name
	old := c.Out()[0]
	for _, u := range slices.Clone(old.Uses()) {
		g.ReplaceUses(u.Node.Out()[0], all.Out()[0])
		g.Remove(u.Node)
	}
	g.ReplaceUses(old, all.Out()[0])
	g.Remove(c)
	return nil
}
