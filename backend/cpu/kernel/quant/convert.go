package quant

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// limits say how floats become bytes: clamped to [low, high], rounded, ties to even, and the zero point added. The assembly knows
// the offsets of the fields.
type limits struct {
	low, high float32
	zero      int32
}

func newLimits(zero int32, signed bool) limits {
	lo, hi := int32(0), int32(255)
	if signed {
		lo, hi = -128, 127
	}
	return limits{float32(lo - zero), float32(hi - zero), zero}
}

func (l *limits) round(v float32) byte {
	switch {
	case !(v > l.low):
		v = l.low
	case v > l.high:
		v = l.high
	}
	return byte(int32(math.RoundToEven(float64(v))) + l.zero)
}

// Quantize sets dst to saturate(round(x / scale) + zero), ties to even, as signed or unsigned bytes. NaN becomes the least integer.
func Quantize(lv level.Level, dst []byte, x []float32, scale float32, zero int32, signed bool) {
	l := newLimits(zero, signed)
	dst = dst[:len(x)]
	for i := at(lv).quantize(dst, x, scale, l); i < len(x); i++ {
		dst[i] = l.round(x[i] / scale)
	}
}

// Requantize sets dst to saturate(round(x · scale) + zero), as [Quantize] does; scale has one element for each of x.
func Requantize(lv level.Level, dst []byte, x []int32, scale []float32, zero int32, signed bool) {
	l := newLimits(zero, signed)
	dst, scale = dst[:len(x)], scale[:len(x)]
	for i := at(lv).requantize(dst, x, scale, l); i < len(x); i++ {
		dst[i] = l.round(float32(x[i]) * scale[i])
	}
}

// dequantizeSums sets dst to x · scale + bias, rounded after each; a nil bias is none.
func dequantizeSums(f *functions, dst []float32, x []int32, scale, bias []float32) {
	dst, scale = dst[:len(x)], scale[:len(x)]
	for i := f.dequantize(dst, x, scale, bias); i < len(x); i++ {
		v := float32(float32(x[i]) * scale[i]) // rounded here, never fused with the addition
		if bias != nil {
			v += bias[i]
		}
		dst[i] = v
	}
}

// Extremes is the least and the greatest of the numbers in x and of zero. NaN does not count.
func Extremes(lv level.Level, x []float32) (lo, hi float32) {
	lo, hi, done := at(lv).extremes(x)
	for _, v := range x[done:] {
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	return lo, hi
}

// Integer is a type that numbers are quantised to.
type Integer interface {
	int8 | uint8 | int16 | uint16 | int32
}

// Dequantize sets dst to (x − zero) · scale.
func Dequantize[T Integer](dst []float32, x []T, scale float32, zero T) {
	dst = dst[:len(x)]
	z := float64(zero)
	for i, v := range x {
		dst[i] = float32(float64(v)-z) * scale
	}
}

// DequantizeBytes is Dequantize for bytes, signed or not.
func DequantizeBytes(lv level.Level, dst []float32, x []byte, scale float32, zero int32, signed bool) {
	dst = dst[:len(x)]
	done := at(lv).dequantizeBytes(dst, x, scale, zero, signed)
	s := Scaled{scale, zero, signed}
	for i, v := range x[done:] {
		dst[done+i] = s.value(v)
	}
}

// integer is a byte as a number.
func integer(x byte, signed bool) int32 {
	if signed {
		return int32(int8(x))
	}
	return int32(x)
}

// widen sets dst to src − zero.
func widen(f *functions, dst []int16, src []byte, signed bool, zero int16) {
	dst = dst[:len(src)]
	i := f.widen(dst, src, signed, zero)
	if signed {
		for ; i < len(src); i++ {
			dst[i] = int16(int8(src[i])) - zero
		}
		return
	}
	for ; i < len(src); i++ {
		dst[i] = int16(src[i]) - zero
	}
}
