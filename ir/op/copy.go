package op

import "github.com/gocompile/gocompile/tensor"

// copyElements copies n elements from k of src on to those from i of dst on, of one element type.
func copyElements(dst *tensor.Tensor, i int, src *tensor.Tensor, k, n int) {
	switch d := dst.DType(); {
	case d == tensor.String:
		copy(dst.Strings()[i:i+n], src.Strings()[k:k+n])
	case d.Bits()%8 != 0:
		for j := range n {
			dst.CopyElement(i+j, src, k+j)
		}
	default:
		size := d.Bits() / 8
		copy(dst.Bytes()[i*size:(i+n)*size], src.Bytes()[k*size:(k+n)*size])
	}
}

// copyWalk fills dst, of that shape, in row-major order with the elements of src at offset plus the strides times the index.
func copyWalk(dst, src *tensor.Tensor, offset int, shape, strides []int) {
	run, axis := 1, len(shape)
	for axis > 0 && (strides[axis-1] == run || shape[axis-1] == 1) { // trailing axes that lie together in src too
		axis--
		run *= shape[axis]
	}
	if run == 0 {
		return
	}
	walk(shape[:axis], func(i int, at []int) { copyElements(dst, i*run, src, offset+at[0], run) }, strides[:axis])
}

const worthView = 1 << 12 // bytes of a part of a tensor from which on it is a view rather than a copy

// viewWalk is what copyWalk would copy as a view of src, nil where the elements do not lie side by side or are so few that a copy is better than to keep src.
func viewWalk(src *tensor.Tensor, offset int, shape, strides []int) *tensor.Tensor {
	size := src.DType().Bits() / 8
	if src.DType() == tensor.String || src.DType().IsPacked() {
		return nil
	}
	n := 1
	for axis := len(shape) - 1; axis >= 0; axis-- {
		if shape[axis] != 1 && strides[axis] != n {
			return nil
		}
		n *= shape[axis]
	}
	if n*size < worthView {
		return nil
	}
	return tensor.View(src.DType(), shape, src.Bytes()[offset*size:(offset+n)*size])
}
