package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// batchNorms spells batch normalisation with constant statistics as a factor and a summand of each channel, which are computed in float64.
func batchNorms(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.BatchNorm)
		if !ok || !n.Out()[0].Used() {
			continue
		}
		factor, summand := batchNormConstants(o, n)
		if factor == nil || !r.rewrite() {
			continue
		}
		b := &builder{g: g, at: n}
		y := b.add(&op.Binary{Fn: op.Mul}, n.Input(0), b.constant(factor, ""))
		y = b.add(&op.Binary{Fn: op.Add}, y, b.constant(summand, ""))
		if b.err != nil {
			return b.err
		}
		g.ReplaceUses(n.Out()[0], y)
		ir.Credit(y.Def(), n)
		removeIfUnused(g, n)
	}
	return nil
}

// batchNormConstants are what the channels are multiplied by, and what is added, in the shape `[C, 1…]` in which they broadcast; nil if they are not constant,
// or not finite.
func batchNormConstants(o *op.BatchNorm, n *ir.Node) (factor, summand *tensor.Tensor) {
	x := n.Input(0).Type
	if x.Elem != tensor.Float32 || !x.Ranked || len(x.Dims) < 2 {
		return nil, nil
	}
	var c [4][]float64 // scale, bias, mean, variance
	for i := range c {
		k := n.Input(1 + i).Const
		if k == nil {
			return nil, nil
		}
		c[i] = tensor.Float64s(k)
	}
	shape := slices.Repeat([]int{1}, len(x.Dims)-1)
	shape[0] = len(c[0])
	factor, summand = tensor.New(tensor.Float32, shape...), tensor.New(tensor.Float32, shape...)
	a, b := tensor.Data[float32](factor), tensor.Data[float32](summand)
	for i := range a {
		f := c[0][i] / math.Sqrt(c[3][i]+float64(o.Epsilon))
		a[i], b[i] = float32(f), float32(c[1][i]-c[2][i]*f)
	}
	if slices.ContainsFunc(a, notFinite) || slices.ContainsFunc(b, notFinite) {
		return nil, nil
	}
	return factor, summand
}
