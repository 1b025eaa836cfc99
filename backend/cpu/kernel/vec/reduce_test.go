package vec

import (
	"fmt"
	"math"
	"testing"
)

func TestReductions(t *testing.T) { atLevels(t, testReductions) }

func testReductions(t *testing.T) {
	lengths := []int{100, 2047, 2048, 2049, 4096, 5000, 10000}
	for n := range 71 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		for offset := range 3 {
			x, y := randoms(n+offset, 1)[offset:], randoms(n+offset, 2)[offset:]
			var sum, abs, squares, dot, dotAbs float64
			low, high := math.Inf(1), math.Inf(-1)
			for i, v := range x {
				v := float64(v)
				sum += v
				abs += math.Abs(v)
				squares += (v - 0.25) * (v - 0.25)
				dot += v * float64(y[i])
				dotAbs += math.Abs(v * float64(y[i]))
				low, high = min(low, v), max(high, v)
			}
			for _, c := range []struct {
				name string
				got  float32
				want float64
				tol  float64 // the error allowed
			}{
				{"Sum", Sum(x), sum, 2e-6 * abs}, {"SumAbs", SumAbs(x), abs, 2e-6 * abs}, {"SumSquares", SumSquares(x, 0.25), squares, 2e-6 * squares},
				{"Dot", Dot(x, y), dot, 2e-6 * dotAbs}, {"MaxOf", MaxOf(x), high, 0}, {"MinOf", MinOf(x), low, 0},
			} {
				if math.Abs(float64(c.got)-c.want) > c.tol {
					t.Fatalf("%s of %d at %d = %g, want %g", c.name, n, offset, c.got, c.want)
				}
			}
		}
	}
}

func TestExtremes(t *testing.T) { atLevels(t, testExtremes) }

func testExtremes(t *testing.T) {
	nan := float32(math.NaN())
	if MaxOf(nil) != -inf || MinOf(nil) != inf {
		t.Error("extremes of nothing")
	}
	for n := 1; n < 71; n++ {
		x := randoms(n, 9)
		for i := range x {
			v := x[i]
			for _, c := range []struct{ put, high, low float32 }{{inf, inf, MinOf(x)}, {5, 5, MinOf(x)}, {-5, MaxOf(x), -5}, {-inf, MaxOf(x), -inf}, {nan, nan, nan}} {
				if n == 1 {
					c.high, c.low = c.put, c.put
				}
				x[i] = c.put
				h, l := MaxOf(x), MinOf(x)
				x[i] = v
				if (c.put > 1 || c.put != c.put || n == 1) && h != c.high && !(h != h && c.high != c.high) {
					t.Fatalf("MaxOf of %d with %g at %d = %g", n, c.put, i, h)
				}
				if (c.put < -1 || c.put != c.put || n == 1) && l != c.low && !(l != l && c.low != c.low) {
					t.Fatalf("MinOf of %d with %g at %d = %g", n, c.put, i, l)
				}
			}
		}
	}
}

// The error of a sum must not grow with its length.
func TestLongSum(t *testing.T) { atLevels(t, testLongSum) }

func testLongSum(t *testing.T) {
	x := make([]float32, 1<<22)
	Fill(x, 0.1)
	want := float64(len(x)) * float64(float32(0.1))
	for name, got := range map[string]float32{"Sum": Sum(x), "SumAbs": SumAbs(x), "SumSquares": SumSquares(x, 0) * 10, "Dot": Dot(x, x) * 10} {
		if math.Abs(float64(got)-want)/want > 2e-5 {
			t.Errorf("%s = %g, want %g", name, got, want)
		}
	}
}

func TestExpSum(t *testing.T) { atLevels(t, testExpSum) }

