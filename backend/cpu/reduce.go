package cpu

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/each"
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
		if !plain(n) {
			return nil
		}
		part := reducePart(o.Fn, n.Input(0).Type.Elem)
		if part == nil {
			return nil
		}
		k := bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			k := &reduce{op: o, size: elementSize(in[0].DType())}
			k.body = func(lo, hi int) { part(k, lo, hi) }
			return k, k.fit(in, out)
		}, 1)
		k.once = true
		return k
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

// reduce sees its operand as [outer, n, inner], where the axes to reduce lie side by side; else they are moved to the end first.
type reduce struct {
	op              *op.Reduce
	size            int   // of an element
	shape           []int // of the operand that the rest is for
	outer, n, inner int
	turn            *move.View
	dst, src        []byte
	body            func(lo, hi int)
}

// fit finds the axes for the shape of the operand.
func (k *reduce) fit(in, out []*tensor.Tensor) error {
	k.shape = append(k.shape[:0], in[0].Shape()...)
	shape := k.shape
	var reduced uint64 // by axis
	if len(shape) > 64 {
		return fmt.Errorf("rank %d is too high", len(shape))
	}
	count := 0
	if len(in) > 1 && in[1] != nil {
		count = in[1].Len()
	}
	for i := range count {
		a := in[1].Int64(i)
		if a < -int64(len(shape)) || a >= int64(len(shape)) {
			return fmt.Errorf("axis %d is out of range for rank %d", a, len(shape))
		}
		reduced |= 1 << axisOf(int(a), len(shape))
	}
	if count == 0 && !k.op.NoopWithEmptyAxes {
		reduced = math.MaxUint64
	}
	is := func(i int) bool { return reduced>>i&1 == 1 }
	first, last, kept, n := len(shape), 0, 1, 1
	for i, d := range shape {
		if is(i) {
			first, last = min(first, i), i+1
			n *= d
		} else {
			kept *= d
		}
	}
	if kept != out[0].Len() {
		return fmt.Errorf("shape %v does not reduce to %v", shape, out[0].Shape())
	}
	if last == 0 {
		first, last = len(shape), len(shape)
	}
	k.outer, k.n, k.inner = around(shape, first, last)
	k.turn = nil
	for i := first; i < last; i++ {
		if !is(i) && shape[i] != 1 {
			var perm, moved []int
			for i := range shape {
				if is(i) {
					moved = append(moved, i)
				} else {
					perm = append(perm, i)
				}
			}
			k.turn = move.NewTranspose(shape, append(perm, moved...))
			k.outer, k.n, k.inner = kept, n, 1
			break
		}
	}
	return nil
}

func (k *reduce) run(x *exec, in, out []*tensor.Tensor) error {
	if !slices.Equal(k.shape, in[0].Shape()) { // elastic
		if err := k.fit(in, out); err != nil {
			return err
		}
	}
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	if len(k.dst) == 0 {
		return nil
	}
	if k.turn != nil {
		turned := floatBytes(x.floats((len(k.src) + 3) / 4))[:len(k.src)]
		k.turn.Run(turned, k.src, k.size, 0, k.turn.Rows())
		k.src = turned
	}
	x.divide(k.outer, float64(k.n*k.inner)*0.3+2, k.body)
	return nil
}

// reducePart reduces a range of the outer axis, for an element type; nil if there is nothing for the type or the function.
func reducePart(fn op.ReduceFn, elem tensor.DType) func(k *reduce, lo, hi int) {
	switch elem {
	case tensor.Float32:
		f, ok := reductions[fn]
		if !ok {
			return nil
		}
		return func(k *reduce, lo, hi int) {
			rows.Reduce(f, floats(k.dst)[lo*k.inner:hi*k.inner], floats(k.src)[lo*k.n*k.inner:hi*k.n*k.inner], k.n, k.inner)
		}
	case tensor.Int64:
		return foldPart(fold[int64](fn))
	case tensor.Int32:
		return foldPart(fold[int32](fn))
	}
	return nil
}

func foldPart[T anyInteger](f func(a, b T) T, start T) func(k *reduce, lo, hi int) {
	if f == nil {
		return nil
	}
	return func(k *reduce, lo, hi int) {
		each.Fold(numbers[T](k.dst)[lo*k.inner:hi*k.inner], numbers[T](k.src)[lo*k.n*k.inner:hi*k.n*k.inner], k.n, k.inner, f, start)
	}
}

// fold is a reduction of integers as a function of two, and what it begins with; nil if it is none.
func fold[T int32 | int64](fn op.ReduceFn) (f func(a, b T) T, start T) {
	switch fn {
	case op.ReduceSum:
		return func(a, b T) T { return a + b }, 0
	case op.ReduceProd:
		return func(a, b T) T { return a * b }, 1
	}
	return nil, 0
}

// floatBytes is the memory of numbers.
func floatBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
