package op_test

import (
	"context"
	"math"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func draw(t *testing.T, o ir.Op, in tensor.Value) *tensor.Tensor {
	t.Helper()
	c := &ir.EvalContext{Context: context.Background(), In: []tensor.Value{in}}
	if err := ir.CallEval(o, c); err != nil {
		t.Fatal(err)
	}
	return c.Out[0].(*tensor.Tensor)
}

// moments are mean and variance.
func moments(x *tensor.Tensor) (mean, variance float64) {
	n := float64(x.Len())
	for i := range x.Len() {
		mean += x.Float64(i) / n
	}
	for i := range x.Len() {
		variance += (x.Float64(i) - mean) * (x.Float64(i) - mean) / n
	}
	return mean, variance
}

// TestRandom: moments may be five standard deviations off.
func TestRandom(t *testing.T) {
	const n = 40000
	shape := tensor.Must([]int64{n / 100, 100}, 2)
	seed := uint64(7)
	for _, d := range []tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16} {
		for _, s := range []*uint64{nil, &seed} {
			x := draw(t, &op.Random{A: -1, B: 3, Elem: d, Seed: s}, shape)
			mean, variance := moments(x)
			if width := 16.0 / 12; math.Abs(mean-1) > 5*math.Sqrt(width/n)+0.01 || math.Abs(variance-width) > 0.05 {
				t.Errorf("%v uniform: mean %v, variance %v", d, mean, variance)
			}
			for i := range x.Len() {
				if v := x.Float64(i); v < -1 || v > 3 {
					t.Fatalf("%v: %v is not within [-1, 3]", d, v)
				}
			}
			if mean, variance := moments(draw(t, &op.Random{Normal: true, A: 2, B: 3, Elem: d, Seed: s}, shape)); math.Abs(mean-2) > 5*3/math.Sqrt(n)+0.01 ||
				math.Abs(variance-9) > 5*9*math.Sqrt(2.0/n)+0.05 {
				t.Errorf("%v normal: mean %v, variance %v", d, mean, variance)
			}
		}
	}
	a, b := draw(t, &op.Random{B: 1, Elem: tensor.Float32, Seed: &seed}, shape), draw(t, &op.Random{B: 1, Elem: tensor.Float32, Seed: &seed}, shape)
	if !tensor.Equal(a, b) {
		t.Error("the same seed gives different numbers")
	}
	if c := draw(t, &op.Random{B: 1, Elem: tensor.Float32}, shape); tensor.Equal(a, c) {
		t.Error("no seed gives the same numbers as a seed")
	}
}

func TestMultinomial(t *testing.T) {
	const n = 30000
	p := []float64{0.5, 0, 0.2, 0.3}
	logs := tensor.New(tensor.Float32, 2, 4)
	for i, v := range p {
		logs.SetFloat64(i, math.Log(v)+5) // not normalised
		logs.SetFloat64(4+i, math.Log(p[3-i]))
	}
	for _, d := range []tensor.DType{tensor.Int32, tensor.Int64} {
		y := draw(t, &op.Multinomial{Count: n, Elem: d}, logs)
		for row := range 2 {
			count := make([]float64, 4)
			for i := range n {
				count[y.Int64(row*n+i)]++
			}
			for i, got := range count {
				want := p[i]
				if row == 1 {
					want = p[3-i]
				}
				if math.Abs(got-n*want) > 5*math.Sqrt(n*want*(1-want)) {
					t.Errorf("row %d: class %d is drawn %v times of %d at probability %v", row, i, got, n, want)
				}
			}
		}
	}
}
