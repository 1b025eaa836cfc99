package cpu

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/channelnorm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.BatchNorm, n *ir.Node, _ *Program) kernel {
		if !allFloat32(n) || len(n.Input(0).Type.Dims) < 2 {
			return nil
		}
		return &batchNorm{o.Epsilon}
	})
	lowerBy(func(o *op.GroupNorm, n *ir.Node, _ *Program) kernel {
		if !allFloat32(n) {
			return nil
		}
		return &groupNorm{o}
	})
	lowerBy(func(o *op.LRN, n *ir.Node, _ *Program) kernel {
		if !allFloat32(n) {
			return nil
		}
		return &lrn{o}
	})
}

// allFloat32 reports whether all inputs are of f32 and the first is of known rank.
func allFloat32(n *ir.Node) bool {
	for _, v := range n.In() {
		if v == nil || v.Type.Elem != tensor.Float32 {
			return false
		}
	}
	return n.Input(0).Type.Ranked
}

func (x *exec) channelNorms() *channelnorm.Ctx {
	if x.norms == nil {
		x.norms = channelnorm.NewCtx(x.pool)
	}
	return x.norms
}

// channelArgs sees data as [batch, channels, size].
func channelArgs(in, out *tensor.Tensor) channelnorm.Args {
	a := channelnorm.Args{Batch: in.Dim(0), Channels: in.Dim(1), X: tensor.Data[float32](in), Y: tensor.Data[float32](out), Size: 1}
	for _, d := range in.Shape()[2:] {
		a.Size *= d
	}
	return a
}

// batchNorm normalises by statistics at hand, which make a factor and a summand a channel.
type batchNorm struct{ epsilon float32 }

func (k *batchNorm) run(x *exec, in, out []*tensor.Tensor) error {
	a := channelArgs(in[0], out[0])
	var p [4][]float32
	for i := range p {
		p[i] = tensor.Data[float32](in[i+1])
	}
	both := x.floats(2 * a.Channels)
	a.Scale, a.Bias = both[:a.Channels], both[a.Channels:]
	for c := range a.Scale {
		factor := float64(p[0][c]) / math.Sqrt(float64(p[3][c])+float64(k.epsilon))
		a.Scale[c], a.Bias[c] = float32(factor), float32(float64(p[1][c])-float64(p[2][c])*factor)
	}
	channelnorm.Affine(x.channelNorms(), a)
	return nil
}

// groupNorm normalises groups of channels by their own statistics.
type groupNorm struct{ *op.GroupNorm }

func (k *groupNorm) run(x *exec, in, out []*tensor.Tensor) error {
	a := channelArgs(in[0], out[0])
	a.Scale, a.Bias, a.Epsilon = tensor.Data[float32](in[1]), tensor.Data[float32](in[2]), k.Epsilon
	groups := k.Groups
	if groups == 0 {
		groups = a.Channels
	}
	channelnorm.Group(x.channelNorms(), a, groups)
	return nil
}

// lrn is local response normalisation.
type lrn struct{ *op.LRN }

func (k *lrn) run(x *exec, in, out []*tensor.Tensor) error {
	o := channelnorm.LRN{Before: (k.Size - 1) / 2, After: k.Size / 2, Factor: k.Alpha / float32(k.Size), Bias: k.LRN.Bias, Beta: k.Beta}
	channelnorm.Local(x.channelNorms(), channelArgs(in[0], out[0]), o)
	return nil
}
