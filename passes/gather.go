package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// gathers replaces gathers whose indices are the positions of the elements themselves by a change of shape. Exporters that vectorise a function of
// positions write masks so.
func gathers(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		var dims []sym.Expr
		switch o := n.Op.(type) {
		case *op.Gather:
			dims = gatheredInOrder(n, o.Axis)
		case *op.GatherND:
			if o.BatchDims == 0 {
				dims = gatheredByAxes(n)
			}
		}
		if dims == nil {
			continue
		}
		for _, d := range dims {
			if d.HasFresh() {
				dims = nil
			}
		}
		if dims == nil || !r.rewrite() {
			continue
		}
		shape, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(dims)}, Exprs: dims})
		if err != nil {
			return err
		}
		x, err := firstPart(g, n, dims)
		if err != nil {
			return err
		}
		y := n.Out()[0]
		if y.Type.Equal(x.Type.WithDims(dims...)) {
			if err := replaceAndDrop(g, n, &op.Reshape{AllowZero: true}, x, shape.Out()[0]); err != nil {
				return err
			}
			continue
		}
		flat, err := g.InsertBefore(n, &op.Reshape{AllowZero: true}, x, shape.Out()[0])
		if err != nil {
			return err
		}
		wide, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(y.Type.Dims)}, Exprs: y.Type.Dims})
		if err != nil {
			return err
		}
		if err := replaceAndDrop(g, n, &op.Expand{}, flat.Out()[0], wide.Out()[0]); err != nil {
			return err
		}
	}
	return nil
}

// gatheredInOrder is the shape of a Gather that takes all slices along an axis in their order, nil if it does anything else.
func gatheredInOrder(n *ir.Node, axis int) []sym.Expr {
	x, idx := n.Input(0).Type, n.Input(1).Type
	a, ok := affineOf(n.Input(1))
	if !ok || !x.Ranked {
		return nil
	}
	if axis < 0 {
		axis += len(x.Dims)
	}
	count := sym.Const(1)
	for k := len(idx.Dims) - 1; k >= 0; k-- { // indices count in row-major order
		if !isUnit(idx.Dims[k]) && !a.coef[k].Equal(count) {
			return nil
		}
		count = count.Mul(idx.Dims[k])
	}
	if c, ok := a.offset.IsConst(); !ok || c != 0 || axis < 0 || axis >= len(x.Dims) || !x.Dims[axis].Equal(count) {
		return nil
	}
	dims := append([]sym.Expr{}, x.Dims[:axis]...)
	dims = append(dims, idx.Dims...)
	return append(dims, x.Dims[axis+1:]...)
}

// gatheredByAxes is the shape, with 1 for axes along which everything repeats, of a GatherND whose index vectors hold the index itself along
// some axes, in order.
func gatheredByAxes(n *ir.Node) []sym.Expr {
	x, idx := n.Input(0).Type, n.Input(1).Type
	c, o := nodeOf[*op.Concat](n.Input(1))
	if c == nil || !x.Ranked || !idx.Ranked || o.Axis != -1 && o.Axis != len(idx.Dims)-1 || len(c.In()) > len(x.Dims) {
		return nil
	}
	last := len(idx.Dims) - 1
	dims := make([]sym.Expr, last)
	for i := range dims {
		dims[i] = sym.Const(1)
	}
	at := 0
	for k, part := range c.In() {
		a, ok := affineOf(part)
		if !ok || !isUnit(part.Type.Dims[last]) {
			return nil
		}
		for at < last && (isUnit(idx.Dims[at]) || !a.isIndexOf(at)) {
			at++
		}
		switch {
		case at < last && a.isIndexOf(at) && !isUnit(idx.Dims[at]): // of an axis that is no shorter
			dims[at] = idx.Dims[at]
			at++
		case isUnit(x.Dims[k]) && a.isUniform():
			if n, ok := a.offset.IsConst(); !ok || n != 0 {
				return nil
			}
		default:
			return nil
		}
	}
	return append(dims, x.Dims[len(c.In()):]...)
}

// firstPart is the input of n, or the part of it that a GatherND of fewer indices than an axis has elements takes.
func firstPart(g *ir.Graph, n *ir.Node, dims []sym.Expr) (*ir.Value, error) {
	x := n.Input(0)
	if _, ok := n.Op.(*op.GatherND); !ok {
		return x, nil
	}
	at := 0
	for k, d := range x.Type.Dims {
		if isUnit(d) {
			continue
		}
		for at < len(dims) && isUnit(dims[at]) {
			at++
		}
		if at == len(dims) {
			break
		}
		if want := dims[at]; !want.Equal(d) {
			start, end, axis := tensor.Must([]int64{0}, 1), &ir.Dims{Elem: tensor.Int64, Shape: []int{1}, Exprs: []sym.Expr{want}}, tensor.Must([]int64{int64(k)}, 1)
			in := []*ir.Value{x, insert(g, n, &ir.Const{Value: start}), insert(g, n, end), insert(g, n, &ir.Const{Value: axis})}
			part, err := g.InsertBefore(n, &op.Slice{}, in...)
			if err != nil {
				return nil, err
			}
			x = part.Out()[0]
		}
		at++
	}
	return x, nil
}
