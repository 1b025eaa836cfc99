package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// tiles spells the repetition of axes of length 1 as Expand.
func tiles(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if _, ok := n.Op.(*op.Tile); !ok {
			continue
		}
		times := symbols(n.Input(1))
		x, y := n.Input(0).Type, n.Out()[0].Type
		if !x.Ranked || !y.Ranked || len(times) != len(x.Dims) || slices.ContainsFunc(y.Dims, sym.Expr.HasFresh) {
			continue
		}
		units := true
		for i, k := range times {
			units = units && (isUnit(k) || isUnit(x.Dims[i]) && k.AtLeast(1))
		}
		if !units || !r.rewrite() {
			continue
		}
		shape, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(y.Dims)}, Exprs: y.Dims})
		if err != nil {
			return err
		}
		if err := replaceAndDrop(g, n, &op.Expand{}, n.Input(0), shape.Out()[0]); err != nil {
			return err
		}
	}
	return nil
}
