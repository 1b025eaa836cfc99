package properties

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

// positions are the numbers of the rows of x [batch, heads, rows, size], [1, rows].
func (m *model) positions(x string) string {
	return m.op("Unsqueeze", m.op("Range", m.int(0), m.size(x, 2), m.int(1)), m.ints(0))
}

// frequencies is 10000^(−2k/size) for each pair.
func frequencies(size int) *tensor.Tensor {
	f := tensor.New(tensor.Float32, size/2)
	for k := range size / 2 {
		f.SetFloat64(k, math.Pow(10000, -2*float64(k)/float64(size)))
	}
	return f
}

// rotateHalves turns x as Llama does: angles from frequencies on the fly, each twice, and the first and second half of a head as pairs.
func rotateHalves(m *model, x, positions string, size int) string {
	f := m.op("Unsqueeze", m.constant(frequencies(size)), m.ints(0, 2)) // [1, size/2, 1]
	p := m.op("Cast", m.op("Unsqueeze", positions, m.ints(1)), attrInt("to", int64(tensor.Float32)))
	angles := m.transpose(m.op("MatMul", f, p), 0, 2, 1) // [batch, rows, size/2]
	twice := m.op("Concat", angles, angles, attrInt("axis", -1))
	cos, sin := m.op("Unsqueeze", m.op("Cos", twice), m.ints(1)), m.op("Unsqueeze", m.op("Sin", twice), m.ints(1))
	half := int64(size / 2)
	turned := m.op("Concat", m.op("Neg", m.slice(x, 3, half, math.MaxInt64, 1)), m.slice(x, 3, 0, half, 1), attrInt("axis", -1))
	return m.op("Add", m.op("Mul", x, cos), m.op("Mul", turned, sin))
}

// rotateNeighbours turns x as RoFormer and GPT-J do: even and odd elements as pairs.
func rotateNeighbours(m *model, x, positions string, size int) string {
	p := m.op("Cast", m.op("Unsqueeze", positions, m.ints(2)), attrInt("to", int64(tensor.Float32)))
	angles := m.op("Unsqueeze", m.op("Mul", p, m.constant(frequencies(size))), m.ints(1)) // [batch, 1, rows, size/2]
	cos, sin := m.op("Cos", angles), m.op("Sin", angles)
	a, b := m.slice(x, 3, 0, math.MaxInt64, 2), m.slice(x, 3, 1, math.MaxInt64, 2)
	re := m.op("Sub", m.op("Mul", a, cos), m.op("Mul", b, sin))
	im := m.op("Add", m.op("Mul", a, sin), m.op("Mul", b, cos))
	pairs := m.op("Concat", m.op("Unsqueeze", re, m.ints(-1)), m.op("Unsqueeze", im, m.ints(-1)), attrInt("axis", -1))
	return m.op("Reshape", pairs, m.op("Shape", x))
}

// rotateFirst turns the first half of each head only, as GPT-NeoX does.
func rotateFirst(m *model, x, positions string, size int) string {
	half := int64(size / 2)
	turned := rotateHalves(m, m.slice(x, 3, 0, half, 1), positions, size/2)
	return m.op("Concat", turned, m.slice(x, 3, half, math.MaxInt64, 1), attrInt("axis", -1))
}

// rotateOperator uses the operator of opset 23, with tables gathered by position.
func rotateOperator(m *model, x, positions string, size int) string {
	const rows = 1 << 14
	f := frequencies(size)
	cos, sin := tensor.New(tensor.Float32, rows, size/2), tensor.New(tensor.Float32, rows, size/2)
	for i := range rows {
		for k := range size / 2 {
			c, s := math.Cos(float64(i)*f.Float64(k)), math.Sin(float64(i)*f.Float64(k))
			cos.SetFloat64(i*size/2+k, c)
			sin.SetFloat64(i*size/2+k, s)
		}
	}
	return m.op("RotaryEmbedding", x, m.constant(cos), m.constant(sin), positions)
}

var rotations = []struct {
	name  string
	write func(m *model, x, positions string, size int) string
}{{"halves", rotateHalves}, {"neighbours", rotateNeighbours}, {"first half of a head", rotateFirst}, {"operator", rotateOperator}}

