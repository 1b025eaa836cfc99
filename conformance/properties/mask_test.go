package properties

import (
	"fmt"
	"math"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// TestCausal: a causal program never reads what the mask hides. Whatever stands in later rows, NaN and infinities too, earlier rows are the same bit
// for bit.
func TestCausal(t *testing.T) {
	const heads, size = 2, 16
	const width = heads * size
	for _, s := range spellings {
		t.Run(s.name, func(t *testing.T) {
			r := seeded(9)
			m := newModel(t)
			x := m.input("x", tensor.Float32, "batch", "rows", width)
			weights := func() *tensor.Tensor { return normal(r, 1/math.Sqrt(width), width, width) }
			b := block{spelling: s, heads: heads, size: size, wq: weights(), wk: weights(), wv: weights(), wo: weights(), causal: true}
			b.turn = func(x string) string { return rotateHalves(m, x, m.positions(x), size) }
			y := m.op("Add", x, m.selfAttention(x, b))
			ones := tensor.New(tensor.Float32, width)
			for i := range width {
				ones.SetFloat64(i, 1)
			}
			y = m.op("Add", y, m.selfAttention(m.op("LayerNormalization", y, m.constant(ones)), b))
			p := m.compile(map[string]int{"Attention": 2, "Softmax": 0, "Where": 0, "Trilu": 0}, y)
			for _, rows := range []int{2, 9, 130, 300, 1100} {
				in := normal(r, 1, 2, rows, width)
				clean := p.run(in)
				for _, seen := range []int{1, rows / 2, rows - 1} {
					for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat32} {
						if rows > 300 && (seen != rows/2 || bad == bad) {
							continue // large ones once
						}
						planted := in.Clone()
						for batch := range 2 {
							for i := (batch*rows + seen) * width; i < (batch+1)*rows*width; i++ {
								planted.SetFloat64(i, bad)
							}
						}
						got := p.run(planted)
						for i := range 2 * rows * width {
							if row := i / width % rows; row < seen && got.Float64(i) != clean.Float64(i) {
								t.Fatalf("%d rows, %g from row %d on: row %d has %g, was %g", rows, bad, seen, row, got.Float64(i), clean.Float64(i))
							}
						}
						if last := got.Float64(got.Len() - 1); last == last && bad != math.MaxFloat32 {
							t.Fatalf("%d rows, %g from row %d on: the last row is finite, so nothing was read of it", rows, bad, seen)
						}
					}
				}
			}
		})
	}
}

// slopeBiases are ways in which exporters write the bias of ALiBi under a causal mask; what is the same in a row changes nothing.
var slopeBiases = []struct {
	name  string
	write func(m *model, q, slopes string) string
}{
	{"distance", func(m *model, q, slopes string) string { // −m·(i − j)
		i, j := m.distance(m.transpose(q, 0, 2, 1, 3))
		return m.op("Mul", m.op("Neg", m.op("Sub", i, j)), slopes)
	}},
	{"keys only", func(m *model, q, slopes string) string { // m·j, as BLOOM
		_, j := m.distance(m.transpose(q, 0, 2, 1, 3))
		return m.op("Mul", slopes, m.op("Unsqueeze", j, m.ints(0, 1)))
	}},
	{"from the last key", func(m *model, q, slopes string) string { // m·(j − (n − 1)), as MPT
		rows := m.size(q, 2)
		j := m.op("Range", m.op("Sub", m.int(1), rows), m.int(1), m.int(1))
		return m.op("Mul", m.op("Cast", j, attrInt("to", int64(tensor.Float32))), slopes)
	}},
}

// TestSlopes: attention with ALiBi is one slope a head, and equals attention with the bias −m·(i − j) added to its scores.
func TestSlopes(t *testing.T) {
	const heads, size = 4, 8
	for _, s := range spellings {
		if s.name == "opset23" || s.name == "contrib" {
			continue // their bias is an operand
		}
		for _, b := range slopeBiases {
			t.Run(fmt.Sprint(s.name, " ", b.name), func(t *testing.T) {
				slopes := tensor.New(tensor.Float32, heads, 1, 1)
				for h := range heads {
					slopes.SetFloat64(h, math.Pow(2, -2*float64(h+1)))
				}
				program := func(bias func(m *model, q string) string) *program {
					m := newModel(t)
					a := attention{heads: heads, size: size, causal: true}
					a.q, a.k, a.v = m.input("q", tensor.Float32, 1, heads, "rows", size), m.input("k", tensor.Float32, 1, heads, "rows", size), m.input("v", tensor.Float32, 1, heads, "rows", size)
					a.bias = bias(m, a.q)
					return m.compile(recognised, s.write(m, a))
				}
				alibi := program(func(m *model, q string) string { return b.write(m, q, m.constant(slopes)) })
				biased := program(func(m *model, q string) string { return m.input("bias", tensor.Float32, heads, "rows", "rows") })
				alibi.model.Graph().Walk(func(n *ir.Node) {
					if _, ok := n.Op.(*op.Attention); ok && (n.Input(op.AttentionSlopes) == nil || n.Input(op.AttentionMask) != nil) {
						t.Errorf("the bias has not become slopes: %v", n.In())
					}
				})
				r := seeded(10)
				for _, rows := range []int{1, 17, 300} {
					bias := tensor.New(tensor.Float32, heads, rows, rows)
					for k := range bias.Len() {
						h, i, j := k/rows/rows, k/rows%rows, k%rows
						bias.SetFloat64(k, -slopes.Float64(h)*float64(i-j))
					}
					q, k, v := normal(r, 1, 1, heads, rows, size), normal(r, 1, 1, heads, rows, size), normal(r, 1, 1, heads, rows, size)
					if d := difference(t, alibi.run(q, k, v), biased.run(q, k, v, bias)); d > rounding {
						t.Errorf("%d rows: slopes and bias differ by %g of the peak", rows, d)
					}
				}
			})
		}
	}
}
