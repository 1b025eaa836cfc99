package move

import (
	"math"
	"unsafe"

	"github.com/x448/float16"
)

// chunk is the number of elements that pass through a buffer on the stack.
const chunk = 256

// castHalf goes through float32, which holds all halves.
func castHalf(dst []byte, to Type, src []uint16, from Type) {
	if to == Float32 {
		widen(typed[float32](dst)[:len(src)], src, from)
		return
	}
	var wide [chunk]float32
	for len(src) > 0 {
		n := min(chunk, len(src))
		widen(wide[:n], src[:n], from)
		castFrom(dst, to, wide[:n])
		src, dst = src[n:], dst[n*to.Size():]
	}
}

func widen(dst []float32, src []uint16, from Type) {
	if nativeWiden(use, dst, src, from) {
		return
	}
	if from == Float16 {
		for i, x := range src {
			dst[i] = float16.Frombits(x).Float32()
		}
		return
	}
	for i, x := range src {
		dst[i] = math.Float32frombits(uint32(x) << 16)
	}
}

func narrow(dst []uint16, src []float32, to Type) {
	if nativeNarrow(use, dst, src, to) {
		return
	}
	if to == Float16 {
		for i, x := range src {
			dst[i] = float16.Fromfloat32(x).Bits()
		}
		return
	}
	for i, x := range src {
		b := math.Float32bits(x)
		if x != x {
			dst[i] = uint16(b>>16 | 0x40)
		} else {
			dst[i] = uint16((b + 0x7fff + b>>16&1) >> 16)
		}
	}
}

// toHalf rounds once: what float32 cannot hold is cut to an odd number, which rounds as the number itself.
func toHalf[S number](dst []uint16, src []S, to Type) {
	if x, ok := any(src).([]float32); ok {
		narrow(dst[:len(src)], x, to)
		return
	}
	var wide [chunk]float32
	for len(src) > 0 {
		n := min(chunk, len(src))
		for i, x := range src[:n] {
			wide[i] = odd(float64(x))
		}
		narrow(dst[:n], wide[:n], to)
		src, dst = src[n:], dst[n:]
	}
}

// odd is x, or if float32 does not hold it the one of its neighbours whose last bit is 1.
func odd(x float64) float32 {
	f := float32(x)
	if float64(f) == x || f != f {
		return f
	}
	b := math.Float32bits(f)
	if math.Abs(float64(f)) > math.Abs(x) {
		b--
	}
	return math.Float32frombits(b | 1)
}

// WidenFloat16 converts patterns of IEEE half precision.
func WidenFloat16(dst []float32, src []uint16) { widen(dst[:len(src)], src, Float16) }

// NarrowFloat16 rounds to IEEE half precision, ties to even.
func NarrowFloat16(dst []uint16, src []float32) { narrow(dst[:len(src)], src, Float16) }

// WidenBFloat16 converts patterns of bfloat16.
func WidenBFloat16(dst []float32, src []uint16) { widen(dst[:len(src)], src, BFloat16) }

// NarrowBFloat16 rounds to bfloat16, ties to even; NaN stays NaN.
func NarrowBFloat16(dst []uint16, src []float32) { narrow(dst[:len(src)], src, BFloat16) }

// WidenInt8 converts signed bytes.
func WidenInt8(dst []float32, src []byte) {
	dst = dst[:len(src)]
	Cast(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(dst))), 4*len(dst)), Float32, src, Int8)
}
