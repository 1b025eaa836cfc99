package gocompile

import (
	"context"
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

const mostMoments = 1 << 13 // numbers of a row of which moments are taken, as they are a matrix of that size

// Moments runs the model on sets of inputs, in the model's order, and returns the second moments of what each constant matrix is multiplied by, by its
// name, for [passes.WeightOptions] of another model of the same file. Matrices without a name,
// very deep ones, and those whose left operand is an input or is transposed, have none.
func (m *Model) Moments(ctx context.Context, sets [][]tensor.Value) (func(name string) *passes.Moments, error) {
	from := map[*ir.Node][]string{} // whose result matrices are multiplied by
	for n := range m.Graph().Nodes() {
		o, ok := n.Op.(*op.MatMul)
		if !ok || o.TransA {
			continue
		}
		x, w := n.Input(0), n.Input(1)
		if d := x.Def(); d != nil && d.Out()[0] == x && x.Type.Elem == tensor.Float32 && w.Const != nil && w.Const.Rank() == 2 && w.Name != "" && depthOf(o, w.Const) <= mostMoments {
			from[d] = append(from[d], w.Name)
		}
	}
	all := map[string]*passes.Moments{}
	shared := map[*ir.Node]*passes.Moments{}
	for _, in := range sets {
		nodes, values, err := m.Trace(ctx, in, func(n *ir.Node) bool { return from[n] != nil })
		if err != nil {
			return nil, fmt.Errorf("calibration: %w", err)
		}
		for i, n := range nodes {
			x := values[i].(*tensor.Tensor)
			if shared[n] == nil {
				shared[n] = passes.NewMoments(x.Dim(x.Rank() - 1))
				for _, name := range from[n] {
					all[name] = shared[n]
				}
			}
			shared[n].Add(x)
		}
	}
	return func(name string) *passes.Moments { return all[name] }, nil
}

// depthOf is the length of the sums of a product with a matrix.
func depthOf(o *op.MatMul, w *tensor.Tensor) int {
	if o.TransB {
		return w.Dim(1)
	}
	return w.Dim(0)
}
