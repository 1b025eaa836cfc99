package channelnorm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

func operands(batch, channels, size int) Args {
	r := rand.New(rand.NewPCG(1, 2))
	v := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.NormFloat64() + 1)
		}
		return s
	}
	n := batch * channels * size
	return Args{Batch: batch, Channels: channels, Size: size, X: v(n), Y: v(n), Scale: v(channels), Bias: v(channels), Epsilon: 1e-3}
}

func compare(t *testing.T, a Args, want func(n, c, i int) float64) {
	t.Helper()
	for n := range a.Batch {
		for c := range a.Channels {
			for i := range a.Size {
				got, w := float64(a.Y[(n*a.Channels+c)*a.Size+i]), want(n, c, i)
				if !(math.Abs(got-w) <= 1e-4*(1+math.Abs(w))) && !(math.IsNaN(got) && math.IsNaN(w)) {
					t.Fatalf("%d x %d x %d: element %d, %d, %d is %v, want %v", a.Batch, a.Channels, a.Size, n, c, i, got, w)
				}
			}
		}
	}
}

func TestNorms(t *testing.T) {
	for _, p := range []*pool.Pool{nil, pool.New(3)} {
		x := NewCtx(p)
		for _, s := range [][3]int{{1, 1, 1}, {2, 6, 35}, {3, 4, 1030}, {1, 12, 4096}, {0, 3, 4}, {2, 3, 0}} {
			a := operands(s[0], s[1], s[2])
			if len(a.X) > 40 {
				a.X[37] = float32(math.NaN())
			}
			at := func(n, c, i int) float64 { return float64(a.X[(n*a.Channels+c)*a.Size+i]) }
			Affine(x, a)
			compare(t, a, func(n, c, i int) float64 { return at(n, c, i)*float64(a.Scale[c]) + float64(a.Bias[c]) })
			for _, groups := range []int{1, a.Channels} {
				per := a.Channels / groups
				Group(x, a, groups)
				mean, variance := make([]float64, a.Batch*groups), make([]float64, a.Batch*groups)
				each := func(f func(g int, v, count float64)) {
					for i, v := range a.X {
						f(i/a.Size/per, float64(v), float64(per*a.Size))
					}
				}
				each(func(g int, v, count float64) { mean[g] += v / count })
				each(func(g int, v, count float64) { variance[g] += (v - mean[g]) * (v - mean[g]) / count })
				compare(t, a, func(n, c, i int) float64 {
					g := n*groups + c/per
					return (at(n, c, i)-mean[g])/math.Sqrt(variance[g]+float64(a.Epsilon))*float64(a.Scale[c]) + float64(a.Bias[c])
				})
			}
			for _, beta := range []float32{0.75, 0.5} {
				o := LRN{Before: 1, After: 2, Factor: 0.1, Bias: 1, Beta: beta}
				Local(x, a, o)
				compare(t, a, func(n, c, i int) float64 {
					sum := 0.0
					for k := max(0, c-1); k < min(a.Channels, c+3); k++ {
						sum += at(n, k, i) * at(n, k, i)
					}
					return at(n, c, i) / math.Pow(1+0.1*sum, float64(beta))
				})
			}
			if n := testing.AllocsPerRun(3, func() { Affine(x, a); Group(x, a, 1); Local(x, a, LRN{Beta: 0.75, Bias: 1}) }); n > 0 && !race.Enabled {
				t.Fatalf("%v allocations", n)
			}
		}
	}
}