func testExpSum(t *testing.T) {
	for n := range 71 {
		x := randoms(n, 5)
		want, y := make([]float32, n), make([]float32, n)
		AddScalar(want, x, -0.75)
		Exp(want, want)
		sum := ExpSum(y, x, 0.75)
		for i := range y {
			if ulps(y[i], float64(want[i])) > 1 {
				t.Fatalf("%d: %g, want %g", i, y[i], want[i])
			}
		}
		if math.Abs(float64(sum-Sum(y))) > 1e-5 {
			t.Fatalf("sum of %d = %g, want %g", n, sum, Sum(y))
		}
	}
}

func TestExpSumLimits(t *testing.T) { atLevels(t, testExpSumLimits) }

func testExpSumLimits(t *testing.T) {
	for _, c := range []struct{ x, c, want float32 }{
		{0, 0, 1}, {-inf, 0, 0}, {inf, 0, inf}, {90, 0, inf}, {-3e38, 5, 0}, {-87.34, 0, 0}, {-87.3, 0, 1.2192433e-38}, {-120, 0, 0}, {5, 5, 1},
	} {
		x, y := make([]float32, 19), make([]float32, 19)
		Fill(x, c.x)
		sum := ExpSum(y, x, c.c)
		for i, got := range y {
			if got != c.want && !(math.Abs(float64(got-c.want)) <= 1e-5*float64(c.want)) {
				t.Fatalf("e^(%g-%g) [%d] = %g, want %g", c.x, c.c, i, got, c.want)
			}
		}
		if want := 19 * float64(c.want); float64(sum) != want && !(math.Abs(float64(sum)-want) <= 2e-5*want) {
			t.Errorf("sum of 19 e^(%g-%g) = %g, want %g", c.x, c.c, sum, want)
		}
	}
	x := []float32{1, float32(math.NaN()), 2}
	if sum := ExpSum(x, x, 0); sum == sum || x[1] == x[1] || x[0] != x[0] {
		t.Errorf("NaN among the arguments: %g, %v", sum, x)
	}
}

func TestNormalize(t *testing.T) { atLevels(t, testNormalize) }

func testNormalize(t *testing.T) {
	for n := range 71 {
		x, g, b := randoms(n, 1), randoms(n, 2), randoms(n, 3)
		for k, c := range [][2][]float32{{nil, nil}, {g, nil}, {nil, b}, {g, b}} {
			buf := make([]float32, n+2)
			copy(buf[1:], x)
			Normalize(buf[1:n+1], buf[1:n+1], 0.5, 3, c[0], c[1])
			for i := range x {
				want := (float64(x[i]) - 0.5) * 3
				if c[0] != nil {
					want *= float64(g[i])
				}
				if c[1] != nil {
					want += float64(b[i])
				}
				if math.Abs(float64(buf[i+1])-want) > 2e-6 {
					t.Fatalf("case %d of %d: [%d] = %g, want %g", k, n, i, buf[i+1], want)
				}
			}
			if buf[0] != 0 || buf[n+1] != 0 {
				t.Fatalf("case %d of %d wrote beside its destination", k, n)
			}
		}
	}
}

func BenchmarkFunc(b *testing.B) {
	x, y := randoms(4096, 1), make([]float32, 4096)
	for f := range funcs {
		b.Run(f.String(), func(b *testing.B) {
			b.SetBytes(4 * 4096)
			for b.Loop() {
				f.Apply(y, x, 1, 1)
			}
		})
	}
}

func BenchmarkReduce(b *testing.B) {
	for _, n := range []int{128, 4096} {
		x, y := randoms(n, 1), make([]float32, n)
		var sink float32
		for _, c := range []struct {
			name string
			f    func() float32
		}{
			{"sum", func() float32 { return Sum(x) }}, {"max", func() float32 { return MaxOf(x) }}, {"dot", func() float32 { return Dot(x, x) }},
			{"exp", func() float32 { return ExpSum(y, x, 1) }},
		} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				b.SetBytes(int64(4 * n))
				for b.Loop() {
					sink += c.f()
				}
			})
		}
	}
}
