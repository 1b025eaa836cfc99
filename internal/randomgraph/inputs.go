package randomgraph

import (
	"math"
	"math/rand/v2"
	"os"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Tensor is filled with normal random numbers times scale.
func Tensor(r *rand.Rand, scale float64, shape ...int) *tensor.Tensor {
	t := tensor.New(tensor.Float32, shape...)
	for i, x := 0, tensor.Data[float32](t); i < len(x); i++ {
		x[i] = float32(r.NormFloat64() * scale)
	}
	return t
}

// Inputs are inputs of a random graph for a batch b of n rows, and a random number of past ones. Indices are valid for any axis that is not empty.
func Inputs(r *rand.Rand, g *ir.Graph, b, n int) []tensor.Value {
	binding := g.Scope.NewBinding()
	bindSizes(g.Scope, binding, map[string]int{"B": b, "N": n, "P": r.IntN(5)})
	var in []tensor.Value
	for _, v := range g.Inputs() {
		in = append(in, inputOf(r, v, binding, n))
	}
	return in
}

// bindSizes binds the symbols of inputs.
func bindSizes(scope *sym.Scope, b sym.Binding, sizes map[string]int) {
	for _, s := range scope.Symbols() {
		if size, ok := sizes[s.Name()]; ok {
			_ = sym.Bind(b, []sym.Expr{s.Expr()}, []int{size})
		}
	}
}

// inputOf draws an input.
func inputOf(r *rand.Rand, v *ir.Value, b sym.Binding, rows int) *tensor.Tensor {
	shape := make([]int, len(v.Type.Dims))
	for i, d := range v.Type.Dims {
		k, err := d.Eval(b)
		if err != nil {
			panic(err)
		}
		shape[i] = int(k)
	}
	t := tensor.New(v.Type.Elem, shape...)
	switch v.Type.Elem {
	case tensor.Float32:
		return Tensor(r, 1, shape...)
	case tensor.Bool:
		for i, x := 0, tensor.Data[bool](t); i < len(x); i++ {
			x[i] = r.IntN(2) == 0 || v.Name == "keep" && i%rows == 0
		}
	case tensor.Int64:
		for i, x := 0, tensor.Data[int64](t); i < len(x); i++ {
			x[i] = -int64(r.IntN(2))
		}
	}
	return t
}

// Close reports whether a result is what was expected but for roundings.
func Close(got, want *tensor.Tensor) bool {
	if got.DType() != want.DType() || got.Len() != want.Len() || len(got.Shape()) != len(want.Shape()) {
		return false
	}
	for i, d := range want.Shape() {
		if got.Dim(i) != d {
			return false
		}
	}
	if !want.DType().IsFloat() {
		return tensor.Equal(got, want)
	}
	peak := 1.0
	for i := range want.Len() {
		if a := math.Abs(want.Float64(i)); a > peak && !math.IsInf(a, 0) {
			peak = a
		}
	}
	for i := range want.Len() {
		g, w := got.Float64(i), want.Float64(i)
		if g != w && !(g != g && w != w) && !(math.Abs(g-w) <= 1e-4*peak) {
			return false
		}
	}
	return true
}

// Count is the number of random graphs of a test: some in normal runs, and as many as nightly says where GOCOMPILE_NIGHTLY is set.
func Count(normal, nightly int) int {
	if os.Getenv("GOCOMPILE_NIGHTLY") != "" {
		return nightly
	}
	return normal
}
