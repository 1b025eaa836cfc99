package cpu

import (
	"fmt"

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
