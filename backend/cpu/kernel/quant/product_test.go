package quant

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// contexts makes a context for each level, with one thread and with three.
func contexts(t testing.TB, f func(name string, x *Ctx)) {
	p := pool.New(3)
	defer p.Close()
	for l := level.Portable; l <= level.Highest(); l++ {
		f(l.String()+"/1", NewCtx(nil, l))
		f(l.String()+"/3", NewCtx(p, l))
	}
}

// bytesOf makes n bytes; some matrices hold nothing but the extremes.
func bytesOf(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	kind := r.IntN(4)
	for i := range b {
		switch kind {
		case 0:
			b[i] = [4]byte{0, 255, 127, 128}[r.IntN(4)]
		case 1:
			b[i] = 128
		default:
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

func zeros(r *rand.Rand, n int, signed bool) []int32 {
	z := make([]int32, n)
	for i := range z {
		if z[i] = int32(r.IntN(256)); signed {
			z[i] -= 128
		}
	}
	return z
}

func value(b byte, signed bool) int32 {
	if signed {
		return int32(int8(b))
	}
	return int32(b)
}

// want is element (i, j) of the product.
func want(a *Args, i, j int) int32 {
	zeroA, zeroB := int32(0), int32(0)
	if n := len(a.ZeroA); n > 0 {
		zeroA = a.ZeroA[i%n]
	}
	if n := len(a.ZeroB); n > 0 {
		zeroB = a.ZeroB[j%n]
	}
	sum := int32(0)
	for p := range a.K {
		sum += (value(a.A[i*a.K+p], a.SignedA) - zeroA) * (value(a.B[p*a.N+j], a.SignedB) - zeroB)
	}
	return sum
}

func checkProduct(t testing.TB, x *Ctx, r *rand.Rand, m, n, k int) {
	t.Helper()
	a := Args{M: m, N: n, K: k, SignedA: r.IntN(2) == 0, SignedB: r.IntN(2) == 0, A: bytesOf(r, m*k), B: bytesOf(r, k*n)}
	a.ZeroA, a.ZeroB = zeros(r, []int{0, 1, m}[r.IntN(3)], a.SignedA), zeros(r, []int{0, 1, n}[r.IntN(3)], a.SignedB)
	for _, packed := range []bool{false, true} {
		a.C = make([]int32, m*n)
		for i := range a.C {
			a.C[i] = 77
		}
		if packed {
			a.Packed = PackB(a.B, k, n, !a.SignedB, x.Level(), taken)
		}
		MatMul(x, a)
		for i := range m {
			for j := range n {
				if got, w := a.C[i*n+j], want(&a, i, j); got != w {
					t.Fatalf("%d×%d×%d, signed %v %v, packed %v: C[%d, %d] = %d, want %d", m, k, n, a.SignedA, a.SignedB, packed, i, j, got, w)
				}
			}
		}
	}
	checkRequantized(t, x, r, a)
	checkDequantized(t, x, r, a)
}

func checkRequantized(t testing.TB, x *Ctx, r *rand.Rand, a Args) {
	t.Helper()
	c := a.C
	a.C, a.Out, a.SignedOut = nil, make([]byte, a.M*a.N), r.IntN(2) == 0
	a.Zero = zeros(r, 1, a.SignedOut)[0]
	a.Scale = make([]float32, []int{1, max(1, a.N)}[r.IntN(2)])
	for j := range a.Scale {
		a.Scale[j] = r.Float32() / float32(100*max(1, a.K))
	}
	if a.N == 0 {
		a.Scale = a.Scale[:1]
	}
	MatMul(x, a)
	l := newLimits(a.Zero, a.SignedOut)
	for i, v := range c {
		if w := l.round(float32(v) * a.Scale[i%a.N%len(a.Scale)]); a.Out[i] != w {
			t.Fatalf("%d×%d×%d: requantised %d is %d, want %d", a.M, a.K, a.N, i, a.Out[i], w)
		}
	}
}

// checkDequantized compares with the sums scaled one by one.
func checkDequantized(t testing.TB, x *Ctx, r *rand.Rand, a Args) {
	t.Helper()
	c := a.C
	a.C, a.Float = nil, make([]float32, a.M*a.N)
	a.Scale = make([]float32, max(1, a.N))[:[]int{1, max(1, a.N)}[r.IntN(2)]]
	if a.N == 0 {
		return
	}
	for j := range a.Scale {
		a.Scale[j] = r.Float32()
	}
	if r.IntN(2) == 0 {
		a.Bias = make([]float32, a.N)
		for j := range a.Bias {
			a.Bias[j] = r.Float32()*1000 - 500
		}
	}
	MatMul(x, a)
	for i, v := range c {
		w := float32(v) * a.Scale[i%a.N%len(a.Scale)]
		if a.Bias != nil {
			w += a.Bias[i%a.N]
		}
		if a.Float[i] != w {
			t.Fatalf("%d×%d×%d: element %d is %v, want %v", a.M, a.K, a.N, i, a.Float[i], w)
		}
	}
}

func TestProducts(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(1, 2))
		t.Run(name, func(t *testing.T) {
			for m := range 15 {
				for n := range 35 {
					checkProduct(t, x, r, m, n, r.IntN(40))
				}
			}
			for _, s := range [][3]int{{1, 700, 1300}, {128, 100, 77}, {7, 33, 321}, {100, 257, 64}, {97, 16, 9}} {
				checkProduct(t, x, r, s[0], s[1], s[2])
			}
		})
	})
}

