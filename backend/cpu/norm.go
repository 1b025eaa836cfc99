package cpu

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/rows"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.LayerNorm, n *ir.Node, _ *Program) kernel {
		return lowerNorm(n, o.Axis, o.Epsilon, o.Stash, false)
	})
	lowerBy(func(o *op.RMSNorm, n *ir.Node, _ *Program) kernel {
		return lowerNorm(n, o.Axis, o.Epsilon, o.Stash, true)
	})
}

// lowerNorm takes norms of float32 whose scale and bias are vectors of the normalised axes, if more than their statistics are wanted.
func lowerNorm(n *ir.Node, axis int, epsilon float32, stash tensor.DType, rms bool) kernel {
	x := n.Input(0).Type
	if !ranked(n) || !n.Out()[0].Used() || stash != tensor.Invalid && stash != tensor.Float32 {
		return nil
	}
	first := axisOf(axis, len(x.Dims))
	for i, v := range n.In() {
		if v == nil {
			continue
		}
		d := v.Type.Dims
		if v.Type.Elem != tensor.Float32 || i > 0 && len(d) > len(x.Dims)-first {
			return nil
		}
	}
	return &norm{first: first, epsilon: epsilon, rms: rms}
}

// norm normalises all axes from the first on.
type norm struct {
	first   int
	epsilon float32
	rms     bool
}

func (k *norm) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(k, x, in, out) }

func (k *norm) bind(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
	b, err := k.of(in[0].Shape(), operand(in, 1), operand(in, 2))
	if err != nil {
		return nil, err
	}
	b.body = b.part
	return b, nil
}

// of is the norm of an input of some shape.
func (k *norm) of(shape []int, scale, bias *tensor.Tensor) (*boundNorm, error) {
	b := &boundNorm{norm: k}
	b.count, b.rows.N, _ = around(shape, k.first, len(shape))
	b.rows.Epsilon = k.epsilon
	for i, t := range []*tensor.Tensor{1: scale, 2: bias} {
		if t == nil || t.Len() == b.rows.N {
			continue
		}
		steps, err := broadcast(t.Shape(), shape[k.first:])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", [...]string{1: "scale", 2: "bias"}[i], err)
		}
		b.spread[i], b.steps[i], b.shape = make([]float32, b.rows.N), steps, shape[k.first:]
	}
	return b, nil
}

// boundNorm normalises rows.
type boundNorm struct {
	*norm
	count    int
	rows     rows.Norm
	spread   [3][]float32 // scale and bias that have to be repeated along the normalised axes
	steps    [3][]int
	shape    []int
	dst, src []float32
	body     func(lo, hi int)
}

func (k *boundNorm) run(x *exec, in, out []*tensor.Tensor) error {
	k.begin(f32(in[0]), operand(in, 1), operand(in, 2), out)
	x.divide(k.count, float64(k.rows.N)*normCost, k.body)
	return nil
}

// begin sets the operands. Without elements in a row there is nothing left to do but for them.
func (k *boundNorm) begin(src []float32, scale, bias *tensor.Tensor, out []*tensor.Tensor) {
	k.dst, k.src = f32(out[0]), src
	k.rows.Scale, k.rows.Bias, k.rows.Mean, k.rows.InvStd = k.vector(scale, 1), k.vector(bias, 2), nil, nil
	statistics := []*[]float32{1: &k.rows.Mean, 2: &k.rows.InvStd}
	if k.rms {
		statistics = []*[]float32{1: &k.rows.InvStd}
	}
	for i := 1; i < len(statistics); i++ {
		if out[i] != nil {
			*statistics[i] = f32(out[i])
		}
	}
	if k.rows.N == 0 {
		vec.Fill(k.rows.Mean, float32(math.NaN()))
		vec.Fill(k.rows.InvStd, float32(math.NaN()))
		k.count = 0
	}
}

// normCost is the time that a number of a norm takes, in nanoseconds.
const normCost = 0.4

// vector is the scale or the bias.
func (k *boundNorm) vector(t *tensor.Tensor, i int) []float32 {
	switch {
	case t == nil:
		return nil
	case k.spread[i] == nil:
		return f32(t)
	}
	for j := range k.spread[i] {
		at, rest := 0, j
		for axis := len(k.shape) - 1; axis >= 0; axis-- {
			at += rest % k.shape[axis] * k.steps[i][axis]
			rest /= k.shape[axis]
		}
		k.spread[i][j] = f32(t)[at]
	}
	return k.spread[i]
}

// part normalises rows [lo, hi).
func (k *boundNorm) part(lo, hi int) {
	o, n := k.rows, k.rows.N
	if o.Mean != nil {
		o.Mean = o.Mean[lo:hi]
	}
	if o.InvStd != nil {
		o.InvStd = o.InvStd[lo:hi]
	}
	if k.rms {
		o.RMSNorm(k.dst[lo*n:hi*n], k.src[lo*n:hi*n])
	} else {
		o.LayerNorm(k.dst[lo*n:hi*n], k.src[lo*n:hi*n])
	}
}
