package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// byteCost is the time that moving a byte takes, in nanoseconds.
const byteCost = 0.15

func init() {
	lowerBy(func(o *op.Transpose, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			return newMoving(move.NewTranspose(in[0].Shape(), permutation(o.Perm, in[0].Rank())), out[0]), nil
		})
	})
	lowerBy(func(o *op.Slice, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			starts, steps, counts, err := slicing(in)
			if err != nil {
				return nil, err
			}
			if !slices.Equal(counts, out[0].Shape()) {
				return nil, fmt.Errorf("the slice of shape %v has shape %v, not %v", in[0].Shape(), counts, out[0].Shape())
			}
			return newMoving(move.NewSlice(in[0].Shape(), starts, steps, counts), out[0]), nil
		}, 1, 2, 3, 4)
	})
	lowerBy(func(o *op.Expand, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			strides, err := broadcast(in[0].Shape(), out[0].Shape())
			if err != nil {
				return nil, err
			}
			return newMoving(move.NewView(out[0].Shape(), strides, 0), out[0]), nil
		})
	})
	lowerBy(func(o *op.Tile, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			// Seen as [r0, d0, r1, d1, …], the repeats are axes of stride 0.
			var wide, strides []int
			steps := dense(in[0].Shape())
			for i, d := range in[0].Shape() {
				r := 0
				if d != 0 {
					r = out[0].Dim(i) / d
				}
				wide, strides = append(wide, r, d), append(strides, 0, steps[i])
			}
			return newMoving(move.NewView(wide, strides, 0), out[0]), nil
		})
	})
	lowerBy(lowerSplit)
	lowerBy(lowerConcat)
}

// permutation is the axes of a transpose as indices from 0; an empty one reverses.
func permutation(perm []int, rank int) []int {
	p := make([]int, rank)
	for i := range p {
		p[i] = rank - 1 - i
		if len(perm) > 0 {
			p[i] = axisOf(perm[i], rank)
		}
	}
	return p
}

// slicing reads the inputs of a slice: for each axis where it starts, its step and the number of elements.
func slicing(in []*tensor.Tensor) (starts, steps, counts []int, err error) {
	var control [5][]int64
	for i := 1; i < len(in); i++ {
		if in[i] != nil {
			control[i] = tensor.Int64s(in[i])
		}
	}
	return sliceBounds(in[0].Shape(), control[1], control[2], control[3], control[4])
}

// sliceBounds is slicing for inputs at hand; axes and steps may be nil.
func sliceBounds(shape []int, from, to, axes, by []int64) (starts, steps, counts []int, err error) {
	rank := len(shape)
	starts, steps, counts = make([]int, rank), slices.Repeat([]int{1}, rank), slices.Clone(shape)
	if len(to) != len(from) || axes != nil && len(axes) != len(from) || by != nil && len(by) != len(from) || axes == nil && len(from) > rank {
		return nil, nil, nil, fmt.Errorf("%d starts, %d ends, %d axes and %d steps for rank %d", len(from), len(to), len(axes), len(by), rank)
	}
	seen := make([]bool, rank)
	for i := range from {
		axis, step := i, 1
		if axes != nil {
			axis = bounded(axes[i])
		}
		if by != nil {
			step = bounded(by[i])
		}
		if axis < -rank || axis >= rank || step == 0 {
			return nil, nil, nil, fmt.Errorf("cannot slice axis %d of rank %d in steps of %d", axis, rank, step)
		}
		if axis = axisOf(axis, rank); seen[axis] {
			return nil, nil, nil, fmt.Errorf("axis %d is sliced twice", axis)
		}
		seen[axis], steps[axis] = true, step
		starts[axis], counts[axis] = sliceOf(bounded(from[i]), bounded(to[i]), step, shape[axis])
	}
	return starts, steps, counts, nil
}

// bounded keeps the numbers that stand for "to the end" from overflowing.
func bounded(n int64) int { return int(max(-1<<40, min(1<<40, n))) }

