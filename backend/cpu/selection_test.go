package cpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// single is a graph of one operator on an input of that element type with open dimensions, followed by constants, nil where absent.
func single(t *testing.T, elem tensor.DType, rank int, o ir.Op, rest ...*tensor.Tensor) *ir.Graph {
	t.Helper()
	scope := sym.NewScope()
	g := ir.NewGraph("single", scope)
	dims := make([]sym.Expr, rank)
	for i := range dims {
		dims[i] = scope.Named(fmt.Sprint("D", i)).Expr()
	}
	in := []*ir.Value{g.AddInput("x", ir.TensorType(elem, dims...))}
	for _, c := range rest {
		if c == nil {
			in = append(in, nil)
		} else {
			in = append(in, g.Const(c))
		}
	}
	n, err := g.Add(o, in...)
	if err != nil {
		t.Fatal(err)
	}
	var outs []ir.Output
	for i, v := range n.Out() {
		outs = append(outs, ir.Output{Name: fmt.Sprint("y", i), Value: v})
	}
	g.SetOutputs(outs...)
	return g
}

// odd are numbers with ties, zeros of both signs, infinities and NaN.
func odd(r *rand.Rand, shape ...int) *tensor.Tensor {
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1, 1, -1, 1e-45}
	x := randomgraph.Tensor(r, 1, shape...)
	for i, d := 0, tensor.Data[float32](x); i < len(d); i++ {
		if r.IntN(2) == 0 {
			d[i] = special[r.IntN(len(special))]
		}
	}
	return x
}

func TestTopK(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, axis := range []int{0, 1, -1} {
		for _, smallest := range []bool{false, true} {
			for _, k := range []int64{0, 1, 2, 5} {
				g := single(t, tensor.Float32, 3, &op.TopK{Axis: axis, Smallest: smallest}, tensor.Must([]int64{k}, 1))
				agree(t, g, []tensor.Value{odd(r, 5, 6, 7)}, []tensor.Value{odd(r, 70, 5, 90)}, []tensor.Value{odd(r, 1, 5, 3)}, []tensor.Value{odd(r, 0, 5, 6)})
			}
		}
	}
}

func TestTrilu(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, upper := range []bool{false, true} {
		for _, k := range []int64{0, 1, -1, 3, -4, math.MaxInt64, math.MinInt64} {
			g := single(t, tensor.Float32, 3, &op.Trilu{Upper: upper}, tensor.Scalar(k))
			agree(t, g, []tensor.Value{odd(r, 2, 4, 5)}, []tensor.Value{odd(r, 1, 70, 3)}, []tensor.Value{odd(r, 3, 1, 1)}, []tensor.Value{odd(r, 2, 0, 3)})
		}
	}
	g := single(t, tensor.Bool, 2, &op.Trilu{})
	agree(t, g, []tensor.Value{tensor.Must([]bool{true, true, true, true, true, true}, 2, 3)})
}

func TestCumSum(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, axis := range []int64{0, 1, -1} {
		for _, o := range []*op.Cumulative{{}, {Exclusive: true}, {Reverse: true}, {Exclusive: true, Reverse: true}} {
			g := single(t, tensor.Float32, 3, o, tensor.Scalar(axis))
			agree(t, g, []tensor.Value{randomgraph.Tensor(r, 1, 3, 4, 5)}, []tensor.Value{randomgraph.Tensor(r, 1, 65, 7, 33)}, []tensor.Value{randomgraph.Tensor(r, 1, 2, 0, 3)})
		}
	}
}

func TestResize(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, o := range []op.Resize{
		{}, {Nearest: "floor", Coordinates: "asymmetric"}, {Nearest: "ceil", Coordinates: "align_corners"}, {Mode: "linear"},
		{Mode: "linear", Coordinates: "align_corners"}, {Mode: "linear", Antialias: true}, {Mode: "cubic", CubicA: -0.75},
		{Mode: "cubic", CubicA: -0.5, ExcludeOutside: true}, {Mode: "cubic", CubicA: -0.5, Antialias: true},
	} {
		for _, scales := range [][]float32{{1, 1, 2, 2}, {1, 1, 0.5, 3}, {1, 1, 1.5, 0.4}, {2, 1, 1, 1}, {1, 3, 1, 2}, {1, 1, 1, 1}} {
			g := single(t, tensor.Float32, 4, &o, nil, tensor.Must(scales, 4))
			agree(t, g, []tensor.Value{randomgraph.Tensor(r, 1, 1, 2, 5, 6)}, []tensor.Value{randomgraph.Tensor(r, 1, 2, 3, 40, 37)}, []tensor.Value{randomgraph.Tensor(r, 1, 1, 1, 1, 1)},
				[]tensor.Value{randomgraph.Tensor(r, 1, 0, 3, 4, 5)})
		}
		g := single(t, tensor.Float32, 4, &op.Resize{Mode: o.Mode, CubicA: o.CubicA, Antialias: o.Antialias, Axes: []int{-1, 2}, Policy: "not_larger"}, nil, nil, tensor.Must([]int64{9, 7}, 2))
		agree(t, g, []tensor.Value{randomgraph.Tensor(r, 1, 1, 2, 5, 6)}, []tensor.Value{randomgraph.Tensor(r, 1, 2, 3, 20, 3)})
	}
	// Infinities reach only the elements that they have a weight for.
	x := tensor.Must([]float32{1, float32(math.Inf(1)), 3, 4}, 1, 1, 2, 2)
	agree(t, single(t, tensor.Float32, 4, &op.Resize{Mode: "linear", Coordinates: "align_corners"}, nil, tensor.Must([]float32{1, 1, 2, 2}, 4)), []tensor.Value{x})
	for _, d := range []tensor.DType{tensor.Uint8, tensor.Int64, tensor.Float16} {
		y := tensor.New(d, 2, 3, 4)
		for i := range y.Len() {
			y.SetInt64(i, int64(i))
		}
		agree(t, single(t, d, 3, &op.Resize{}, nil, tensor.Must([]float32{1, 2, 0.5}, 3)), []tensor.Value{y})
		agree(t, single(t, d, 3, &op.Resize{}, nil, tensor.Must([]float32{2, 1, 1}, 3)), []tensor.Value{y})
	}
}
