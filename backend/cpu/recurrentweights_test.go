package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestRecurrentIntegers compares layers whose matrices are integers, in all the ways that scales and zero points may lie, with their reference evaluation. What has a
// scale a row is kept as integers; the other ways are numbers in the program.
func TestRecurrentIntegers(t *testing.T) {
	const hidden, input = 20, 9
	for _, c := range []struct {
		what        string
		elem        tensor.DType
		axis, block int
		zero        int64 // of all scales; -1: another for each
		rows        bool
	}{
		{"rows", tensor.Int8, 1, 0, 0, true},
		{"rows as blocks", tensor.Int8, 2, 20, 0, true},
		{"rows as blocks, from the end", tensor.Int8, -1, 64, 0, true},
		{"one scale", tensor.Int8, 1, -1, 0, true},
		{"rows in the middle of bytes", tensor.Uint8, 1, 0, 128, true},
		{"rows beside the middle of bytes", tensor.Uint8, 1, 0, 100, false},
		{"rows with zero points", tensor.Uint8, 1, 0, -1, false},
		{"blocks", tensor.Int8, 2, 4, 0, false},
		{"rows of half bytes", tensor.Int4, 1, 0, 0, true},
		{"blocks of half bytes", tensor.Uint4, 2, 4, 8, false},
		{"columns", tensor.Int8, 2, 0, 0, false},
		{"blocks of rows", tensor.Int8, 1, 7, 0, false},
	} {
		for dirs := 1; dirs <= 2; dirs++ {
			for _, shown := range []bool{false, true} { // whether the numbers are an output too
				t.Run(fmt.Sprintf("%s, %d directions, shown %v", c.what, dirs, shown), func(t *testing.T) {
					r := rand.New(rand.NewPCG(5, uint64(dirs)))
					scope := sym.NewScope()
					g := ir.NewGraph("integers", scope)
					x := g.AddInput("x", ir.TensorType(tensor.Float32, scope.Named("S").Expr(), scope.Named("N").Expr(), sym.Const(input)))
					integers := func(rows, cols int) *ir.Value {
						q := tensor.New(c.elem, dirs, rows, cols)
						lo, hi := op.QuantRange(c.elem)
						for i := range q.Len() {
							q.SetInt64(i, int64(lo)+r.Int64N(int64(hi-lo)+1))
						}
						shape := []int{dirs, rows, cols}
						switch block := c.block; {
						case block < 0:
							shape, block = nil, 0
						case block == 0:
							shape = shape[c.axis : c.axis+1]
						default:
							axis := axisOf(c.axis, 3)
							shape[axis] = (shape[axis] + block - 1) / block
						}
						scale, zero := tensor.New(tensor.Float32, shape...), tensor.New(c.elem, shape...)
						for i := range scale.Len() {
							scale.SetFloat64(i, (0.2+r.Float64())/(hi-lo))
							if zero.SetInt64(i, c.zero); c.zero < 0 {
								zero.SetInt64(i, int64(lo)+r.Int64N(int64(hi-lo)+1))
							}
						}
						in := []*ir.Value{g.Const(q), g.Const(scale)}
						if c.zero != 0 {
							in = append(in, g.Const(zero))
						}
						n, err := g.Add(&op.DequantizeLinear{Axis: c.axis, BlockSize: max(0, c.block)}, in...)
						if err != nil {
							t.Fatal(err)
						}
						return n.Out()[0]
					}
					direction := "forward"
					if dirs == 2 {
						direction = "bidirectional"
					}
					w := integers(3*hidden, input)
					n, err := g.Add(&op.GRU{HiddenSize: hidden, Direction: direction, LinearBeforeReset: true}, x, w, integers(3*hidden, hidden))
					if err != nil {
						t.Fatal(err)
					}
					outputs := []ir.Output{{Name: "y", Value: n.Out()[0]}}
					if shown {
						outputs = append(outputs, ir.Output{Name: "w", Value: w})
					}
					g.SetOutputs(outputs...)
					if kept := dequantized(w).rows() != nil; kept != c.rows {
						t.Errorf("kept as integers: %v, want %v", kept, c.rows)
					}
					program, err := Compile(g, Options{})
					if err != nil {
						t.Fatal(err)
					}
					steps := 1
					if shown {
						steps = 2
					}
					if len(program.steps) != steps {
						t.Errorf("%d steps, want %d", len(program.steps), steps)
					}
					for _, batch := range []int{1, 4} {
						in := tensor.New(tensor.Float32, 6, batch, input)
						for i := range in.Len() {
							in.SetFloat64(i, r.NormFloat64())
						}
						compareRecurrent(t, g, program.NewSession(), []tensor.Value{in}, 2e-5)
					}
				})
			}
		}
	}
}
