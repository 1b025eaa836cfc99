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
		n := m.size
		dst := m.sum[i*n:][:i+1]
		at := 0
		for ; at+4*n <= len(x); at += 4 * n {
			addFour(dst, [4]float32{x[at+i], x[at+n+i], x[at+2*n+i], x[at+3*n+i]}, x[at:], x[at+n:], x[at+2*n:], x[at+3*n:])
		}
		for ; at+n <= len(x); at += n {
			for j, v := range x[at:][:len(dst)] {
				dst[j] += x[at+i] * v
			}
		}
	})
}

// addFour adds multiples of four rows to dst.
func addFour(dst []float32, f [4]float32, a, b, c, d []float32) {
	n := len(dst)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	f0, f1, f2, f3 := f[0], f[1], f[2], f[3]
	for j := range dst {
		dst[j] += f0*a[j] + f1*b[j] + f2*c[j] + f3*d[j]
	}
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
				v := float64(m.sum[i*n+j]) - dot(row[:j], other[:j])
				if i == j {
					v += damping * mean
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

// dot is the sum of the products of elements.
func dot(x, y []float64) float64 {
	y = y[:len(x)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0, s1, s2, s3 = s0+x[i]*y[i], s1+x[i+1]*y[i+1], s2+x[i+2]*y[i+2], s3+x[i+3]*y[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * y[i]
	}
	return s0 + s1 + (s2 + s3)
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
	grids, off, block := make([]grid, n), make([]float32, n*atOnce), make([]float32, m.block)
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
		for to > from {
			low := max(from, to-atOnce)
			for k := to - 1; k >= low; k-- {
				e := off[(k-low)*n:][:n]
				for j := range n {
					w, v := float64(m.w[at(j, k)]), float64(x[k*n+j])
					q, d := grids[j].nearest(v)
					m.q[at(j, k)] = byte(int(q))
					m.wrong[i], m.all[i] = m.wrong[i]+d*d, m.all[i]+w*w
					e[j] = float32(w - (v + d))
				}
				m.carry(x, e, low, k, k)
			}
			if to-low == atOnce && n == sumsAtOnce {
				m.carryAll(x, off, low)
			} else {
				for k := low; k < to; k++ {
					m.carry(x, off[(k-low)*n:][:n], 0, low, k)
				}
			}
			to = low
		}
	}
}

const atOnce = 4 // weights whose errors are carried to those before them together

// carry has weights from low to high of sums, rows of x, make up for the errors of weight k.
func (m *rounding) carry(x, errors []float32, low, high, k int) {
	for c, f := range m.carried[k*m.length:][low:high] {
		y := x[(low+c)*len(errors):][:len(errors)]
		for j, e := range errors {
			y[j] += f * e
		}
	}
}

// carryAll has all weights before weight k make up for the errors of atOnce weights from there on, in sumsAtOnce sums.
func (m *rounding) carryAll(x, errors []float32, k int) {
	const n = sumsAtOnce
	e := (*[atOnce * n]float32)(errors)
	f0, f1, f2, f3 := m.carried[k*m.length:][:k], m.carried[(k+1)*m.length:][:k], m.carried[(k+2)*m.length:][:k], m.carried[(k+3)*m.length:][:k]
	for c, a := range f0 {
		b, d, g := f1[c], f2[c], f3[c]
		y := (*[n]float32)(x[c*n:])
		for j := range y {
			y[j] += a*e[j] + b*e[n+j] + d*e[2*n+j] + g*e[3*n+j]
		}
	}
}
