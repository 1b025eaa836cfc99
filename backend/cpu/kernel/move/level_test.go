package move

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// atLevels runs a test once a level that this processor can run.
func atLevels(t *testing.T, test func(t *testing.T)) {
	chosen := use
	defer func() { use = chosen }()
	for l := level.Portable; l <= level.Highest(); l++ {
		use = l
		t.Run(l.String(), test)
	}
}

func TestTransposeSlices(t *testing.T) { atLevels(t, testTransposeSlices) }

func testTransposeSlices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		rows, columns := r.IntN(40), r.IntN(40)
		if r.IntN(20) == 0 {
			rows = 60 + r.IntN(90)
		}
		toStep, step := columns+r.IntN(3), rows+r.IntN(3)
		size := func(n, step, line int) int {
			if n == 0 || line == 0 {
				return 0
			}
			return (n-1)*step + line
		}
		dst, src := make([]float32, size(rows, toStep, columns)), make([]float32, size(columns, step, rows))
		for i := range src {
			src[i] = float32(i + 1)
		}
		Transpose(dst, toStep, src, step, rows, columns)
		for at, got := range dst {
			i, j := at/toStep, at%toStep
			want := float32(0) // between the lines
			if j < columns {
				want = src[j*step+i]
			}
			if got != want {
				t.Fatalf("%d by %d, steps %d and %d: element (%d, %d) is %g, want %g", rows, columns, toStep, step, i, j, got, want)
			}
		}
	}
}

// Rounding does not depend on the level.
func TestNarrowAtLevels(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, 100003)
	for i := range x {
		x[i] = math.Float32frombits(r.Uint32())
		if i%3 == 0 { // about the range of float16, ties among them
			x[i] = math.Float32frombits(uint32(0x30000000+r.IntN(0x18000000)) &^ 0xfff)
		}
	}
	for _, narrow := range []func([]uint16, []float32){NarrowFloat16, NarrowBFloat16} {
		var want []uint16
		atLevels(t, func(t *testing.T) {
			got := make([]uint16, len(x))
			narrow(got, x)
			if want == nil {
				want = got
			}
			for i, v := range x {
				if got[i] != want[i] && v == v {
					t.Fatalf("%g (%#x) is rounded to %#x, want %#x", v, math.Float32bits(v), got[i], want[i])
				}
			}
		})
	}
}

func BenchmarkCast(b *testing.B) {
	for _, c := range []struct {
		name     string
		to, from Type
	}{{"half to float", Float32, Float16}, {"float to half", Float16, Float32}, {"byte to float", Float32, Uint8}, {"long to int", Int32, Int64}} {
		src, dst := make([]byte, 4096*c.from.Size()), make([]byte, 4096*c.to.Size())
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				Cast(dst, c.to, src, c.from)
			}
		})
	}
}
