package tensor

import (
	"fmt"
	"math"

	"github.com/x448/float16"
)

// Float32 returns the number behind the pattern.
func (x BF16) Float32() float32 { return math.Float32frombits(uint32(x) << 16) }

// ToBF16 rounds to the nearest bfloat16, ties to even; NaN stays NaN.
func ToBF16(x float32) BF16 {
	b := math.Float32bits(x)
	if x != x {
		return BF16(b>>16 | 0x40)
	}
	return BF16((b + 0x7fff + b>>16&1) >> 16)
}

// packed returns the bits of element i of a packed type.
func (t *Tensor) packed(i int) uint8 {
	bits := t.dtype.Bits()
	at, shift := i*bits/8, i*bits%8
	v := t.data[at] >> shift
	if shift+bits > 8 {
		v |= t.data[at+1] << (8 - shift)
	}
	return v & (1<<bits - 1)
}

// setPacked stores the low bits of v as element i of a packed type.
func (t *Tensor) setPacked(i int, v uint8) {
	bits := t.dtype.Bits()
	at, shift := i*bits/8, i*bits%8
	mask := uint8(1<<bits - 1)
	t.data[at] = t.data[at]&^(mask<<shift) | v&mask<<shift
	if shift+bits > 8 {
		t.data[at+1] = t.data[at+1]&^(mask>>(8-shift)) | v&mask>>(8-shift)
	}
}

// CopyElement sets element i to element k of src, which has the same element type.
func (t *Tensor) CopyElement(i int, src *Tensor, k int) {
	switch d := t.dtype; {
	case d != src.dtype:
		panic(fmt.Sprintf("BUG: copying an element %v to a tensor of %v", src.dtype, d))
	case d == String:
		t.strs[i] = src.strs[k]
	case d == Float32:
		Data[float32](t)[i] = Data[float32](src)[k]
	case d.IsPacked():
		t.setPacked(i, src.packed(k))
	default:
		size := d.Bits() / 8
		copy(t.data[i*size:(i+1)*size], src.data[k*size:(k+1)*size])
	}
}

// Float64 returns element i of a real or bool tensor as a float64. It is not for hot loops.
func (t *Tensor) Float64(i int) float64 {
	switch t.dtype {
	case Float32:
		return float64(Data[float32](t)[i])
	case Float64:
		return Data[float64](t)[i]
	case Float16:
		return float64(Data[F16](t)[i].Float32())
	case BFloat16:
		return float64(Data[BF16](t)[i].Float32())
	case Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0:
		return DecodeFloat(t.dtype, uint16(t.data[i]))
	case Float4E2M1, Float6E2M3, Float6E3M2:
		return DecodeFloat(t.dtype, uint16(t.packed(i)))
	case Uint64:
		return float64(Data[uint64](t)[i])
	case Complex64, Complex128:
		return real(t.Complex128(i))
	}
	return float64(t.Int64(i))
}

// SetFloat64 stores v in element i: rounded to nearest even for floats (out of range saturates in floats of 8 bits and less), truncated
// toward zero for integers, compared with zero for bools.
func (t *Tensor) SetFloat64(i int, v float64) {
	switch t.dtype {
	case Float32:
		Data[float32](t)[i] = float32(v)
	case Float64:
		Data[float64](t)[i] = v
	case Float16:
		Data[F16](t)[i] = toF16(v)
	case BFloat16:
		Data[BF16](t)[i] = BF16(EncodeFloat(BFloat16, v, false))
	case Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0:
		t.data[i] = uint8(EncodeFloat(t.dtype, v, true))
	case Float4E2M1, Float6E2M3, Float6E3M2:
		t.setPacked(i, uint8(EncodeFloat(t.dtype, v, true)))
	case Bool:
		Data[bool](t)[i] = v != 0
	case Uint64:
		if v >= math.MaxInt64 {
			Data[uint64](t)[i] = uint64(v)
		} else {
			Data[uint64](t)[i] = uint64(int64(v))
		}
	case Complex64, Complex128:
		t.SetComplex128(i, complex(v, 0))
	default:
		t.SetInt64(i, floatToInt(v))
	}
}

func toF16(v float64) F16 {
	if f := float32(v); float64(f) == v || f != f {
		return float16.Fromfloat32(f)
	}
	return F16(EncodeFloat(Float16, v, false)) // a single rounding
}

// floatToInt truncates as the processors that ONNX's references ran on do: what does not fit is the smallest integer.
func floatToInt(v float64) int64 {
	if v != v || v >= math.MaxInt64 || v < math.MinInt64 {
		return math.MinInt64
	}
	return int64(v)
}

// Int64 returns element i of an integer, bool or real tensor as an int64, floats truncated.
func (t *Tensor) Int64(i int) int64 {
	switch t.dtype {
	case Int64:
		return Data[int64](t)[i]
	case Int32:
		return int64(Data[int32](t)[i])
	case Int16:
		return int64(Data[int16](t)[i])
	case Int8:
		return int64(int8(t.data[i]))
	case Uint64:
		return int64(Data[uint64](t)[i])
	case Uint32:
		return int64(Data[uint32](t)[i])
	case Uint16:
		return int64(Data[uint16](t)[i])
	case Uint8, Bool:
		return int64(t.data[i])
	case Uint4, Uint2:
		return int64(t.packed(i))
	case Int4:
		return int64(int8(t.packed(i)<<4) >> 4)
	case Int2:
		return int64(int8(t.packed(i)<<6) >> 6)
	case String, Invalid:
		panic(fmt.Sprintf("BUG: number asked of a tensor of %v", t.dtype))
	}
	return floatToInt(t.Float64(i))
}

// SetInt64 stores v in element i; integers wrap around.
func (t *Tensor) SetInt64(i int, v int64) {
	switch t.dtype {
	case Int64:
		Data[int64](t)[i] = v
	case Int32:
		Data[int32](t)[i] = int32(v)
	case Int16:
		Data[int16](t)[i] = int16(v)
	case Int8, Uint8:
		t.data[i] = uint8(v)
	case Uint64:
		Data[uint64](t)[i] = uint64(v)
	case Uint32:
		Data[uint32](t)[i] = uint32(v)
	case Uint16:
		Data[uint16](t)[i] = uint16(v)
	case Bool:
		Data[bool](t)[i] = v != 0
	case Uint4, Int4, Uint2, Int2:
		t.setPacked(i, uint8(v))
	case String, Invalid:
		panic(fmt.Sprintf("BUG: number put into a tensor of %v", t.dtype))
	default:
		t.SetFloat64(i, float64(v))
	}
}

// Complex128 returns element i of a numeric tensor.
func (t *Tensor) Complex128(i int) complex128 {
	switch t.dtype {
	case Complex64:
		return complex128(Data[complex64](t)[i])
	case Complex128:
		return Data[complex128](t)[i]
	}
	return complex(t.Float64(i), 0)
}

// SetComplex128 stores v in element i; real types keep the real part.
func (t *Tensor) SetComplex128(i int, v complex128) {
	switch t.dtype {
	case Complex64:
		Data[complex64](t)[i] = complex64(v)
	case Complex128:
		Data[complex128](t)[i] = v
	default:
		t.SetFloat64(i, real(v))
	}
}
