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
	return binder(func(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
		k := &norm{rms: rms}
		k.count, k.rows.N, _ = around(in[0].Shape(), first, in[0].Rank())
		k.rows.Epsilon = epsilon
		for i, name := range []string{1: "scale", 2: "bias"} {
			t := operand(in, i)
			if i == 0 || t == nil || t.Len() == k.rows.N {
				continue
			}
			steps, err := broadcast(t.Shape(), in[0].Shape()[first:])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			k.spread[i], k.steps[i], k.shape = make([]float32, k.rows.N), steps, in[0].Shape()[first:]
		}
		k.body = k.part
		return k, nil
	})
}

// norm normalises rows.
type norm struct {
	rms      bool
	count    int
	rows     rows.Norm
	spread   [3][]float32 // scale and bias that have to be repeated along the normalised axes
	steps    [3][]int
	shape    []int
	dst, src []float32
	body     func(lo, hi int)
}

func (k *norm) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = f32(out[0]), f32(in[0])
	k.rows.Scale, k.rows.Bias, k.rows.Mean, k.rows.InvStd = k.vector(in, 1), k.vector(in, 2), nil, nil
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
		return nil
	}
	x.divide(k.count, float64(k.rows.N)*normCost, k.body)
	return nil
}

// normCost is the time that a number of a norm takes, in nanoseconds.
const normCost = 0.4

// vector is the scale or the bias.
func (k *norm) vector(in []*tensor.Tensor, i int) []float32 {
	t := operand(in, i)
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

func (k *norm) part(lo, hi int) {
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
