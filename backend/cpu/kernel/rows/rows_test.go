package rows

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
)

var (
	inf = float32(math.Inf(1))
	nan = float32(math.NaN())
)

// randoms are n numbers of a normal distribution.
func randoms(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 3))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// close reports whether got is want within a relative error of tol, and an absolute one of tol·unit.
func close(got float32, want, tol, unit float64) bool {
	if w := float32(want); got == w || got != got && w != w {
		return true
	}
	return math.Abs(float64(got)-want) <= tol*max(math.Abs(want), unit)
}

func lengths(more ...int) []int {
	for n := range 71 {
		more = append(more, n)
	}
	return more
}

func TestSoftmax(t *testing.T) {
	for _, n := range lengths(255, 256, 257, 513, 3000) {
		const rows = 3
		x, mask := randoms(rows*n, 1), randoms(rows*n, 2)
		for i := range mask {
			if i%5 == 1 {
				mask[i] = -inf
			}
		}
		for _, s := range []Scores{{N: n}, {N: n, Scale: 0.125}, {N: n, Scale: 2, Mask: mask, MaskStep: n}, {N: n, Mask: mask}} {
			for _, alias := range []bool{false, true} {
				soft, logs := make([]float32, len(x)), make([]float32, len(x))
				if alias {
					copy(soft, x)
					copy(logs, x)
					s.Softmax(soft, soft)
					s.LogSoftmax(logs, logs)
				} else {
					s.Softmax(soft, x)
					s.LogSoftmax(logs, x)
				}
				for i := range rows {
					scores, sum := make([]float64, n), 0.0
					for j := range scores {
						scale := s.Scale
						if scale == 0 {
							scale = 1
						}
						scores[j] = float64(scale) * float64(x[i*n+j])
						if s.Mask != nil {
							scores[j] += float64(mask[i*s.MaskStep+j])
						}
						sum += math.Exp(scores[j])
					}
					for j, v := range scores {
						if got, want := soft[i*n+j], math.Exp(v)/sum; !close(got, want, 4e-6, 0) {
							t.Fatalf("softmax of %d: [%d, %d] = %g, want %g", n, i, j, got, want)
						}
						if got, want := logs[i*n+j], v-math.Log(sum); !close(got, want, 2e-6, 1) {
							t.Fatalf("log softmax of %d: [%d, %d] = %g, want %g", n, i, j, got, want)
						}
					}
				}
			}
		}
	}
}

func TestSoftmaxLimits(t *testing.T) {
	for _, c := range []struct{ x, want []float32 }{
		{[]float32{1000, 1000}, []float32{0.5, 0.5}},
		{[]float32{-1e30, 0, 1e30}, []float32{0, 0, 1}},
		{[]float32{-inf, 0}, []float32{0, 1}},
		{[]float32{-inf, -inf}, []float32{nan, nan}},
		{[]float32{nan, 0, 1}, []float32{nan, nan, nan}},
	} {
		s, y := Scores{N: len(c.x)}, make([]float32, len(c.x))
		s.Softmax(y, c.x)
		for i := range y {
			if !close(y[i], float64(c.want[i]), 0, 0) {
				t.Errorf("softmax of %v = %v", c.x, y)
				break
			}
		}
	}
	s, y := Scores{N: 2}, make([]float32, 2)
	if s.LogSoftmax(y, []float32{0, -500}); y[0] != 0 || y[1] != -500 {
		t.Errorf("log softmax far down = %v", y)
	}
}

