package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Pad, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindPad(o, in, out) }, 1, 3)
	})
}

// bindPad prepares a pad of any mode.
func bindPad(o *op.Pad, in, out []*tensor.Tensor) (kernel, error) {
	rank := in[0].Rank()
	pads := tensor.Int64s(in[1])
	axes := make([]int64, 0, rank)
	if len(in) > 3 && in[3] != nil {
		axes = append(axes, tensor.Int64s(in[3])...)
	} else {
		for i := range rank {
			axes = append(axes, int64(i))
		}
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	before, after := make([]int, rank), make([]int, rank)
	for i, a := range axes {
		if a < -int64(rank) || a >= int64(rank) {
			return nil, fmt.Errorf("axis %d is out of range for rank %d", a, rank)
		}
		axis := axisOf(int(a), rank)
		before[axis], after[axis] = bounded(pads[i]), bounded(pads[i+len(axes)])
	}
	for i, d := range in[0].Shape() {
		if d+before[i]+after[i] != out[0].Dim(i) {
			return nil, fmt.Errorf("shape %v padded by %v and %v is not %v", in[0].Shape(), before, after, out[0].Shape())
		}
	}
	if o.Mode != "constant" {
		return newBorder(o, in[0], out[0], before, after), nil
	}
	k := &pad{plan: move.NewPad(in[0].Shape(), before, after), value: make([]byte, elementSize(in[0].DType()))}
	if shape := k.plan.Shape(); rank > 0 && !slices.Equal(shape, out[0].Shape()) {
		return nil, fmt.Errorf("shape %v padded is %v", in[0].Shape(), shape)
	}
	k.first = k.plan.Shape()[0]
	k.body = func(lo, hi int) { k.plan.Run(k.dst, k.src, k.value, lo, hi) }
	return k, nil
}

// pad surrounds its first input by the third, or zeros.
type pad struct {
	plan            *move.Pad
	first           int
	dst, src, value []byte
	body            func(lo, hi int)
}

func (k *pad) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	clear(k.value)
	if len(in) > 2 && in[2] != nil && in[2].Len() > 0 {
		copy(k.value, in[2].Bytes())
	}
	if len(k.dst) > 0 {
		x.divide(k.first, float64(len(k.dst)/k.first)*byteCost, k.body)
	}
	return nil
}

// border surrounds its first input by elements of its own.
type border struct {
	plan     *move.Border
	size     int
	dst, src []byte
	body     func(lo, hi int)
}

func newBorder(o *op.Pad, x, y *tensor.Tensor, before, after []int) kernel {
	if x.Len() == 0 {
		return kernelFunc(func(_ *exec, _, out []*tensor.Tensor) error {
			clear(out[0].Bytes())
			return nil
		})
	}
	k := &border{plan: move.NewBorder(x.Shape(), before, after, o.Source), size: elementSize(y.DType())}
	k.body = func(lo, hi int) { k.plan.Run(k.dst, k.src, k.size, lo, hi) }
	return k
}

func (k *border) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	if len(k.dst) > 0 {
		first := k.plan.Shape()[0]
		x.divide(first, float64(len(k.dst)/first)*byteCost, k.body)
	}
	return nil
}
