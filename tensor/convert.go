package tensor

import (
	"fmt"

	"github.com/x448/float16"
)

// Float32s returns the elements of a real tensor as float32: a view of float32 storage, else a converted copy.
func Float32s(t *Tensor) []float32 {
	switch t.dtype {
	case Float32:
		return Data[float32](t)
	case Float16:
		out := make([]float32, t.n)
		for i, x := range Data[F16](t) {
			out[i] = x.Float32()
		}
		return out
	case BFloat16:
		out := make([]float32, t.n)
		for i, x := range Data[BF16](t) {
			out[i] = x.Float32()
		}
		return out
	}
	out := make([]float32, t.n)
	for i := range out {
		out[i] = float32(t.Float64(i))
	}
	return out
}

// PutFloat32s stores src, rounded to t's element type; it must be as long as t.
func PutFloat32s(t *Tensor, src []float32) {
	switch t.dtype {
	case Float32:
		copy(Data[float32](t), src)
	case Float16:
		for i, x := range src[:t.n] {
			Data[F16](t)[i] = float16.Fromfloat32(x)
		}
	case BFloat16:
		for i, x := range src[:t.n] {
			Data[BF16](t)[i] = ToBF16(x)
		}
	default:
		for i, x := range src[:t.n] {
			t.SetFloat64(i, float64(x))
		}
	}
}

// Float64s returns the elements of a real tensor as float64: a view of float64 storage, else a converted copy.
func Float64s(t *Tensor) []float64 {
	if t.dtype == Float64 {
		return Data[float64](t)
	}
	out := make([]float64, t.n)
	for i := range out {
		out[i] = t.Float64(i)
	}
	return out
}

// Int64s returns the elements of an integer or bool tensor as int64: a view of int64 storage, else a converted copy.
func Int64s(t *Tensor) []int64 {
	if t.dtype == Int64 {
		return Data[int64](t)
	}
	out := make([]int64, t.n)
	for i := range out {
		out[i] = t.Int64(i)
	}
	return out
}

// Ints is Int64s as a fresh slice of int.
func Ints(t *Tensor) []int {
	out := make([]int, t.n)
	for i := range out {
		out[i] = int(t.Int64(i))
	}
	return out
}

// Convert casts between numeric types and bool: floats truncate to integers, integers wrap around, floats of 8 bits and less saturate.
func Convert(t *Tensor, d DType) (*Tensor, error) {
	if t.dtype == d {
		return t, nil
	}
	if !d.Valid() || d == String || t.dtype == String {
		return nil, fmt.Errorf("cannot convert %v to %v", t.dtype, d)
	}
	out := New(d, t.shape...)
	ConvertInto(out, t, true)
	return out, nil
}

// ConvertInto casts the elements of src to those of dst, which has as many. Float8 saturates if asked to.
func ConvertInto(dst, src *Tensor, saturate bool) {
	fromInt := src.dtype.IsInteger() || src.dtype == Bool
	switch {
	case dst.dtype.IsComplex() || src.dtype.IsComplex():
		for i := range src.n {
			dst.SetComplex128(i, src.Complex128(i))
		}
	case dst.dtype == Float32 && !fromInt:
		copy(Data[float32](dst), Float32s(src))
	case fromInt && (dst.dtype.IsInteger() || dst.dtype == Bool):
		for i := range src.n {
			dst.SetInt64(i, src.Int64(i))
		}
	case dst.dtype.IsFloat() && dst.dtype.Bits() == 8 && !saturate:
		for i := range src.n {
			dst.data[i] = uint8(EncodeFloat(dst.dtype, src.Float64(i), false))
		}
	default:
		for i := range src.n {
			dst.SetFloat64(i, src.Float64(i))
		}
	}
}
