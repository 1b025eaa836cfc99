package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// scale moves products with scalars behind operators that only move or turn elements and behind products of two computed matrices, where they
// meet and become one.
func scale(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		for i := range scalable(n) {
			v := n.Input(i)
			m := binaryOf(v, op.Mul)
			x, k, ok := withScalar(m)
			if !ok || !single(v) || !isFloat32(v) || !r.rewrite() {
				continue
			}
			in := append([]*ir.Value{}, n.In()...)
			in[i] = x
			moved, err := g.InsertBefore(n, n.Op, in...)
			if err != nil {
				return err
			}
			moved.Name = n.Name
			moved.Out()[0].Learn(n.Out()[0].Fact)
			c, err := constantLike(g, n, x, k)
			if err != nil {
				return err
			}
			if err := replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, moved.Out()[0], c); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// scalable is the number of operands behind which a scalar factor of them may be moved.
func scalable(n *ir.Node) int {
	switch n.Op.(type) {
	case *op.Reshape:
		if mergedFrom(n.Out()[0]) != nil {
			return 0 // it is moved behind products itself
		}
		return 1
	case *op.Transpose, *op.Expand, *op.Rotary:
		return 1
	case *op.MatMul:
		if n.Input(0).Const == nil && n.Input(1).Const == nil {
			return 2
		}
	}
	return 0
}
