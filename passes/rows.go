package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// rowwise moves reshapes that merge leading axes behind operators that work row by row: elementwise functions, products with a weight, norms. There
// they meet the reshapes that split the axes again.
func rowwise(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if !n.Out()[0].Used() || len(n.In()) == 0 {
			continue
		}
		at, x := mergedOperand(n)
		if x == nil || !worksByRows(n, at, x) || slices.ContainsFunc(n.Out()[0].Type.Dims, sym.Expr.HasFresh) || !r.rewrite() {
			continue
		}
		in := slices.Clone(n.In())
		for i := range in {
			if merged := mergedFrom(in[i]); merged != nil {
				in[i] = merged
			}
		}
		m, err := g.InsertBefore(n, n.Op, in...)
		if err != nil {
			return err
		}
		m.Name = n.Name
		y := n.Out()[0]
		v, err := reshapeBefore(g, n, m.Out()[0], y.Type.Dims...)
		if err != nil {
			return err
		}
		g.ReplaceUses(y, v)
		removeIfUnused(g, n)
	}
	return nil
}

// mergedFrom is the x of which v is a reshape that merges leading axes and keeps the last one; nil if it is none.
func mergedFrom(v *ir.Value) *ir.Value {
	n, _ := nodeOf[*op.Reshape](v)
	if n == nil {
		return nil
	}
	x, y := n.Input(0).Type, v.Type
	if !x.Ranked || !y.Ranked || len(y.Dims) < 1 || len(x.Dims) <= len(y.Dims) || len(y.Dims) != 2 {
		return nil
	}
	if !x.Dims[len(x.Dims)-1].Equal(y.Dims[1]) || slices.ContainsFunc(x.Dims, sym.Expr.HasFresh) {
		return nil
	}
	return n.Input(0)
}

// mergedOperand is the first operand of n that was merged.
func mergedOperand(n *ir.Node) (int, *ir.Value) {
	for i, v := range n.In() {
		if x := mergedFrom(v); x != nil {
			return i, x
		}
	}
	return 0, nil
}

// worksByRows reports whether n may be applied to x, of which operand at is a merged form, row by row.
func worksByRows(n *ir.Node, at int, x *ir.Value) bool {
	last := x.Type.Dims[len(x.Type.Dims)-1]
	switch o := n.Op.(type) {
	case *op.Unary, *op.Cast:
		return true
	case *op.Binary:
		other := n.Input(1 - at)
		if y := mergedFrom(other); y != nil {
			return y.Type.WithElem(x.Type.Elem).Equal(x.Type) && n.Input(at).Type.WithElem(other.Type.Elem).Equal(other.Type)
		}
		d := other.Type.Dims
		return other.Type.Ranked && n.Out()[0].Type.WithElem(x.Type.Elem).Equal(n.Input(at).Type) &&
			(len(d) == 0 || len(d) == 1 && (d[0].Equal(last) || isUnit(d[0])) || len(d) == 2 && isUnit(d[0]))
	case *op.MatMul:
		w := n.Input(1).Type
		return at == 0 && !o.TransA && w.Ranked && len(w.Dims) == 2 && mergedFrom(n.Input(1)) == nil
	case *op.LayerNorm, *op.RMSNorm:
		for _, v := range n.Out()[1:] {
			if v.Used() {
				return false
			}
		}
		axis := 0
		switch o := n.Op.(type) {
		case *op.LayerNorm:
			axis = o.Axis
		case *op.RMSNorm:
			axis = o.Axis
		}
		return at == 0 && axis == -1
	}
	return false
}
