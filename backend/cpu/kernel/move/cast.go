package move

import (
	"math"
	"strconv"
	"unsafe"
)

// Type is a numeric type.
type Type uint8

// The types. Bool is a byte, 0 or 1.
const (
	Bool Type = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
	Float16
	BFloat16
	Float32
	Float64
	types
)

var typeSizes = [types]int{1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8}

// Size is the size in bytes.
func (t Type) Size() int { return typeSizes[t] }

// Cast converts all elements of src to dst, which has room for as many. Floats become the nearest float, ties to even; they are truncated to
// integers, and what does not fit 64 bits counts as the smallest int64; integers wrap around. Any number but 0 is true. Both operands are
// aligned to their types.
func Cast(dst []byte, to Type, src []byte, from Type) {
	if to == from {
		copy(dst, src)
		return
	}
	if n := nativeCast(use, dst, to, src, from); n > 0 {
		dst, src = dst[n*to.Size():], src[n*from.Size():]
	}
	switch from {
	case Bool, Uint8:
		castFrom(dst, to, typed[uint8](src))
	case Int8:
		castFrom(dst, to, typed[int8](src))
	case Int16:
		castFrom(dst, to, typed[int16](src))
	case Int32:
		castFrom(dst, to, typed[int32](src))
	case Int64:
		castFrom(dst, to, typed[int64](src))
	case Uint16:
		castFrom(dst, to, typed[uint16](src))
	case Uint32:
		castFrom(dst, to, typed[uint32](src))
	case Uint64:
		castFrom(dst, to, typed[uint64](src))
	case Float32:
		castFrom(dst, to, typed[float32](src))
	case Float64:
		castFrom(dst, to, typed[float64](src))
	case Float16, BFloat16:
		castHalf(dst, to, typed[uint16](src), from)
	default:
		panic("BUG: move: type " + strconv.Itoa(int(from)))
	}
}

type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// typed sees numbers in b.
func typed[N number](b []byte) []N {
	var x N
	return unsafe.Slice((*N)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/int(unsafe.Sizeof(x)))
}

func castFrom[S number](dst []byte, to Type, src []S) {
	switch to {
	case Bool:
		d := dst[:len(src)]
		for i, x := range src {
			d[i] = 0
			if x != 0 {
				d[i] = 1
			}
		}
	case Int8:
		toInteger(typed[int8](dst), src)
	case Int16:
		toInteger(typed[int16](dst), src)
	case Int32:
		toInteger(typed[int32](dst), src)
	case Int64:
		toInteger(typed[int64](dst), src)
	case Uint8:
		toInteger(typed[uint8](dst), src)
	case Uint16:
		toInteger(typed[uint16](dst), src)
	case Uint32:
		toInteger(typed[uint32](dst), src)
	case Uint64:
		toInteger(typed[uint64](dst), src)
	case Float16, BFloat16:
		toHalf(typed[uint16](dst), src, to)
	case Float32:
		toFloat(typed[float32](dst), src)
	case Float64:
		toFloat(typed[float64](dst), src)
	default:
		panic("BUG: move: type " + strconv.Itoa(int(to)))
	}
}

func toFloat[D float32 | float64, S number](dst []D, src []S) {
	dst = dst[:len(src)]
	for i, x := range src {
		dst[i] = D(x)
	}
}

func toInteger[D int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64, S number](dst []D, src []S) {
	dst = dst[:len(src)]
	if one, two := S(1), S(2); one/two == 0 { // integers
		for i, x := range src {
			dst[i] = D(x)
		}
		return
	}
	_, unsigned := any(dst).([]uint64)
	for i, x := range src {
		dst[i] = D(truncate(float64(x), unsigned))
	}
}

// truncate is x without its fraction; 1<<63 where that does not fit. Unsigned numbers may have 64 bits.
func truncate(x float64, unsigned bool) uint64 {
	switch {
	case x >= math.MinInt64 && x < math.MaxInt64:
		return uint64(int64(x))
	case unsigned && x > 0 && x < math.MaxUint64:
		return uint64(x)
	}
	return 1 << 63
}
