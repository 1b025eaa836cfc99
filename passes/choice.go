package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// choice takes few slices along one axis of a value: a Slice of that axis, or a Gather with a vector of indices. What says which ones depends on
// nothing but dimensions and inputs of the graph, so that it can be made anywhere.
type choice struct {
	node *ir.Node
	axis int
	says []*ir.Value // inputs of node behind the value, axes left out
}

// fewSlices is how many slices are few.
const fewSlices = 16

// choiceOf sees n as a choice; false where it is none, or where it does not take few of what there is. The last axis does not count, as what is
// computed row by row cannot be computed for a part of it.
func choiceOf(n *ir.Node) (c choice, ok bool) {
	c.node = n
	x := n.Input(0)
	if !x.Type.Ranked {
		return c, false
	}
	switch o := n.Op.(type) {
	case *op.Gather:
		c.axis, c.says = axisIn(o.Axis, x), n.In()[1:2]
	case *op.Slice:
		axes := n.Input(3)
		if axes == nil || axes.Const == nil || axes.Const.Len() != 1 {
			return c, false
		}
		c.axis, c.says = axisIn(int(axes.Const.Int64(0)), x), slices.Delete(slices.Clone(n.In()[1:]), 2, 3)
	default:
		return c, false
	}
	if c.axis < 0 || c.axis >= len(x.Type.Dims)-1 || slices.ContainsFunc(c.says, func(v *ir.Value) bool { return v != nil && !isAnywhere(v) }) {
		return c, false
	}
	count, ok := c.count()
	all, known := x.Type.Dims[c.axis].IsConst()
	return c, ok && count <= fewSlices && (!known || all >= 2*count)
}

// isAnywhere reports whether v can be had at any place of the graph.
func isAnywhere(v *ir.Value) bool {
	if v.IsGraphInput() {
		return true
	}
	switch v.Def().Op.(type) {
	case *ir.Const, *ir.Dims:
		return true
	}
	return false
}

// count is the greatest number of slices that are taken.
func (c choice) count() (int64, bool) {
	if _, ok := c.node.Op.(*op.Gather); ok {
		idx := c.says[0].Type
		if !idx.Ranked || len(idx.Dims) > 1 {
			return 0, false
		}
		if len(idx.Dims) == 0 {
			return 1, true
		}
		return idx.Dims[0].IsConst()
	}
	_, hi, _, ok := c.node.Out()[0].Type.Dims[c.axis].Bounds()
	start, end := c.says[0].Const, c.says[1].Const
	if ok || start == nil || end == nil || start.Len() != 1 || end.Len() != 1 {
		return hi, ok
	}
	switch from, to := start.Int64(0), end.Int64(0); {
	case (from < 0) == (to < 0):
		return max(0, to-from), true
	case from < 0 && from > -fewSlices:
		return -from, true
	}
	return 0, false
}

// dropsAxis reports whether the axis, of one slice, is left out of the result.
func (c choice) dropsAxis() bool {
	_, gather := c.node.Op.(*op.Gather)
	return gather && len(c.says[0].Type.Dims) == 0
}

// first is the position of the first slice among n, where those that are taken follow each other.
func (c choice) first(n sym.Expr) (sym.Expr, bool) {
	says := symbols(c.says[0])
	if len(says) != 1 {
		return n, false
	}
	i, known := says[0].IsConst()
	if !known {
		return n, false
	}
	if _, gather := c.node.Op.(*op.Gather); gather {
		if i < 0 {
			return n.Add(sym.Const(i)), true
		}
		return sym.Const(i), true
	}
	if len(c.says) > 2 && c.says[2] != nil {
		if step := symbols(c.says[2]); len(step) != 1 || !step[0].Equal(sym.Const(1)) {
			return n, false
		}
	}
	if i < 0 {
		return sym.Max(sym.Const(0), n.Add(sym.Const(i))), true
	}
	return sym.Min(sym.Const(i), n), true
}

// of is the same choice of x along an axis, without leaving that out. It stands right behind x, and is made once.
func (c choice) of(g *ir.Graph, x *ir.Value, axis int) (*ir.Value, error) {
	for _, u := range x.Uses() {
		if d, ok := choiceOf(u.Node); ok && u.Index == 0 && d.axis == axis && !d.dropsAxis() && d.same(c) && standsBehind(u.Node, x) {
			return u.Node.Out()[0], nil
		}
	}
	at := firstNode(g)
	if x.Def() != nil {
		at = x.Def().Next()
	}
	in := []*ir.Value{x}
	for _, v := range c.says {
		if v != nil && !v.IsGraphInput() {
			v = insert(g, at, v.Def().Op)
		}
		in = append(in, v)
	}
	var o ir.Op = &op.Gather{Axis: axis}
	switch c.node.Op.(type) {
	case *op.Slice:
		o, in = &op.Slice{}, slices.Insert(in, 3, insert(g, at, &ir.Const{Value: tensor.Must([]int64{int64(axis)}, 1)}))
	case *op.Gather:
		if c.dropsAxis() {
			var err error
			if in[1], err = reshapeBefore(g, at, in[1], sym.Const(1)); err != nil {
				return nil, err
			}
		}
	}
	m, err := g.InsertBefore(at, o, in...)
	if err != nil {
		return nil, err
	}
	m.Name, m.Origin = c.node.Name, c.node.Origin
	return m.Out()[0], nil
}

// standsBehind reports whether nothing but what says which slices stands between x and a choice of it.
func standsBehind(n *ir.Node, x *ir.Value) bool {
	at := firstNode(n.Graph())
	if x.Def() != nil {
		at = x.Def().Next()
	}
	for ; at != n && at != nil; at = at.Next() {
		switch at.Op.(type) {
		case *ir.Const, *ir.Dims, *op.Gather, *op.Slice, *op.Reshape:
		default:
			return false
		}
	}
	return at == n
}

// same reports whether two choices take the same slices of an axis.
func (c choice) same(d choice) bool {
	if _, gather := c.node.Op.(*op.Gather); gather {
		if _, ok := d.node.Op.(*op.Gather); !ok {
			return false
		}
	} else if _, ok := d.node.Op.(*op.Slice); !ok {
		return false
	}
	if len(c.says) != len(d.says) || len(symbols(c.says[0])) != len(symbols(d.says[0])) {
		return false
	}
	for i, v := range c.says {
		w := d.says[i]
		if v == w {
			continue
		}
		if v == nil || w == nil || v.IsGraphInput() || w.IsGraphInput() {
			return false
		}
		a, b := symbols(v), symbols(w)
		if len(a) == 0 || len(a) != len(b) || !slices.EqualFunc(a, b, sym.Expr.Equal) {
			return false
		}
	}
	return true
}
