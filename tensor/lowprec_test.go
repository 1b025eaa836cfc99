package tensor

import (
	"encoding/binary"
	"math"
	"os"
	"testing"

	"github.com/x448/float16"
)

// TestGolden compares with ml_dtypes, by the files of testdata/gen.py.
func TestGolden(t *testing.T) {
	for _, d := range []DType{Float8E4M3FN, Float8E4M3FNUZ, Float8E5M2, Float8E5M2FNUZ, Float8E8M0, Float4E2M1, Float6E2M3, Float6E3M2} {
		dec, err := os.ReadFile("testdata/" + d.String() + ".dec")
		if err != nil {
			t.Fatal(err)
		}
		for c := range len(dec) / 4 {
			want := math.Float32frombits(binary.LittleEndian.Uint32(dec[4*c:]))
			got := float32(DecodeFloat(d, uint16(c)))
			if math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
				t.Errorf("%v code %#x is %v, want %v", d, c, got, want)
			}
		}
		enc, err := os.ReadFile("testdata/" + d.String() + ".enc")
		if err != nil {
			t.Fatal(err)
		}
		n := len(enc) / 5
		for i := range n {
			v := math.Float32frombits(binary.LittleEndian.Uint32(enc[4*i:]))
			if got, want := EncodeFloat(d, float64(v), false), uint16(enc[4*n+i]); got != want {
				t.Errorf("%v of %v is %#x, want %#x", v, d, got, want)
			}
		}
	}
}

func TestAll16(t *testing.T) {
	for i := range 1 << 16 {
		c := uint16(i)
		for d, want := range map[DType]float32{
			Float16: float16.Frombits(c).Float32(), BFloat16: math.Float32frombits(uint32(c) << 16),
		} {
			got := DecodeFloat(d, c)
			if want != want {
				if got == got || DecodeFloat(d, EncodeFloat(d, got, true)) == 0 {
					t.Fatalf("%v code %#x is %v, want NaN", d, c, got)
				}
				continue
			}
			if float32(got) != want || EncodeFloat(d, got, true) != c {
				t.Fatalf("%v code %#x is %v, want %v; back %#x", d, c, got, want, EncodeFloat(d, got, true))
			}
		}
	}
}

func TestSaturate(t *testing.T) {
	for _, c := range []struct {
		d         DType
		v         float64
		sat, wrap uint16
	}{
		{Float8E4M3FN, math.Inf(1), 0x7e, 0x7f}, {Float8E4M3FN, -1e9, 0xfe, 0xff},
		{Float8E4M3FNUZ, 1e9, 0x7f, 0x80}, {Float8E5M2, math.Inf(-1), 0xfb, 0xfc},
		{Float8E5M2, 1e9, 0x7b, 0x7c}, {Float8E5M2FNUZ, -1e9, 0xff, 0x80}, {Float4E2M1, 100, 7, 7},
		{Float16, 1e9, 0x7c00, 0x7c00}, {BFloat16, 1e39, 0x7f80, 0x7f80},
	} {
		if s, w := EncodeFloat(c.d, c.v, true), EncodeFloat(c.d, c.v, false); s != c.sat || w != c.wrap {
			t.Errorf("%v of %v: %#x and %#x, want %#x and %#x", c.v, c.d, s, w, c.sat, c.wrap)
		}
	}
}
