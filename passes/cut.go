package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// cuts takes a part of the rows of a value before what computes each row by itself, so that rows which nothing uses are not computed: of the logits
// of a decoder, say, all but the last.
func cuts(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if _, ok := n.Op.(*op.Slice); !ok || !n.Out()[0].Used() {
			continue
		}
		for todo := []*ir.Node{n}; len(todo) > 0; {
			more, err := cutEarlier(r, g, todo[0])
			if err != nil {
				return err
			}
			todo = append(todo[1:], more...)
		}
	}
	return nil
}

// cut is the part [start, end) along an axis, as a Slice has it.
type cut struct {
	axis       int
	start, end int64
}

// before applies the cut to v along another axis, before n.
func (c cut) before(g *ir.Graph, n *ir.Node, v *ir.Value, axis int) (*ir.Value, error) {
	in := []*ir.Value{v}
	for _, i := range []int64{c.start, c.end, int64(axis)} {
		k, err := g.InsertBefore(n, &ir.Const{Value: tensor.Must([]int64{i}, 1)})
		if err != nil {
			return nil, err
		}
		in = append(in, k.Out()[0])
	}
	m, err := g.InsertBefore(n, &op.Slice{}, in...)
	if err != nil {
		return nil, err
	}
	m.Name = n.Name
	return m.Out()[0], nil
}

// cutEarlier moves a Slice in front of the node whose only use it is, and returns the slices that are there now.
func cutEarlier(r *run, g *ir.Graph, n *ir.Node) ([]*ir.Node, error) {
	axis, start, end, ok := sliceOfAxis(n)
	v, y := n.Input(0), n.Out()[0]
	d := v.Def()
	if !ok || d == nil || !single(v) || v.Index() != 0 || !v.Type.Ranked || !v.Type.Elem.IsFloat() || !y.Type.Ranked {
		return nil, nil
	}
	c := cut{axisIn(axis, v), start, end}
	if c.axis < 0 || c.axis >= len(v.Type.Dims)-1 || y.Type.Dims[c.axis].HasFresh() {
		return nil, nil
	}
	axes := cutAxes(d, c.axis)
	if axes == nil || !r.rewrite() {
		return nil, nil
	}
	in := slices.Clone(d.In())
	var list []*ir.Node
	var err error
	for i, a := range axes {
		if a < 0 {
			continue
		}
		if in[i], err = c.before(g, n, in[i], a); err != nil {
			return nil, err
		}
		list = append(list, in[i].Def())
	}
	operator := d.Op
	switch o := d.Op.(type) {
	case *op.Attention:
		if in, err = laterQueries(g, n, d, in, c); err != nil {
			return nil, err
		}
		a := *o
		a.Append = in[op.AttentionPastK] != nil
		operator = &a
	case *op.Reshape:
		dims, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(y.Type.Dims)}, Exprs: y.Type.Dims})
		if err != nil {
			return nil, err
		}
		in[1] = dims.Out()[0]
	}
	m, err := g.InsertBefore(n, operator, in...)
	if err != nil {
		return nil, err
	}
	m.Name = d.Name
	m.Out()[0].Learn(y.Fact)
	g.ReplaceUses(y, m.Out()[0])
	ir.Credit(m, d)
	g.Remove(n)
	for i, w := range d.Out() {
		if i > 0 && w.Used() {
			g.ReplaceUses(w, m.Out()[i])
		}
	}
	g.Remove(d)
	return list, nil
}

// cutAxes says along which axis each input of n has to be cut, −1 for not at all, to cut its first result along an axis; nil if that does not do.
func cutAxes(n *ir.Node, axis int) []int {
	axes := slices.Repeat([]int{-1}, len(n.In()))
	y := n.Out()[0].Type
	switch o := n.Op.(type) {
	case *op.Unary, *op.Cast:
		axes[0] = axis
	case *op.Binary, *op.Where:
		for i, x := range n.In() {
			if !alongside(x, y, axis, &axes[i]) {
				return nil
			}
		}
	case *op.MatMul:
		a, b := n.Input(0).Type, n.Input(1).Type
		if !a.Ranked || !b.Ranked || len(a.Dims) != len(y.Dims) {
			return nil
		}
		if axis == len(y.Dims)-2 {
			axes[0] = axis
			if o.TransA {
				axes[0] = axis + 1
			}
		} else if !alongside(n.Input(0), y, axis, &axes[0]) || !alongside(n.Input(1), y, axis, &axes[1]) {
			return nil
		}
	case *op.LayerNorm:
		return ofRows(n, axes, axis, o.Axis)
	case *op.RMSNorm:
		return ofRows(n, axes, axis, o.Axis)
	case *op.Softmax:
		return ofRows(n, axes, axis, o.Axis)
	case *op.Gather:
		if o.Axis != 0 || !n.Input(1).Type.Ranked || axis >= len(n.Input(1).Type.Dims) {
			return nil
		}
		axes[1] = axis
	case *op.Reshape:
		x := n.Input(0).Type
		if !x.Ranked || len(x.Dims) <= axis || !slices.EqualFunc(x.Dims[:axis+1], y.Dims[:axis+1], sym.Expr.Equal) || slices.ContainsFunc(y.Dims, sym.Expr.HasFresh) {
			return nil
		}
		axes[0] = axis
	case *op.Transpose:
		if len(o.Perm) != len(y.Dims) {
			return nil
		}
		axes[0] = o.Perm[axis]
	case *op.Attention:
		return cutQueries(n, o, axes, axis)
	case *op.Rotary:
		return cutTurned(n, axes, axis)
	default:
		return nil
	}
	return axes
}

