package main

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// A third squared is known more precisely in float64; Cast and the bodies of If compute with it too, and what takes float32 only does so.
func TestWiden(t *testing.T) {
	g, err := ir.Parse(`graph "g"(%x "x": f32[2], %c "c": bool[]) -> ("y" %y, "q" %q) {
  %third = Const() {Value=f32[1] [0.33333334]}
  %i = Cast(%x) {To=i64, Saturate=true}
  %f = Cast(%i) {To=f32, Saturate=true}
  %p = Mul(%f, %third)
  %y = If(%c, %p) {Then=graph "then"(%a: f32[2]) -> ("o" %o) {
    %o = Mul(%a, %a)
  }, Else=graph "else"(%b: f32[2]) -> ("n" %n) {
    %n = Neg(%b)
  }}
  %q, %scale, %zero = DynamicQuantizeLinear(%x)
}`)
	if err != nil {
		t.Fatal(err)
	}
	w, err := widen(g)
	if err != nil {
		t.Fatal(err)
	}
	if err := ir.Verify(w.graph); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.left, []string{"DynamicQuantizeLinear"}) {
		t.Errorf("left in float32: %q", w.left)
	}
	out, err := ir.Evaluate(context.Background(), w.graph, []tensor.Value{tensor.Must([]float64{1, 3}, 2), tensor.Scalar(true)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	third := float64(float32(0.33333334))
	for i, want := range []float64{third * third, 3 * third * (3 * third)} {
		if got := out[0].(*tensor.Tensor).Float64(i); got != want {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}

func TestDifference(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		got  []float32
		want []float64
		diff float64
		fail bool
	}{
		{[]float32{1, 2}, []float64{1, 2}, 0, false},
		{[]float32{1, -4}, []float64{1.5, -4}, 0.125, false},
		{[]float32{float32(inf), float32(nan)}, []float64{inf, nan}, 0, false},
		{[]float32{0, 1}, []float64{nan, 1}, 0, true},
		{[]float32{float32(inf), 1}, []float64{1, 1}, 0, true},
		{[]float32{1}, []float64{1, 1}, 0, true},
	} {
		d, err := difference([]*tensor.Tensor{tensor.Must(c.got, len(c.got))}, []tensor.Value{tensor.Must(c.want, len(c.want))})
		if d != c.diff || (err != nil) != c.fail {
			t.Errorf("%v against %v: %g, %v", c.got, c.want, d, err)
		}
	}
}
