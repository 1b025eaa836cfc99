package passes

import (
	"math"
	"sync"

	"github.com/gocompile/gocompile/tensor"
)

// Moments are the second moments of what a matrix is multiplied by: XᵀX of the rows X that a model gave it. With them, the error of rounding one weight of a sum
// is made up for in those that are rounded after it, so that products stay near, and not the weights themselves.
type Moments struct {
	size int
	sum  []float32 // [size, size], the lower triangle

	once   sync.Once
	factor []float32
}

// NewMoments are those of no rows yet, of so many numbers.
func NewMoments(size int) *Moments { return &Moments{size: size, sum: make([]float32, size*size)} }

// Add takes the rows of a float32 tensor, which lie along its last axis, of the size of the moments; numbers that are not finite make the moments useless.
func (m *Moments) Add(t *tensor.Tensor) {
	x := tensor.Data[float32](t)
	inParallel(m.size, func(i int) {
		dst := m.sum[i*m.size:][:i+1]
		for at := 0; at+m.size <= len(x); at += m.size {
			f, row := x[at+i], x[at:][:len(dst)]
			for j, v := range row {
				dst[j] += f * v
			}
		}
	})
}

// damping is the share of the mean square that is added to the square of each number: what was not seen may come.
const damping = 0.01

// carried says how the error of a weight is made up for: element [k, i], i < k, is by how much weight i of a sum changes for each unit by which
// weight k is too small. Weights are rounded from the last to the first. It is nil for moments that are not those of finite numbers.
//
// With XᵀX = L·Lᵀ the square of the error of all products is |Lᵀ·e|² for the errors e of the weights, of which row i is L[i, i]·e[i] + Σ L[k, i]·e[k] over k > i: it
// vanishes but for what remains when weight i, less Σ L[k, i]/L[i, i]·e[k], is rounded.
func (m *Moments) carried() []float32 {
	m.once.Do(func() {
		n := m.size
		mean := 0.0
		for i := range n {
			mean += float64(m.sum[i*n+i]) / float64(n)
		}
		if !(mean > 0) || math.IsInf(mean, 0) {
			return
		}
		l := make([]float64, n*n)
		for i := range n {
			row := l[i*n:][:i+1]
			for j := range row {
				other := l[j*n:][:j+1]
				v := float64(m.sum[i*n+j])
				if i == j {
					v += damping * mean
				}
				for k, x := range other[:j] {
					v -= row[k] * x
				}
				if i > j {
					row[j] = v / other[j]
				} else if v > 0 {
					row[j] = math.Sqrt(v)
				} else {
					return
				}
			}
		}
		factor := make([]float32, n*n)
		for k := range n {
			for i := range k {
				factor[k*n+i] = float32(l[k*n+i] / l[i*n+i])
			}
		}
		m.factor = factor
	})
	return m.factor
}

// compensated is part with errors that are made up for.
func (m *rounding) compensated(i int) {
	first := i * sumsAtOnce
	n := min(sumsAtOnce, m.count-first)
	at := func(j, k int) int { return (first+j)*m.next + k*m.step }
	x := make([]float32, m.length*n) // what weights are to be, with what is made up for
	for k := range m.length {
		for j := range n {
			x[k*n+j] = m.w[at(j, k)]
		}
	}
	grids, off := make([]grid, n), make([]float32, n)
	block := make([]float32, m.block)
	for b := m.blocks - 1; b >= 0; b-- {
		from, to := b*m.block, min(m.length, (b+1)*m.block)
		for j := range n {
			for k := from; k < to; k++ {
				block[k-from] = x[k*n+j]
			}
			ok := false
			if grids[j], ok = m.f.fit(block[:to-from]); !ok {
				m.infinite[i] = true
				return
			}
			m.keep(b, first+j, grids[j])
		}
		for k := to - 1; k >= from; k-- {
			for j := range n {
				w, v := float64(m.w[at(j, k)]), float64(x[k*n+j])
				q, d := grids[j].nearest(v)
				m.q[at(j, k)] = byte(int(q))
				m.wrong[i], m.all[i] = m.wrong[i]+d*d, m.all[i]+w*w
				off[j] = float32(w - (v + d))
			}
			for c, f := range m.carried[k*m.length:][:k] {
				y := x[c*n:][:len(off)]
				for j, e := range off {
					y[j] += f * e
				}
			}
		}
	}
}