// alongside finds the axis of an operand that broadcasts to a result along an axis of that; −1 if it is repeated there.
func alongside(x *ir.Value, y ir.Type, axis int, to *int) bool {
	if x == nil {
		return true
	}
	if !x.Type.Ranked {
		return false
	}
	at := axis - (len(y.Dims) - len(x.Type.Dims))
	switch {
	case at < 0 || isUnit(x.Type.Dims[at]) && !isUnit(y.Dims[axis]):
		return true
	case !x.Type.Dims[at].Equal(y.Dims[axis]):
		return false
	}
	*to = at
	return true
}

// ofRows is for operators that work along axes from first on and have no other result that is used.
func ofRows(n *ir.Node, axes []int, axis, first int) []int {
	if axis >= axisIn(first, n.Out()[0]) || slices.ContainsFunc(n.Out()[1:], (*ir.Value).Used) {
		return nil
	}
	axes[0] = axis
	return axes
}

// cutQueries is for the queries of an attention whose scores nothing uses, and whose present keys and values are at most results of the graph.
func cutQueries(n *ir.Node, o *op.Attention, axes []int, axis int) []int {
	q, mask := n.Input(op.AttentionQ), n.Input(op.AttentionMask)
	rows := len(q.Type.Dims) - 2
	if !q.Type.Ranked || axis != rows || n.Out()[3].Used() || len(n.Out()[1].Uses()) > 0 || len(n.Out()[2].Uses()) > 0 {
		return nil
	}
	if k := n.Input(op.AttentionStart); k != nil && (!k.Type.Ranked || k.Type.Elem != tensor.Int64 && k.Type.Elem != tensor.Int32) {
		return nil
	}
	if past := n.Input(op.AttentionPastK); past != nil {
		if len(past.Type.Dims) != 4 || past.Type.Dims[2].HasFresh() || !o.Append && n.Input(op.AttentionStart) != nil { // which says where new keys are, too
			return nil
		}
	}
	if q.Type.Dims[rows].HasFresh() {
		return nil
	}
	axes[op.AttentionQ] = rows
	if mask == nil {
		return axes
	}
	if !mask.Type.Ranked {
		return nil
	}
	switch at := len(mask.Type.Dims) - 2; {
	case at < 0 || isUnit(mask.Type.Dims[at]) && !isUnit(q.Type.Dims[rows]):
	case mask.Type.Dims[at].Equal(q.Type.Dims[rows]):
		axes[op.AttentionMask] = at
	default:
		return nil
	}
	return axes
}

// laterQueries makes the queries of an attention stand where those that are left of a cut do.
func laterQueries(g *ir.Graph, at, n *ir.Node, in []*ir.Value, c cut) ([]*ir.Value, error) {
	q := n.Input(op.AttentionQ)
	length, first := q.Type.Dims[len(q.Type.Dims)-2], sym.Const(c.start)
	if c.start < 0 {
		first = sym.Max(length.Add(first), sym.Const(0))
	} else {
		first = sym.Min(length, first)
	}
	for len(in) <= op.AttentionStart {
		in = append(in, nil)
	}
	old, elem := in[op.AttentionStart], tensor.Int64
	switch {
	case old != nil && len(old.Sym) == 1:
		first, old = first.Add(old.Sym[0]), nil
	case old != nil:
		elem = old.Type.Elem
	case n.Input(op.AttentionPastK) != nil:
		first = first.Add(n.Input(op.AttentionPastK).Type.Dims[2])
	}
	m, err := g.InsertBefore(at, &ir.Dims{Elem: elem, Exprs: []sym.Expr{first}})
	if err == nil && old != nil {
		m, err = g.InsertBefore(at, &op.Binary{Fn: op.Add}, old, m.Out()[0])
	}
	if err != nil {
		return nil, err
	}
	in[op.AttentionStart] = m.Out()[0]
	return in, nil
}

// cutTurned is for the rows of a rotary embedding.
func cutTurned(n *ir.Node, axes []int, axis int) []int {
	x := n.Input(0).Type
	if !x.Ranked || axis != len(x.Dims)-2 {
		return nil
	}
	axes[0] = axis
	rows := func(i, behind int) bool { // cuts input i along the axis that has so many behind it
		t := n.Input(i).Type
		axes[i] = len(t.Dims) - 1 - behind
		return t.Ranked && axes[i] >= 0 && t.Dims[axes[i]].Equal(x.Dims[axis])
	}
	if n.Input(3) != nil {
		if !rows(3, 0) {
			return nil
		}
		return axes
	}
	if !rows(1, 1) || !rows(2, 1) {
		return nil
	}
	return axes
}
