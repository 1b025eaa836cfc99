package cpu

import (
	"fmt"
	"unsafe"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// f32 is the contents of a float32 tensor.
func f32(t *tensor.Tensor) []float32 { return tensor.Data[float32](t) }

// numbers is memory as numbers.
func numbers[T float32 | int8 | uint8 | uint16 | int32 | int64](b []byte) []T {
	var x T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(x)))
}

func floats(b []byte) []float32 { return numbers[float32](b) }

// elementSize is the size of an element in bytes, 0 for types that are not made of whole bytes.
func elementSize(d tensor.DType) int {
	if d.IsPacked() || d == tensor.String {
		return 0
	}
	return d.Bits() / 8
}

// ranked reports whether all operands of a node, absent ones apart, are tensors of known rank and whole bytes.
func ranked(n *ir.Node) bool {
	for _, values := range [2][]*ir.Value{n.In(), n.Out()} {
		for _, v := range values {
			if v != nil && (!v.Type.IsTensor() || !v.Type.Ranked || elementSize(v.Type.Elem) == 0) {
				return false
			}
		}
	}
	return true
}

// plain reports whether all operands of a node, absent ones apart, are tensors of whole bytes, of any rank.
func plain(n *ir.Node) bool {
	for _, values := range [2][]*ir.Value{n.In(), n.Out()} {
		for _, v := range values {
			if v != nil && (!v.Type.IsTensor() || elementSize(v.Type.Elem) == 0) {
				return false
			}
		}
	}
	return true
}

// axisOf maps an axis in [-rank, rank), which inference has checked, to [0, rank).
func axisOf(axis, rank int) int {
	if axis < 0 {
		return axis + rank
	}
	return axis
}

// around sees a shape as [outer, n, inner] around axes [from, to).
func around(shape []int, from, to int) (outer, n, inner int) {
	outer, n, inner = 1, 1, 1
	for i, d := range shape {
		switch {
		case i < from:
			outer *= d
		case i < to:
			n *= d
		default:
			inner *= d
		}
	}
	return outer, n, inner
}

// dense is the row-major element strides of a shape.
func dense(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// broadcast is the element strides with which an operand of some shape is walked as if it had another shape, 0 where it is repeated.
func broadcast(shape, to []int) ([]int, error) { return broadcastInto(nil, shape, to) }

// broadcastInto is broadcast with the memory of strides, if it has the size.
func broadcastInto(strides, shape, to []int) ([]int, error) {
	if len(shape) > len(to) {
		return nil, fmt.Errorf("shape %v does not broadcast to %v", shape, to)
	}
	if len(strides) != len(to) {
		strides = make([]int, len(to))
	}
	clear(strides)
	skip, step := len(to)-len(shape), 1
	for i := len(shape) - 1; i >= 0; i-- {
		switch {
		case shape[i] == to[skip+i]:
			if shape[i] != 1 {
				strides[skip+i] = step
			}
		case shape[i] != 1:
			return nil, fmt.Errorf("shape %v does not broadcast to %v", shape, to)
		}
		step *= shape[i]
	}
	return strides, nil
}

// sameLen says that operands do not fit each other, or nothing.
func sameLen(a, b *tensor.Tensor) error {
	if a.Len() != b.Len() {
		return fmt.Errorf("shapes %v and %v do not fit", a.Shape(), b.Shape())
	}
	return nil
}
