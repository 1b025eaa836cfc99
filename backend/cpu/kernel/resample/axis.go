package resample

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Axis computes element i of an axis of Out elements as Σ weight[i·N+k] · x[index[i·N+k]] over k < N, from one of In elements.
type Axis struct {
	In, Out, N int
	index      []int32
	weights    []float32
}

// NewAxis makes an axis of indices and weights, n for each element of the result. Elements of weight 0 do not count, even if they are infinite.
func NewAxis(in, out, n int, index []int, weights []float64) *Axis {
	a := &Axis{In: in, Out: out, N: n, index: make([]int32, out*n), weights: make([]float32, out*n)}
	for i := range out {
		at, w := a.index[i*n:][:n], a.weights[i*n:][:n]
		heavy := 0
		for k := range n {
			at[k], w[k] = int32(index[i*n+k]), float32(weights[i*n+k])
			if math.Abs(float64(w[k])) > math.Abs(float64(w[heavy])) {
				heavy = k
			}
		}
		for k := range n { // one of no weight takes over half of the heaviest
			if w[k] == 0 && w[heavy] != 0 {
				w[heavy] /= 2
				at[k], w[k] = at[heavy], w[heavy]
			}
		}
	}
	return a
}

// Lines resamples the last axis of [lines, In] into that of [lines, Out], lines lo to hi.
func (a *Axis) Lines(dst, src []float32, lo, hi int) {
	for l := lo; l < hi; l++ {
		y, x := dst[l*a.Out:][:a.Out], src[l*a.In:][:a.In]
		switch a.N {
		case 2:
			at, w := a.index[:2*len(y)], a.weights[:2*len(y)]
			for i := range y {
				y[i] = w[2*i]*x[at[2*i]] + w[2*i+1]*x[at[2*i+1]]
			}
		default:
			for i := range y {
				sum := float32(0)
				w := a.weights[i*a.N:][:a.N]
				for k, p := range a.index[i*a.N:][:a.N] {
					sum += w[k] * x[p]
				}
				y[i] = sum
			}
		}
	}
}

// Rows resamples the middle axis of [outer, In, inner] into that of [outer, Out, inner], rows lo to hi of outer·Out.
func (a *Axis) Rows(dst, src []float32, inner, lo, hi int) {
	for r := lo; r < hi; r++ {
		o, i := r/a.Out, r%a.Out
		y := dst[r*inner:][:inner]
		w := a.weights[i*a.N:][:a.N]
		for k, p := range a.index[i*a.N:][:a.N] {
			x := src[(o*a.In+int(p))*inner:][:inner]
			if k == 0 {
				vec.MulScalar(y, x, w[0])
			} else {
				vec.AddScaled(y, y, w[k], x)
			}
		}
	}
}
