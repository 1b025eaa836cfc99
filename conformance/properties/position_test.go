package properties

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

const (
	posHeads, posSize = 2, 8
	posWidth          = posHeads * posSize
	posRows           = 40 // that tables hold
)

// encoding is a way to tell attention where rows stand.
type encoding struct {
	name  string
	begin func(m *model, x string) string // what becomes of the input; nil: nothing
	block func(m *model, b *block, x string)
	nodes map[string]int // of the program
}

// encodings are those that transformers use, each as exporters write it.
var encodings = []encoding{
	{name: "sinusoidal", begin: func(m *model, x string) string { // a table, cut to the rows at hand
		table := tensor.New(tensor.Float32, 1, posRows, posWidth)
		for i := range posRows {
			for k := range posWidth / 2 {
				angle := float64(i) * math.Pow(10000, -2*float64(k)/posWidth)
				table.SetFloat64(i*posWidth+2*k, math.Sin(angle))
				table.SetFloat64(i*posWidth+2*k+1, math.Cos(angle))
			}
		}
		rows := m.op("Unsqueeze", m.size(x, 1), m.ints(0))
		return m.op("Add", x, m.op("Slice", m.constant(table), m.ints(0), rows, m.ints(1)))
	}},
	{name: "learned", begin: func(m *model, x string) string { // gathered by a range of positions
		table := m.constant(normal(seeded(3), 1, posRows, posWidth))
		ids := m.op("Unsqueeze", m.op("Range", m.int(0), m.size(x, 1), m.int(1)), m.ints(0))
		return m.op("Add", x, m.op("Gather", table, ids, attrInt("axis", 0)))
	}},
	{name: "rotary of halves", nodes: map[string]int{"Rotary": 2}, block: func(m *model, b *block, x string) {
		b.turn = func(x string) string { return rotateHalves(m, x, m.positions(x), posSize) }
	}},
	{name: "rotary of neighbours", nodes: map[string]int{"Rotary": 2}, block: func(m *model, b *block, x string) {
		b.turn = func(x string) string { return rotateNeighbours(m, x, m.positions(x), posSize) }
	}},
	{name: "ALiBi", block: func(m *model, b *block, x string) {
		b.causal = false
		i, j := m.distance(x)
		b.bias = m.op("Mul", m.op("Abs", m.op("Sub", j, i)), m.constant(tensor.Must([]float32{-0.5, -0.25}, posHeads, 1, 1)))
	}},
	{name: "buckets", block: func(m *model, b *block, x string) { b.bias = m.buckets(x) }},
	{name: "Shaw", block: func(m *model, b *block, x string) {
		write := b.write // the relative term needs the queries
		b.write = func(m *model, a attention) string {
			const reach = 4
			i, j := m.distance(x)
			at := m.op("Add", m.op("Clip", m.op("Cast", m.op("Sub", j, i), attrInt("to", int64(tensor.Int64))), m.int(-reach), m.int(reach)), m.int(reach))
			table := m.op("Gather", m.constant(normal(seeded(4), 1, 2*reach+1, posSize)), at)
			a.bias = m.op("Div", m.op("Einsum", a.q, table, attrString("equation", "bhid,ijd->bhij")), m.float(math.Sqrt(posSize)))
			return write(m, a)
		}
	}},
	{name: "causal", block: func(m *model, b *block, x string) { b.causal = true }},
}

// distance is the rows' numbers as floats, [rows, 1] and [rows].
func (m *model) distance(x string) (i, j string) {
	j = m.op("Cast", m.op("Range", m.int(0), m.size(x, 1), m.int(1)), attrInt("to", int64(tensor.Float32)))
	return m.op("Unsqueeze", j, m.ints(1)), j
}

// buckets is T5's bias: a number a head for each of 8 buckets of distance, which grow with the distance.
func (m *model) buckets(x string) string {
	const half, exact, furthest = 4, 2, 16
	ids := m.op("Range", m.int(0), m.size(x, 1), m.int(1))
	relative := m.op("Sub", m.op("Unsqueeze", ids, m.ints(0)), m.op("Unsqueeze", ids, m.ints(1)))
	later := m.op("Mul", m.op("Cast", m.op("Greater", relative, m.int(0)), attrInt("to", int64(tensor.Int64))), m.int(half))
	n := m.op("Abs", relative)
	far := m.op("Div", m.op("Log", m.op("Div", m.op("Cast", n, attrInt("to", int64(tensor.Float32))), m.float(exact))), m.float(math.Log(furthest/exact)))
	far = m.op("Add", m.op("Cast", m.op("Mul", far, m.float(half-exact)), attrInt("to", int64(tensor.Int64))), m.int(exact))
	far = m.op("Min", far, m.int(half-1))
	bucket := m.op("Add", later, m.op("Where", m.op("Less", n, m.int(exact)), n, far))
	bias := m.op("Gather", m.constant(normal(seeded(5), 1, 2*half, posHeads)), bucket) // [rows, rows, heads]
	return m.op("Unsqueeze", m.transpose(bias, 2, 0, 1), m.ints(0))
}

// TestPermutation: attention does not know where rows stand, so that rows in another order give the same rows in that order; with each encoding of
// positions, and with a causal mask, they do not.
func TestPermutation(t *testing.T) {
	for _, e := range append([]encoding{{name: "none"}}, encodings...) {
		t.Run(e.name, func(t *testing.T) {
			for _, s := range spellings {
				t.Run(s.name, func(t *testing.T) {
					r := seeded(6)
					m := newModel(t)
					x := m.input("x", tensor.Float32, "batch", "rows", posWidth)
					b := block{spelling: s, heads: posHeads, size: posSize}
					for _, w := range []**tensor.Tensor{&b.wq, &b.wk, &b.wv, &b.wo} {
						*w = normal(r, 1/math.Sqrt(posWidth), posWidth, posWidth)
					}
					if e.block != nil {
						e.block(m, &b, x)
					}
					in := x
					if e.begin != nil {
						in = e.begin(m, x)
					}
					p := m.compile(recognised, m.selfAttention(in, b))
					have := p.model.Graph().CountOps()
					for op, n := range e.nodes {
						if have[op] != n {
							t.Errorf("%d %s, want %d; all are %v", have[op], op, n, have)
						}
					}
					for _, rows := range []int{2, 9, posRows} {
						x := normal(r, 1, 1, rows, posWidth)
						perm := r.Perm(rows)
						if rows == 2 {
							perm = []int{1, 0}
						}
						d := difference(t, p.run(permuted(x, perm)), permuted(p.run(x), perm))
						if e.name == "none" && d > rounding {
							t.Errorf("%d rows: without positions, results in another order differ by %g of their peak", rows, d)
						}
						if e.name != "none" && rows > 2 && d < 0.01 {
							t.Errorf("%d rows: with positions, results in another order differ by %g of their peak only", rows, d)
						}
					}
				})
			}
		})
	}
}

// permuted is rows of x, [1, rows, width], in the order perm.
func permuted(x *tensor.Tensor, perm []int) *tensor.Tensor {
	y := tensor.New(tensor.Float32, x.Shape()...)
	width := x.Dim(2)
	for i, from := range perm {
		copy(tensor.Data[float32](y)[i*width:][:width], tensor.Data[float32](x)[from*width:][:width])
	}
	return y
}
