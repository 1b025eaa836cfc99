package move

import (
	"math"
	"testing"
	"unsafe"

	"github.com/x448/float16"
)

// put stores numbers as a type, which holds them.
func put(t *testing.T, x []float64, to Type) []byte {
	t.Helper()
	b := make([]byte, len(x)*to.Size())
	for i, v := range x {
		switch to {
		case Bool, Uint8:
			typed[uint8](b)[i] = uint8(v)
		case Int8:
			typed[int8](b)[i] = int8(v)
		case Int16:
			typed[int16](b)[i] = int16(v)
		case Int32:
			typed[int32](b)[i] = int32(v)
		case Int64:
			typed[int64](b)[i] = int64(v)
		case Uint16:
			typed[uint16](b)[i] = uint16(v)
		case Uint32:
			typed[uint32](b)[i] = uint32(v)
		case Uint64:
			typed[uint64](b)[i] = uint64(v)
		case Float16:
			typed[uint16](b)[i] = float16.Fromfloat32(float32(v)).Bits()
		case BFloat16:
			typed[uint16](b)[i] = uint16(math.Float32bits(float32(v)) >> 16)
		case Float32:
			typed[float32](b)[i] = float32(v)
		case Float64:
			typed[float64](b)[i] = v
		}
	}
	return b
}

// Numbers that both types hold keep their value, whatever the length.
func TestCastExact(t *testing.T) { atLevels(t, testCastExact) }

func testCastExact(t *testing.T) {
	for from := range types {
		for to := range types {
			for n := range 300 {
				x := make([]float64, n)
				for i := range x {
					switch {
					case from == Bool || to == Bool:
						x[i] = float64(i % 2)
					default:
						x[i] = float64(i % 128)
					}
				}
				want, got := put(t, x, to), make([]byte, n*to.Size()+8)
				Cast(got[:n*to.Size()], to, put(t, x, from), from)
				if string(got[:n*to.Size()]) != string(want) || string(got[n*to.Size():]) != string(make([]byte, 8)) {
					t.Fatalf("%d numbers from type %d to type %d: %v, want %v", n, from, to, got, want)
				}
				if n == 20 {
					n = 250
				}
			}
		}
	}
}

// cast1 casts one number.
func cast1[D, S number](to, from Type, x S) D {
	src, dst := []S{x}, []D{0}
	Cast(raw(dst), to, raw(src), from)
	return dst[0]
}

// raw is the memory of x.
func raw[N number](x []N) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(x[0])))
}

func TestCastEdges(t *testing.T) { atLevels(t, testCastEdges) }

func testCastEdges(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		x    float64
		want int64
	}{{1.9, 1}, {-1.9, -1}, {nan, math.MinInt64}, {inf, math.MinInt64}, {-inf, math.MinInt64}, {1e30, math.MinInt64}, {-0.5, 0}} {
		if got := cast1[int64](Int64, Float64, c.x); got != c.want {
			t.Errorf("int64 of %g = %d", c.x, got)
		}
		if got := cast1[int64](Int64, Float32, float32(c.x)); got != c.want {
			t.Errorf("int64 of float32 %g = %d", c.x, got)
		}
		if got := cast1[int32](Int32, Float64, c.x); got != int32(c.want) {
			t.Errorf("int32 of %g = %d", c.x, got)
		}
	}
	if got := cast1[uint64](Uint64, Float64, 1.5e19); got != 15e18 {
		t.Errorf("uint64 of 1.5e19 = %d", got)
	}
	if got := cast1[uint8](Uint8, Int32, int32(-1)); got != 255 {
		t.Errorf("uint8 of -1 = %d", got)
	}
	if got := cast1[uint8](Bool, Float64, nan); got != 1 {
		t.Errorf("bool of NaN = %d", got)
	}
	if got := cast1[uint8](Bool, Float32, float32(math.Copysign(0, -1))); got != 0 {
		t.Errorf("bool of -0 = %d", got)
	}
	if got := cast1[int8](Int8, Float32, float32(300.7)); got != 44 {
		t.Errorf("int8 of 300.7 = %d", got)
	}
}

// A number just off the middle between two halves must round its own way, not that of its float32.
func TestCastRoundsOnce(t *testing.T) { atLevels(t, testCastRoundsOnce) }

func testCastRoundsOnce(t *testing.T) {
	for _, c := range []struct {
		x    float64
		to   Type
		want uint16
	}{
		{1 + 0x1p-11, Float16, 0x3c00}, {1 + 0x1p-11 + 0x1p-40, Float16, 0x3c01}, {1 + 3*0x1p-11 - 0x1p-40, Float16, 0x3c01}, {-1 - 0x1p-11 - 0x1p-40, Float16, 0xbc01},
		{1 + 0x1p-8, BFloat16, 0x3f80}, {1 + 0x1p-8 + 0x1p-40, BFloat16, 0x3f81}, {1 + 3*0x1p-8 - 0x1p-40, BFloat16, 0x3f81},
		{65519.999999, Float16, 0x7bff}, {65520, Float16, 0x7c00}, {1e300, Float16, 0x7c00}, {-1e300, BFloat16, 0xff80}, {0x1p-25, Float16, 0}, {0x1p-25 + 0x1p-70, Float16, 1},
		{1e-300, Float16, 0}, {math.Inf(-1), Float16, 0xfc00},
	} {
		if got := cast1[uint16](c.to, Float64, c.x); got != c.want {
			t.Errorf("type %d of %v = %#x, want %#x", c.to, c.x, got, c.want)
		}
	}
	if got := cast1[uint16](Float16, Float64, math.NaN()); got&0x7fff <= 0x7c00 {
		t.Errorf("float16 of NaN = %#x", got)
	}
	if got := cast1[uint16](BFloat16, Float64, math.NaN()); got&0x7fff <= 0x7f80 {
		t.Errorf("bfloat16 of NaN = %#x", got)
	}
}

// All halves survive the way to float32 and back.
func TestHalves(t *testing.T) { atLevels(t, testHalves) }

func testHalves(t *testing.T) {
	patterns, wide, back := make([]uint16, 1<<16), make([]float32, 1<<16), make([]uint16, 1<<16)
	for i := range patterns {
		patterns[i] = uint16(i)
	}
	for _, c := range []struct {
		name   string
		widen  func([]float32, []uint16)
		narrow func([]uint16, []float32)
		number func(uint16) float32
	}{
		{"float16", WidenFloat16, NarrowFloat16, func(b uint16) float32 { return float16.Frombits(b).Float32() }},
		{"bfloat16", WidenBFloat16, NarrowBFloat16, func(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }},
	} {
		c.widen(wide, patterns)
		c.narrow(back, wide)
		for i, b := range patterns {
			if x := c.number(b); wide[i] != x && x == x || (wide[i] != wide[i]) != (x != x) {
				t.Fatalf("%s %#x is %g, want %g", c.name, b, wide[i], x)
			}
			if back[i] != b && wide[i] == wide[i] {
				t.Fatalf("%s %#x comes back as %#x", c.name, b, back[i])
			}
		}
	}
}
