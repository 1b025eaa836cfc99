package rows

import (
	"math"
	"math/rand/v2"
	"testing"
)

// naive reduces with float64 loops.
func naive(r Reduction, x []float64) float64 {
	sum, square, abs, prod, exp := 0.0, 0.0, 0.0, 1.0, 0.0
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range x {
		sum, square, abs, prod = sum+v, square+v*v, abs+math.Abs(v), prod*v
		low, high = min(low, v), max(high, v)
	}
	for _, v := range x {
		exp += math.Exp(v - high)
	}
	switch r {
	case Sum:
		return sum
	case Mean:
		return sum / float64(len(x))
	case Max:
		return high
	case Min:
		return low
	case Prod:
		return prod
	case SumSquare:
		return square
	case L1:
		return abs
	case L2:
		return math.Sqrt(square)
	case LogSum:
		return math.Log(sum)
	}
	if math.IsInf(high, 0) {
		return high
	}
	return high + math.Log(exp)
}

func column(x []float32, i, n, inner int) []float64 {
	c := make([]float64, n)
	for k := range c {
		c[k] = float64(x[i/inner*n*inner+k*inner+i%inner])
	}
	return c
}

func checkReduce(t *testing.T, r Reduction, x []float32, outer, n, inner int) {
	t.Helper()
	y := make([]float32, outer*inner)
	Reduce(r, y, x, n, inner)
	for i, got := range y {
		c := column(x, i, n, inner)
		want, unit := naive(r, c), naive(L1, c)
		switch r {
		case Mean:
			unit /= float64(n)
		case Prod:
			unit = 0
		case LogSum:
			unit = max(1, unit/math.Abs(naive(Sum, c)))
		}
		if !close(got, want, 3e-6, unit) {
			t.Fatalf("%v of [%d, %d, %d]: [%d] = %g, want %g", r, outer, n, inner, i, got, want)
		}
	}
}

func TestReduce(t *testing.T) {
	for r := range reductions {
		for _, n := range lengths(100, 1025, 2100) {
			for _, s := range [][2]int{{3, 1}, {2, 5}, {1, 17}, {1, 256}, {2, 259}} {
				if n > 100 && s[1] > 17 && testing.Short() {
					continue
				}
				x := randoms(s[0]*n*s[1], uint64(n))
				if r == LogSum { // of positive numbers
					for i := range x {
						x[i] = float32(math.Abs(float64(x[i])))
					}
				}
				checkReduce(t, r, x, s[0], n, s[1])
			}
		}
	}
}

func TestReduceSpecial(t *testing.T) {
	for r := range reductions {
		for _, inner := range []int{1, 3} {
			for _, v := range []float32{inf, -inf, nan, 3e38} {
				x := make([]float32, 5*inner)
				for i := range x {
					x[i] = v
				}
				if got := make([]float32, inner); true {
					Reduce(r, got, x, 5, inner)
					want := naive(r, column(x, 0, 5, inner))
					if r == Mean && v == 3e38 || r == LogSum && v == 3e38 || r == L2 && v == 3e38 {
						continue // sums in float32 overflow before they are divided
					}
					if got[0] != float32(want) && !(got[0] != got[0] && want != want) {
						t.Errorf("%v of %g, inner %d = %g, want %g", r, v, inner, got[0], want)
					}
				}
			}
		}
	}
	long := make([]float32, 1<<20)
	for i := range long {
		long[i] = 0.1
	}
	for _, inner := range []int{1, 2} {
		y := make([]float32, inner)
		if Reduce(Sum, y, long, len(long)/inner, inner); !close(y[0], float64(float32(0.1))*float64(len(long)/inner), 3e-6, 0) {
			t.Errorf("long sum, inner %d: %g", inner, y[0])
		}
	}
}

func FuzzReduce(f *testing.F) {
	f.Add(uint8(0), uint64(1), uint8(2), uint8(40), uint8(3))
	f.Fuzz(func(t *testing.T, r uint8, seed uint64, outer, n, inner uint8) {
		if fn := Reduction(r % uint8(reductions)); fn != LogSum {
			x := randoms(int(outer%8)*int(n)*(1+int(inner)), seed)
			checkReduce(t, fn, x, int(outer%8), int(n), 1+int(inner))
		}
	})
}

func TestArg(t *testing.T) {
	for _, c := range []struct {
		x                              []float32
		first, last, lowFirst, lowLast int64
	}{
		{[]float32{4}, 0, 0, 0, 0},
		{[]float32{1, 3, 3, 1}, 1, 2, 0, 3},
		{[]float32{0, float32(math.Copysign(0, -1))}, 0, 1, 0, 1},
		{[]float32{inf, 5, -inf, inf, -inf}, 0, 3, 2, 4},
		{[]float32{9, nan, 10, nan, -1}, 1, 3, 1, 3},
		{[]float32{nan, 1}, 0, 0, 0, 0},
	} {
		for _, inner := range []int{1, 3} {
			x, n := make([]float32, 0), len(c.x)
			for range 2 { // outer
				for _, v := range c.x {
					for range inner {
						x = append(x, v)
					}
				}
			}
			for k, want := range []int64{c.first, c.last, c.lowFirst, c.lowLast} {
				got := make([]int64, 2*inner)
				if k < 2 {
					ArgMax(got, x, n, inner, k == 1)
				} else {
					ArgMin(got, x, n, inner, k == 3)
				}
				for i := range got {
					if got[i] != want {
						t.Errorf("case %d of %v, inner %d: %v, want %d", k, c.x, inner, got, want)
						break
					}
				}
			}
		}
	}
}

func TestCumSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		outer, n, inner := r.IntN(3), r.IntN(20), 1+r.IntN(4)*r.IntN(150)
		x := randoms(outer*n*inner, r.Uint64())
		exclusive, reverse := r.IntN(2) == 0, r.IntN(2) == 0
		y := append([]float32(nil), x...)
		CumSum(y, y, n, inner, exclusive, reverse)
		for i := range outer * inner {
			c := column(x, i, n, inner)
			for k, got := range column(y, i, n, inner) {
				want := 0.0
				for j, v := range c {
					if (!reverse && j < k) || (reverse && j > k) || (j == k && !exclusive) {
						want += v
					}
				}
				if !close(float32(got), want, 1e-5, 1) {
					t.Fatalf("[%d, %d, %d], exclusive %v, reverse %v: %d of column %d = %g, want %g", outer, n, inner, exclusive, reverse, k, i, got, want)
				}
			}
		}
	}
}
