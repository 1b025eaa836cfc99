package move

import (
	"strconv"
	"unsafe"
)

// element is memory of one element; arrays of bytes ask for no alignment.
type element interface {
	[1]byte | [2]byte | [4]byte | [8]byte | [16]byte
}

// elements sees whole elements in b.
func elements[E element](b []byte) []E {
	var e E
	return unsafe.Slice((*E)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/len(e))
}

func badSize(size int) string { return "BUG: move: element size " + strconv.Itoa(size) }

// Fill sets every element of dst to value, whose length is the element's size.
func Fill(dst, value []byte) {
	if len(dst) == 0 {
		return
	}
	for n := copy(dst, value); n < len(dst); n *= 2 {
		copy(dst[n:], dst[:n])
	}
}

// CopyStrided copies rows of n bytes, which begin srcStep bytes apart, to where they begin dstStep bytes apart. It joins and splits along an
// axis: one call for each piece of a concatenation.
func CopyStrided(dst []byte, dstStep int, src []byte, srcStep int, rows, n int) {
	if dstStep == n && srcStep == n {
		copy(dst[:rows*n], src[:rows*n])
		return
	}
	switch n {
	case 1:
		copySteps[[1]byte](dst, dstStep, src, srcStep, rows)
	case 2:
		copySteps[[2]byte](dst, dstStep, src, srcStep, rows)
	case 4:
		copySteps[[4]byte](dst, dstStep, src, srcStep, rows)
	case 8:
		copySteps[[8]byte](dst, dstStep, src, srcStep, rows)
	case 16:
		copySteps[[16]byte](dst, dstStep, src, srcStep, rows)
	default:
		for i := range rows {
			copy(dst[i*dstStep:i*dstStep+n], src[i*srcStep:i*srcStep+n])
		}
	}
}

// copySteps copies rows of one element.
func copySteps[E element](dst []byte, dstStep int, src []byte, srcStep int, rows int) {
	for i := range rows {
		elements[E](dst[i*dstStep:])[0] = elements[E](src[i*srcStep:])[0]
	}
}
