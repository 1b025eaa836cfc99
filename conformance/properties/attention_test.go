package properties

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

var recognised = map[string]int{"Attention": 1, "Softmax": 0}

// TestOrthogonal: among orthogonal inputs with exp(x·x) far above their number, each attends to itself alone, so that attention without weights
// returns its input.
func TestOrthogonal(t *testing.T) {
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			const size = 16
			m := newModel(t)
			x := m.input("x", tensor.Float32, "batch", "rows", size)
			p := m.compile(recognised, m.selfAttention(x, block{spelling: s, heads: 1, size: size}))
			for _, rows := range []int{1, 2, 7, 16} {
				in := orthogonal(rows, size, 9)
				scores := 81 / math.Sqrt(size) // x·x/√size; beside it, others are 0
				off := float64(rows) * math.Exp(-scores)
				if d := difference(t, p.run(in), in); d > rounding+off {
					t.Errorf("%d rows: the result differs from the input by %g, at most %g is left to other rows", rows, d, off)
				}
			}
		})
	}
}

// orthogonal is rows, at most size, of that norm that are orthogonal: rotated axes.
func orthogonal(rows, size int, norm float64) *tensor.Tensor {
	x := tensor.New(tensor.Float32, 1, rows, size)
	for i := range rows {
		for k := range size { // the rows of the discrete cosine transform
			c := math.Sqrt(2/float64(size)) * math.Cos(math.Pi/float64(size)*(float64(k)+0.5)*float64(i))
			if i == 0 {
				c = math.Sqrt(1 / float64(size))
			}
			x.SetFloat64(i*size+k, norm*c)
		}
	}
	return x
}

// TestHeads: multi-head attention is the sum over heads of softmax(Q·Kᵀ/√d)·X·(W_v·W_o), of which the test computes each in float64.
func TestHeads(t *testing.T) {
	const heads, size = 3, 8
	const width = heads * size
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			r := seeded(1)
			m := newModel(t)
			x := m.input("x", tensor.Float32, "batch", "rows", width)
			b := block{spelling: s, heads: heads, size: size}
			for _, w := range []**tensor.Tensor{&b.wq, &b.wk, &b.wv, &b.wo} {
				*w = normal(r, 1/math.Sqrt(width), width, width)
			}
			p := m.compile(recognised, m.selfAttention(x, b))
			for _, rows := range []int{1, 5, 130} {
				in := normal(r, 1, 2, rows, width)
				want := tensor.New(tensor.Float32, 2, rows, width)
				for batch := range 2 {
					sum := make([]float64, rows*width)
					for h := range heads {
						addHead(sum, in, batch, &b, h)
					}
					for i, y := range sum {
						want.SetFloat64(batch*len(sum)+i, y)
					}
				}
				if d := difference(t, p.run(in), want); d > rounding {
					t.Errorf("%d rows: the result differs by %g of its peak from the sum over heads", rows, d)
				}
			}
		})
	}
}

// addHead adds softmax(Q·Kᵀ/√d)·X·(W_v·W_o) of one head to sum, [rows, width].
func addHead(sum []float64, x *tensor.Tensor, batch int, b *block, h int) {
	rows, width := x.Dim(1), x.Dim(2)
	in := func(i, k int) float64 { return x.Float64((batch*rows+i)*width + k) }
	// columns of a projection that belong to the head
	project := func(w *tensor.Tensor, i, d int) (y float64) {
		for k := range width {
			y += in(i, k) * w.Float64(k*width+h*b.size+d)
		}
		return y
	}
	matrix := func(f func(i, d int) float64, n, m int) [][]float64 {
		y := make([][]float64, n)
		for i := range y {
			y[i] = make([]float64, m)
			for d := range y[i] {
				y[i][d] = f(i, d)
			}
		}
		return y
	}
	q := matrix(func(i, d int) float64 { return project(b.wq, i, d) }, rows, b.size)
	k := matrix(func(i, d int) float64 { return project(b.wk, i, d) }, rows, b.size)
	vo := matrix(func(i, j int) (y float64) { // W_v·W_o
		for d := range b.size {
			y += b.wv.Float64(i*width+h*b.size+d) * b.wo.Float64((h*b.size+d)*width+j)
		}
		return y
	}, width, width)
	xvo := matrix(func(i, j int) (y float64) {
		for k := range width {
			y += in(i, k) * vo[k][j]
		}
		return y
	}, rows, width)
	for i := range rows {
		weights, total := make([]float64, rows), 0.0
		for j := range rows {
			dot := 0.0
			for d := range b.size {
				dot += q[i][d] * k[j][d]
			}
			weights[j] = math.Exp(dot / math.Sqrt(float64(b.size)))
			total += weights[j]
		}
		for j, w := range weights {
			for e := range width {
				sum[i*width+e] += w / total * xvo[j][e]
			}
		}
	}
}

// TestVariance: the variance of q·k is the size d of a head for independent normal q and k, and the scale 1/√d brings it to 1. Scores are read off
// the recognised operator: where V is the identity, results are weights, and their logarithms are the scores but for a constant a row.
func TestVariance(t *testing.T) {
	const rows = 256
	identity := tensor.New(tensor.Float32, 1, 1, rows, rows)
	for i := range rows {
		identity.SetFloat64(i*rows+i, 1)
	}
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			for _, size := range []int{4, 16, 64} {
				for _, scaled := range []bool{true, false} {
					want := 1.0
					m := newModel(t)
					a := attention{heads: 1, size: size}
					a.q, a.k = m.input("q", tensor.Float32, 1, 1, rows, size), m.input("k", tensor.Float32, 1, 1, rows, size)
					a.v = m.input("v", tensor.Float32, 1, 1, rows, rows)
					if !scaled { // take the scale back
						a.q, want = m.op("Mul", a.q, m.float(math.Sqrt(float64(size)))), float64(size)
					}
					var y string
					if s.name == "contrib" { // its values are of the size of keys
						y = opset23(m, a)
					} else {
						y = s.write(m, a)
					}
					p := m.compile(recognised, y)
					r := seeded(uint64(size))
					got := variance(p.run(normal(r, 1, 1, 1, rows, size), normal(r, 1, 1, 1, rows, size), identity))
					if math.Abs(got-want) > 0.05*want {
						t.Errorf("size %d: the variance of scores is %g, want %g", size, got, want)
					}
				}
			}
		})
	}
}

// variance is the mean over rows of the variance of the logarithms of weights [1, 1, n, n].
func variance(weights *tensor.Tensor) float64 {
	n := weights.Dim(3)
	sum := 0.0
	for i := range n {
		mean, squares := 0.0, 0.0
		for j := range n {
			s := math.Log(weights.Float64(i*n + j))
			mean += s / float64(n)
			squares += s * s / float64(n)
		}
		sum += squares - mean*mean
	}
	return sum / float64(n)
}