// sliceOf clamps a slice to its axis, as ONNX does.
func sliceOf(start, end, step, dim int) (first, count int) {
	if start < 0 {
		start += dim
	}
	if end < 0 {
		end = max(end+dim, -1)
	}
	if step > 0 {
		start, end = max(0, min(start, dim)), max(0, min(end, dim))
		return start, max(0, (end-start+step-1)/step)
	}
	start, end = max(-1, min(start, dim-1)), min(end, dim)
	count = max(0, (start-end-step-1)/-step)
	return max(0, start), count
}

// moving copies a view of its first input.
type moving struct {
	view     *move.View
	size     int
	dst, src []byte
	body     func(lo, hi int)
}

func newMoving(v *move.View, out *tensor.Tensor) *moving {
	k := &moving{view: v, size: elementSize(out.DType())}
	k.body = func(lo, hi int) { k.view.Run(k.dst, k.src, k.size, lo, hi) }
	return k
}

func (k *moving) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	if rows := k.view.Rows(); rows > 0 {
		x.divide(rows, float64(len(k.dst)/rows)*byteCost, k.body)
	}
	return nil
}

// lowerSplit copies each piece as rows of bytes.
func lowerSplit(o *op.Split, n *ir.Node, _ *Program) kernel {
	if !plain(n) {
		return nil
	}
	return kernelFunc(func(x *exec, in, out []*tensor.Tensor) error {
		axis := axisOf(o.Axis, in[0].Rank())
		outer, dim, inner := around(in[0].Shape(), axis, axis+1)
		inner *= elementSize(in[0].DType())
		var lengths []int64
		if len(in) > 1 && in[1] != nil {
			lengths = tensor.Int64s(in[1])
			if len(lengths) != len(out) {
				return fmt.Errorf("%d lengths are given for %d pieces", len(lengths), len(out))
			}
		}
		each, at := (dim+o.Num-1)/o.Num, 0
		for i, y := range out {
			length := max(0, min(each, dim-at))
			if lengths != nil {
				length = int(lengths[i])
			}
			if length < 0 || length > dim-at || y != nil && y.Dim(axis) != length {
				return fmt.Errorf("piece %d of %d elements does not fit an axis of %d", i, length, dim)
			}
			if y != nil && y.Len() > 0 {
				move.CopyStrided(y.Bytes(), length*inner, in[0].Bytes()[at*inner:], dim*inner, outer, length*inner)
			}
			at += length
		}
		if at != dim {
			return fmt.Errorf("pieces of %d elements do not make up an axis of %d", at, dim)
		}
		return nil
	})
}

// lowerConcat copies each input as rows of bytes.
func lowerConcat(o *op.Concat, n *ir.Node, _ *Program) kernel {
	if !plain(n) {
		return nil
	}
	return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
		axis := axisOf(o.Axis, out[0].Rank())
		total := 0
		for i, x := range in {
			for a, d := range x.Shape() {
				if x.Rank() != out[0].Rank() || a != axis && d != out[0].Dim(a) {
					return nil, fmt.Errorf("input %d of shape %v does not fit %v", i, x.Shape(), out[0].Shape())
				}
			}
			total += x.Dim(axis)
		}
		if total != out[0].Dim(axis) {
			return nil, fmt.Errorf("the inputs have %d elements along axis %d, the result %d", total, axis, out[0].Dim(axis))
		}
		outer, dim, inner := around(out[0].Shape(), axis, axis+1)
		k := &concat{axis: axis, row: dim * inner * elementSize(out[0].DType()), rows: outer}
		k.body = k.copy
		return k, nil
	})
}

type concat struct {
	axis, rows, row int // row: bytes of a row of the result
	in              []*tensor.Tensor
	dst             []byte
	body            func(lo, hi int)
}

func (k *concat) run(x *exec, in, out []*tensor.Tensor) error {
	k.in, k.dst = in, out[0].Bytes()
	if k.row > 0 {
		x.divide(k.rows, float64(k.row)*byteCost, k.body)
	}
	return nil
}

// copy copies rows lo to hi of all inputs.
func (k *concat) copy(lo, hi int) {
	at := 0
	for _, t := range k.in {
		if t.Len() == 0 {
			continue
		}
		n := len(t.Bytes()) / k.rows
		move.CopyStrided(k.dst[lo*k.row+at:], k.row, t.Bytes()[lo*n:], n, hi-lo, n)
		at += n
	}
}