func TestNorms(t *testing.T) {
	for _, n := range lengths(768, 5000) {
		if n == 0 {
			continue
		}
		const rows = 2
		x, residual, g, b := randoms(rows*n, 1), randoms(rows*n, 2), randoms(n, 3), randoms(n, 4)
		for variant := range 16 {
			o := Norm{N: n, Epsilon: 1e-5, Mean: make([]float32, rows), InvStd: make([]float32, rows)}
			if variant&1 != 0 {
				o.Scale = g
			}
			if variant&2 != 0 {
				o.Bias = b
			}
			if variant&4 != 0 {
				o.Residual = residual
			}
			if variant&8 != 0 {
				o.Sum = make([]float32, rows*n)
			}
			for _, rms := range []bool{false, true} {
				y := make([]float32, rows*n)
				if rms {
					o.RMSNorm(y, x)
				} else {
					o.LayerNorm(y, x)
				}
				for i := range rows {
					v, mean, square := make([]float64, n), 0.0, 0.0
					for j := range v {
						v[j] = float64(x[i*n+j])
						if o.Residual != nil {
							v[j] = float64(x[i*n+j] + residual[i*n+j])
						}
						if o.Sum != nil && float64(o.Sum[i*n+j]) != v[j] {
							t.Fatalf("sum [%d, %d] = %g, want %g", i, j, o.Sum[i*n+j], v[j])
						}
						mean += v[j] / float64(n)
					}
					if rms {
						mean = 0
					}
					for j := range v {
						square += (v[j] - mean) * (v[j] - mean) / float64(n)
					}
					inv := 1 / math.Sqrt(square+1e-5)
					if !close(o.InvStd[i], inv, 1e-5, 0) || !rms && !close(o.Mean[i], mean, 1e-6, 1) {
						t.Fatalf("row of %d: mean %g, 1/std %g, want %g, %g", n, o.Mean[i], o.InvStd[i], mean, inv)
					}
					for j := range v {
						want := (v[j] - mean) * inv
						if o.Scale != nil {
							want *= float64(g[j])
						}
						if o.Bias != nil {
							want += float64(b[j])
						}
						if got := y[i*n+j]; !close(got, want, 5e-5, 1) {
							t.Fatalf("variant %d, rms %v, row of %d: [%d, %d] = %g, want %g", variant, rms, n, i, j, got, want)
						}
					}
				}
			}
		}
	}
}

// Numbers far from 0 leave no room for the shortcut E[x²] - E[x]².
func TestLayerNormFarFromZero(t *testing.T) {
	x, y := make([]float32, 1024), make([]float32, 1024)
	for i := range x {
		x[i] = 4096 + float32(i%2)
	}
	(&Norm{N: len(x)}).LayerNorm(y, x)
	for i, got := range y {
		if !close(got, float64(i%2*2-1), 1e-3, 1) {
			t.Fatalf("[%d] = %g", i, got)
		}
	}
}

func TestNormAliases(t *testing.T) {
	x, r := randoms(64, 1), randoms(64, 2)
	want, sum := make([]float32, 64), make([]float32, 64)
	(&Norm{N: 32, Residual: r, Sum: sum}).LayerNorm(want, x)
	y, s := append([]float32(nil), x...), append([]float32(nil), r...)
	(&Norm{N: 32, Residual: s, Sum: s}).LayerNorm(y, y)
	for i := range y {
		if y[i] != want[i] || s[i] != sum[i] {
			t.Fatalf("[%d] = %g, %g, want %g, %g", i, y[i], s[i], want[i], sum[i])
		}
	}
}

func TestL2Norm(t *testing.T) {
	y := make([]float32, 6)
	L2Norm(y, []float32{3, 4, 0, 0, -8, 6}, 2, 0)
	for i, want := range []float64{0.6, 0.8, 0, 0, -0.8, 0.6} {
		if !close(y[i], want, 1e-6, 0) {
			t.Errorf("[%d] = %g, want %g", i, y[i], want)
		}
	}
	if L2Norm(y[:2], []float32{3, 4}, 2, 10); y[0] != 0.3 || y[1] != 0.4 {
		t.Errorf("with epsilon: %v", y[:2])
	}
}

func TestNoAllocations(t *testing.T) {
	x, y, at := randoms(600, 1), make([]float32, 600), make([]int64, 600)
	s, o := Scores{N: 300}, Norm{N: 300, Scale: x[:300]}
	if n := testing.AllocsPerRun(10, func() {
		s.Softmax(y, x)
		s.LogSoftmax(y, x)
		o.LayerNorm(y, x)
		o.RMSNorm(y, x)
		L2Norm(y, x, 300, 0)
		for r := range reductions {
			Reduce(r, y[:2], x, 300, 1)
			Reduce(r, y[:300], x, 2, 300)
			Reduce(r, y[:10], x, 60, 10)
		}
		ArgMax(at[:2], x, 300, 1, false)
		CumSum(y, x, 300, 1, false, false)
		CumSum(y, x, 2, 300, false, false)
	}); n != 0 && !race.Enabled {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRows(b *testing.B) {
	x, y := randoms(8*768, 1), make([]float32, 8*768)
	s, o := Scores{N: 768}, Norm{N: 768, Epsilon: 1e-5, Scale: x[:768], Bias: x[768:1536]}
	for _, c := range []struct {
		name string
		f    func()
	}{{"softmax", func() { s.Softmax(y, x) }}, {"layer-norm", func() { o.LayerNorm(y, x) }}, {"rms-norm", func() { o.RMSNorm(y, x) }},
		{"sum-columns", func() { Reduce(Sum, y[:768], x, 8, 768) }}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4 * 8 * 768)
			for b.Loop() {
				c.f()
			}
		})
	}
}
