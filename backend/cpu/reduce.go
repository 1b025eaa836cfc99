package cpu

import (
	"fmt"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/kernel/rows"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

var reductions = map[op.ReduceFn]rows.Reduction{
	op.ReduceSum: rows.Sum, op.ReduceMean: rows.Mean, op.ReduceMax: rows.Max, op.ReduceMin: rows.Min, op.ReduceProd: rows.Prod,
	op.ReduceSumSquare: rows.SumSquare, op.ReduceL1: rows.L1, op.ReduceL2: rows.L2, op.ReduceLogSum: rows.LogSum, op.ReduceLogSumExp: rows.LogSumExp,
}

func init() {
	lowerBy(func(o *op.Reduce, n *ir.Node, _ *Program) kernel {
		if !plain(n) || n.Input(0).Type.Elem != tensor.Float32 {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindReduce(o, in, out) }, 1)
	})
	lowerBy(func(o *op.Arg, n *ir.Node, _ *Program) kernel {
		if !plain(n) || n.Input(0).Type.Elem != tensor.Float32 {
			return nil
		}
		return kernelFunc(func(_ *exec, in, out []*tensor.Tensor) error {
			if in[0].Rank() == 0 {
				return fmt.Errorf("a scalar has no axis %d", o.Axis)
			}
			axis := axisOf(o.Axis, in[0].Rank())
			outer, dim, inner := around(in[0].Shape(), axis, axis+1)
			if outer*inner != out[0].Len() || dim == 0 && outer*inner > 0 {
				return fmt.Errorf("axis %d of shape %v has no elements", axis, in[0].Shape())
			}
			if outer*inner == 0 {
				return nil
			}
			f := rows.ArgMax
			if o.Min {
				f = rows.ArgMin
			}
			f(tensor.Data[int64](out[0]), f32(in[0]), dim, inner, o.Last)
			return nil
		})
	})
}

// bindReduce finds the axes: as [outer, n, inner] where those to reduce lie side by side, else moved to the end first.
func bindReduce(o *op.Reduce, in, out []*tensor.Tensor) (kernel, error) {
	shape := in[0].Shape()
	reduced := make([]bool, len(shape))
	var axes []int64
	if len(in) > 1 && in[1] != nil {
		axes = tensor.Int64s(in[1])
	}
	for _, a := range axes {
		if a < -int64(len(shape)) || a >= int64(len(shape)) {
			return nil, fmt.Errorf("axis %d is out of range for rank %d", a, len(shape))
		}
		reduced[axisOf(int(a), len(shape))] = true
	}
	if len(axes) == 0 {
		for i := range reduced {
			reduced[i] = !o.NoopWithEmptyAxes
		}
	}
	first, last, kept, n := len(shape), 0, 1, 1
	var perm, moved []int
	for i, d := range shape {
		if reduced[i] {
			first, last = min(first, i), i+1
			n *= d
			moved = append(moved, i)
		} else {
			kept *= d
			perm = append(perm, i)
		}
	}
	if kept != out[0].Len() {
		return nil, fmt.Errorf("shape %v does not reduce to %v", shape, out[0].Shape())
	}
	if len(moved) == 0 {
		first, last = len(shape), len(shape)
	}
	k := &reduce{fn: reductions[o.Fn]}
	k.outer, k.n, k.inner = around(shape, first, last)
	for i := first; i < last; i++ {
		if !reduced[i] && shape[i] != 1 {
			k.turn = move.NewTranspose(shape, append(perm, moved...))
			k.outer, k.n, k.inner = kept, n, 1
			break
		}
	}
	k.body = k.rows
	return k, nil
}

type reduce struct {
	fn              rows.Reduction
	outer, n, inner int
	turn            *move.View
	dst, src        []float32
	body            func(lo, hi int)
}

func (k *reduce) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = f32(out[0]), f32(in[0])
	if len(k.dst) == 0 {
		return nil
	}
	if k.turn != nil {
		turned := x.floats(len(k.src))
		k.turn.Run(floatBytes(turned), floatBytes(k.src), 4, 0, k.turn.Rows())
		k.src = turned
	}
	x.divide(k.outer, float64(k.n*k.inner)*0.3+2, k.body)
	return nil
}

func (k *reduce) rows(lo, hi int) {
	rows.Reduce(k.fn, k.dst[lo*k.inner:hi*k.inner], k.src[lo*k.n*k.inner:hi*k.n*k.inner], k.n, k.inner)
}

// floatBytes is the memory of numbers.
func floatBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