// TestRotary: a rotary embedding keeps the norm of each row, and scores of rotated queries and keys depend on their relative position only, at any length.
func TestRotary(t *testing.T) {
	const heads, size = 2, 16
	for _, rot := range rotations {
		t.Run(rot.name, func(t *testing.T) {
			m := newModel(t)
			q, k := m.input("q", tensor.Float32, "batch", heads, "rows", size), m.input("k", tensor.Float32, "batch", heads, "rows", size)
			at := m.input("positions", tensor.Int64, "batch", "rows")
			turned, other := rot.write(m, q, at, size), rot.write(m, k, at, size)
			scores := m.op("MatMul", turned, m.transpose(other, 0, 1, 3, 2))
			p := m.compile(map[string]int{"Rotary": 2, "Concat": 0, "Neg": 0}, turned, scores)
			r := seeded(7)
			for _, rows := range []int{1, 2, 33, 200} {
				in, keys := normal(r, 1, 1, heads, rows, size), normal(r, 1, 1, heads, rows, size)
				y, first := p.both(in, keys, from(0, rows))
				for i := range heads * rows {
					was, is := norm(in, i), norm(y, i)
					if math.Abs(was-is) > rounding*was {
						t.Fatalf("%d rows: row %d has the norm %g after, %g before", rows, i, is, was)
					}
				}
				if rows > 1 && difference(t, y, in) < 0.1 {
					t.Errorf("%d rows: nothing is turned", rows)
				}
				for _, shift := range []int{1, 100, 5000} {
					_, shifted := p.both(in, keys, from(shift, rows))
					// An angle is off by the rounding of a product of that size.
					if d, limit := difference(t, shifted, first), rounding+float64(shift+rows)*0x1p-23; d > limit {
						t.Errorf("%d rows moved by %d: scores differ by %g of their peak, at most %g is rounding", rows, shift, d, limit)
					}
				}
			}
		})
	}
}

// TestRotaryAttention: attention of rotated queries and keys, one operator each, gives the same wherever the rows stand.
func TestRotaryAttention(t *testing.T) {
	const heads, size = 2, 16
	for _, s := range spellings {
		for _, rot := range rotations {
			t.Run(s.name+" "+rot.name, func(t *testing.T) {
				m := newModel(t)
				x := m.input("x", tensor.Float32, "batch", "rows", heads*size)
				at := m.input("positions", tensor.Int64, "batch", "rows")
				r := seeded(11)
				b := block{spelling: s, heads: heads, size: size, causal: true}
				b.wq, b.wk = normal(r, 0.2, heads*size, heads*size), normal(r, 0.2, heads*size, heads*size)
				b.turn = func(x string) string { return rot.write(m, x, at, size) }
				p := m.compile(map[string]int{"Attention": 1, "Softmax": 0, "Rotary": 2, "Concat": 0, "Neg": 0}, m.selfAttention(x, b))
				for _, rows := range []int{2, 150} {
					in := normal(r, 1, 1, rows, heads*size)
					first := p.run(in, from(0, rows))
					for _, shift := range []int{1, 100, 5000} {
						if d, limit := difference(t, p.run(in, from(shift, rows)), first), rounding+float64(shift+rows)*0x1p-23; d > limit {
							t.Errorf("%d rows moved by %d: results differ by %g of their peak, at most %g is rounding", rows, shift, d, limit)
						}
					}
				}
			})
		}
	}
}

// both runs a program of two outputs.
func (p *program) both(in ...tensor.Value) (a, b *tensor.Tensor) {
	p.Helper()
	out, err := p.session.RunOrdered(p.Context(), in)
	if err != nil {
		p.Fatal(err)
	}
	return out[0].(*tensor.Tensor), out[1].(*tensor.Tensor)
}

// from is the positions first, first+1, … as [1, n].
func from(first, n int) *tensor.Tensor {
	x := tensor.New(tensor.Int64, 1, n)
	for i := range n {
		x.SetInt64(i, int64(first+i))
	}
	return x
}

// norm is that of row i of the last axis.
func norm(x *tensor.Tensor, i int) float64 {
	size, sum := x.Dim(x.Rank()-1), 0.0
	for k := range size {
		sum += x.Float64(i*size+k) * x.Float64(i*size+k)
	}
	return math.Sqrt(sum)
}
