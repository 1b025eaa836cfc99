//go:build amd64 && !noasm

package move

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// block is the number of elements that assembly converts at a time; a last incomplete block passes through buffers.
const block = 16

func nativeWiden(l level.Level, dst []float32, src []uint16, from Type) bool {
	if l < level.AVX2 {
		return false
	}
	if n := len(src) / block; n > 0 {
		widenBlocks(&dst[0], &src[0], n, from)
	}
	if done := len(src) / block * block; done < len(src) {
		var x [block]uint16
		var y [block]float32
		copy(x[:], src[done:])
		widenBlocks(&y[0], &x[0], 1, from)
		copy(dst[done:len(src)], y[:])
	}
	return true
}

func widenBlocks(dst *float32, src *uint16, n int, from Type) {
	if from == Float16 {
		widenFloat16Blocks(dst, src, n)
	} else {
		widenBFloat16Blocks(dst, src, n)
	}
}

func nativeNarrow(l level.Level, dst []uint16, src []float32, to Type) bool {
	if l < level.AVX2 {
		return false
	}
	if n := len(src) / block; n > 0 {
		narrowBlocks(&dst[0], &src[0], n, to)
	}
	if done := len(src) / block * block; done < len(src) {
		var x [block]float32
		var y [block]uint16
		copy(x[:], src[done:])
		narrowBlocks(&y[0], &x[0], 1, to)
		copy(dst[done:len(src)], y[:])
	}
	return true
}

func narrowBlocks(dst *uint16, src *float32, n int, to Type) {
	if to == Float16 {
		narrowFloat16Blocks(dst, src, n)
	} else {
		narrowBFloat16Blocks(dst, src, n)
	}
}

// nativeCast converts what it can of the first elements, and returns how many it did.
func nativeCast(l level.Level, dst []byte, to Type, src []byte, from Type) int {
	n := len(src) / from.Size() / block
	if l < level.AVX2 || n == 0 {
		return 0
	}
	_ = dst[n*block*to.Size()-1]
	d, s := unsafe.Pointer(&dst[0]), unsafe.Pointer(&src[0])
	switch {
	case to == Float32 && (from == Uint8 || from == Bool):
		floatUint8Blocks((*float32)(d), (*uint8)(s), n)
	case to == Float32 && from == Int8:
		floatInt8Blocks((*float32)(d), (*int8)(s), n)
	case to == Float32 && from == Int32:
		floatInt32Blocks((*float32)(d), (*int32)(s), n)
	case to == Int64 && from == Int32:
		longInt32Blocks((*int64)(d), (*int32)(s), n)
	case to == Int32 && from == Int64:
		shortInt64Blocks((*int32)(d), (*int64)(s), n)
	default:
		return 0
	}
	return n * block
}

// nativeTranspose transposes squares of eight by eight: it returns how many rows and columns of dst it did.
func nativeTranspose(l level.Level, dst *uint32, toStep int, src *uint32, step, rows, columns int) (int, int) {
	const most = 8 // squares at a time, so that what is written stays in the first-level cache until the other half of its lines is
	squares := rows / 8
	if l < level.AVX2 || squares == 0 || columns < 8 {
		return 0, 0
	}
	for i := 0; i < squares; i += most {
		n := min(most, squares-i)
		for j := 0; j+8 <= columns; j += 8 {
			to := (*uint32)(unsafe.Add(unsafe.Pointer(dst), 4*(8*i*toStep+j)))
			transposeSquares(to, toStep, (*uint32)(unsafe.Add(unsafe.Pointer(src), 4*(j*step+8*i))), step, n)
		}
	}
	return squares * 8, columns / 8 * 8
}