// TestWraps makes sums pass 32 bits.
func TestWraps(t *testing.T) {
	const k = 80000
	contexts(t, func(name string, x *Ctx) {
		a := Args{M: 1, N: 1, K: k, A: make([]byte, k), B: make([]byte, k), C: make([]int32, 1)}
		for i := range k {
			a.A[i], a.B[i] = 255, 255
		}
		MatMul(x, a)
		if w := want(&a, 0, 0); a.C[0] != w {
			t.Errorf("%s: %d, want %d", name, a.C[0], w)
		}
	})
}

func TestNothingAllocated(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(5, 6))
		const m, n, k = 60, 200, 128
		a := Args{M: m, N: n, K: k, A: bytesOf(r, m*k), B: bytesOf(r, k*n), Out: make([]byte, m*n), Scale: []float32{0.01}}
		MatMul(x, a)
		if got := testing.AllocsPerRun(5, func() { MatMul(x, a) }); got > 0 && !race.Enabled {
			t.Errorf("%s: %v allocations", name, got)
		}
	})
}

func levels() (ls []level.Level) {
	for l := level.Portable; l <= level.Highest(); l++ {
		ls = append(ls, l)
	}
	return ls
}

// floats has every kind of number.
func floats(r *rand.Rand, n int) []float32 {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-42, -1e38, 0.5, 1.5, -2.5}
	x := make([]float32, n)
	for i := range x {
		if r.IntN(4) == 0 {
			x[i] = special[r.IntN(len(special))]
		} else {
			x[i] = float32(r.NormFloat64() * 100)
		}
	}
	return x
}

func TestQuantize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, lv := range levels() {
		for n := range 150 {
			x := floats(r, n+1)[1:]
			for _, signed := range []bool{false, true} {
				zero, scale := zeros(r, 1, signed)[0], r.Float32()
				got := make([]byte, n+1)
				Quantize(lv, got[1:], x, scale, zero, signed)
				for i, v := range x {
					if w := quantized(v, scale, zero, signed); value(got[i+1], signed) != w {
						t.Fatalf("%v: %v by %v with zero %d, signed %v: %d, want %d", lv, v, scale, zero, signed, value(got[i+1], signed), w)
					}
				}
			}
		}
	}
}

// quantized is the definition.
func quantized(v, scale float32, zero int32, signed bool) int32 {
	lo, hi := 0.0, 255.0
	if signed {
		lo, hi = -128, 127
	}
	q := math.RoundToEven(float64(v/scale)) + float64(zero)
	if math.IsNaN(q) {
		q = lo
	}
	return int32(math.Max(lo, math.Min(hi, q)))
}

func TestExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, lv := range levels() {
		for n := range 150 {
			x := floats(r, n)
			if n%3 == 0 {
				for i := range x {
					x[i] = float32(math.Abs(float64(x[i]))) // the least is zero
				}
			}
			var lo, hi float32
			for _, v := range x {
				if v == v {
					lo, hi = min(lo, v), max(hi, v)
				}
			}
			if a, b := Extremes(lv, x); a != lo || b != hi {
				t.Fatalf("%v: %v and %v of %v, want %v and %v", lv, a, b, x, lo, hi)
			}
		}
	}
}

func TestDequantize(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	got := make([]float32, 256)
	for _, zero := range []int32{0, 7, 100} {
		for l := level.Portable; l <= level.Highest(); l++ {
			for from := range 40 {
				for _, signed := range []bool{false, true} {
					clear(got)
					DequantizeBytes(l, got[from:], all[from:], 0.3, zero, signed)
					for i, v := range got[from:] {
						if w := float32(value(all[from+i], signed)-zero) * 0.3; v != w {
							t.Fatalf("%v: %d less %d, signed %v: %v, want %v", l, all[from+i], zero, signed, v, w)
						}
					}
				}
			}
		}
		Dequantize(got, all, 0.3, uint8(zero))
		for i, v := range got {
			if w := float32(int32(i)-zero) * 0.3; v != w {
				t.Fatalf("%d less %d: %v, want %v", i, zero, v, w)
			}
		}
	}
	wide := make([]float32, 1)
	Dequantize(wide, []int32{math.MinInt32}, 1, math.MaxInt32)
	if wide[0] != float32(-1<<32+1) {
		t.Errorf("least less greatest is %v", wide[0])
	}
}

func BenchmarkMatMul(b *testing.B) {
	for _, s := range [][3]int{{128, 384, 384}, {128, 1536, 384}, {128, 384, 1536}, {1, 1536, 384}} {
		m, n, k := s[0], s[1], s[2]
		for _, lv := range levels()[1:] {
			x := NewCtx(nil, lv)
			r := rand.New(rand.NewPCG(1, 2))
			a := Args{M: m, N: n, K: k, A: bytesOf(r, m*k), C: make([]int32, m*n), ZeroA: []int32{3}, Packed: PackB(bytesOf(r, k*n), k, n, false, lv, taken)}
			b.Run(fmt.Sprintf("%dx%dx%d/%v", m, k, n, lv), func(b *testing.B) {
				for b.Loop() {
					MatMul(x, a)
				}
				b.ReportMetric(float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "Gmac/s")
			})
		}
	}
}

// taken is memory for packed matrices.
func taken(n int) []byte { return make([]byte, n) }
