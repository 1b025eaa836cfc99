package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// splits moves reshapes that split the first axis in two before what works on each element of that axis alone: elementwise functions, softmax over
// another axis, products of batches of matrices. There they meet the reshapes that merged the axes.
func splits(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		for todo := []*ir.Node{n}; len(todo) > 0; {
			last := len(todo) - 1
			moved, err := splitBefore(r, g, todo[last])
			if err != nil {
				return err
			}
			todo = append(todo[:last], moved...)
		}
	}
	return nil
}

// splitBefore moves n before the node whose result it splits, if that works, and returns what it is there.
func splitBefore(r *run, g *ir.Graph, n *ir.Node) (moved []*ir.Node, err error) {
	if _, ok := n.Op.(*op.Reshape); !ok || !n.Out()[0].Used() {
		return nil, nil
	}
	v := n.Input(0)
	d := defOf(v)
	if d == nil || !single(v) || len(d.Out()) != 1 || !splitsFirst(v.Type, n.Out()[0].Type) || !worksByBatch(d) || !r.rewrite() {
		return nil, nil
	}
	y := n.Out()[0]
	in := slices.Clone(d.In())
	for i, x := range in {
		dims, split := splitDims(x.Type.Dims, len(v.Type.Dims), y.Type.Dims[:2])
		if !split {
			continue
		}
		if k := slices.Index(d.In(), x); k < i {
			in[i] = in[k]
			continue
		}
		if in[i], err = reshapeBefore(g, n, x, dims...); err != nil {
			return nil, err
		}
		moved = append(moved, in[i].Def())
	}
	o := d.Op
	if s, ok := o.(*op.Softmax); ok && s.Axis > 0 {
		o = &op.Softmax{Axis: s.Axis + 1, Log: s.Log}
	}
	if err := replaceAndDrop(g, n, o, in...); err != nil {
		return nil, err
	}
	removeIfUnused(g, d)
	return moved, nil
}

// splitsFirst reports whether a reshape splits the first axis in two and keeps the others.
func splitsFirst(from, to ir.Type) bool {
	if !from.Ranked || !to.Ranked || len(from.Dims) < 3 || len(to.Dims) != len(from.Dims)+1 {
		return false
	}
	if slices.ContainsFunc(to.Dims, sym.Expr.HasFresh) || !to.Dims[0].Mul(to.Dims[1]).Equal(from.Dims[0]) {
		return false
	}
	for i, d := range from.Dims[1:] {
		if !to.Dims[i+2].Equal(d) {
			return false
		}
	}
	return true
}

// worksByBatch reports whether d treats the elements of the first axis of its result each for itself, from operands that have that axis too or
// broadcast along it.
func worksByBatch(d *ir.Node) bool {
	y := d.Out()[0].Type
	for _, x := range d.In() {
		if x == nil || !x.Type.Ranked {
			return false
		}
		if n := len(x.Type.Dims); n > len(y.Dims) || n == len(y.Dims) && !isUnit(x.Type.Dims[0]) && !x.Type.Dims[0].Equal(y.Dims[0]) {
			return false
		}
	}
	switch o := d.Op.(type) {
	case *op.Unary, *op.Binary, *op.Where, *op.Cast:
		return true
	case *op.Softmax:
		return o.Axis == -1 || o.Axis > 0
	case *op.MatMul:
		return len(y.Dims) == 3 && len(d.Input(0).Type.Dims) == 3 && len(d.Input(1).Type.Dims) == 3
	}
	return false
}

// splitDims are the dimensions of an operand after its first axis was split; false where it does not have that axis.
func splitDims(dims []sym.Expr, rank int, first []sym.Expr) ([]sym.Expr, bool) {
	switch {
	case len(dims) < rank:
		return nil, false
	case isUnit(dims[0]):
		return append([]sym.Expr{sym.Const(1)}, dims...), true
	}
	return append(slices.Clone(first), dims[1:]...), true
}
