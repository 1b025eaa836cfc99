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
	lowerBy(func(o *op.ConstantOfShape, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		value := make([]byte, elementSize(n.Out()[0].Type.Elem))
		if o.Value != nil {
			copy(value, o.Value.Bytes())
		}
		return kernelFunc(func(_ *exec, _, out []*tensor.Tensor) error {
			move.Fill(out[0].Bytes(), value)
			return nil
		})
	})
	lowerBy(func(_ *op.Range, n *ir.Node, _ *Program) kernel {
		switch n.Out()[0].Type.Elem {
		case tensor.Int64:
			return kernelFunc(countUp[int64])
		case tensor.Int32:
			return kernelFunc(countUp[int32])
		}
		return nil
	})
	lowerBy(func(o *op.Pad, n *ir.Node, _ *Program) kernel {
		if !plain(n) || o.Mode != "constant" {
			return nil
		}
		return bind(n, bindPad, 1, 3)
	})
}

// countUp fills the result with numbers at equal distances.
func countUp[T int32 | int64](_ *exec, in, out []*tensor.Tensor) error {
	if in[0].Len() != 1 || in[1].Len() != 1 || in[2].Len() != 1 {
		return fmt.Errorf("start, limit and delta must be scalars, got shapes %v, %v, %v", in[0].Shape(), in[1].Shape(), in[2].Shape())
	}
	start, limit, step := in[0].Int64(0), in[1].Int64(0), in[2].Int64(0)
	y := tensor.Data[T](out[0])
	n, ok := rangeLen(start, limit, step)
	if !ok || n != int64(len(y)) {
		return fmt.Errorf("a range from %d to %d in steps of %d does not have %d elements", start, limit, step, len(y))
	}
	for i := range y {
		y[i] = T(start + int64(i)*step)
	}
	return nil
}

// rangeLen is how many numbers there are from start up to limit; false if that is not known to fit.
func rangeLen(start, limit, step int64) (int64, bool) {
	const far = 1 << 61
	if step == 0 || start < -far || start > far || limit < -far || limit > far || step < -far || step > far {
		return 0, false
	}
	span := limit - start
	if step < 0 {
		span, step = -span, -step
	}
	return max(0, (span+step-1)/step), true
}

func bindPad(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
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
