package export_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Attention that appends to a cache, with all that ONNX cannot say of one.
const cached = `graph "g"(%q "q": f32[B, S, 8], %k "k": f32[B, S, 4], %v "v": f32[B, 1, S, 3], %pk "past.k": f32[B, 1, P, 4], %pv "past.v": f32[B, 1, P, 3], %slopes "slopes": f32[2]) -> ("y" %y, "present.k" %a, "present.v" %b, "z" %z, "w" %w) {
  %start = Dims() {Elem=i64, Exprs=<2*P>} : i64[]
  %y, %a, %b, %c = Attention(%q, %k, %v, _, %pk, %pv, _, %start) {Heads=2, KVHeads=1, Causal=true, Append=true} : f32[B, S, 6], f32[B, 1, P + S, 4], f32[B, 1, P + S, 3], f32[B, 2, S, P + S]
  %z, %d, %e, %f = Attention(%q, %k, %v, _, %pk, %pv, _, _, _, %slopes) {Heads=2, KVHeads=1, Causal=true, Append=true} : f32[B, S, 6], f32[B, 1, P + S, 4], f32[B, 1, P + S, 3], f32[B, 2, S, P + S]
  %w, %g, %h, %i = Attention(%q, %k, %v, _, %pk, %pv) {Heads=2, KVHeads=1, Causal=true, Append=true} : f32[B, S, 6], f32[B, 1, P + S, 4], f32[B, 1, P + S, 3], f32[B, 2, S, P + S]
}`

// TestAppend writes attention with a cache and compares what is read back.
func TestAppend(t *testing.T) {
	g, err := ir.Parse(cached)
	if err != nil {
		t.Fatal(err)
	}
	m, err := export.Model(g, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	back, err := onnx.Import(m)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var in []tensor.Value
	for _, shape := range [][]int{{2, 3, 8}, {2, 3, 4}, {2, 1, 3, 3}, {2, 1, 5, 4}, {2, 1, 5, 3}, {2}} {
		x := tensor.New(tensor.Float32, shape...)
		for i := range x.Len() {
			x.SetFloat64(i, r.NormFloat64())
		}
		in = append(in, x)
	}
	want, err := ir.Evaluate(context.Background(), g, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ir.Evaluate(context.Background(), back, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		a, b := want[i].(*tensor.Tensor), got[i].(*tensor.Tensor)
		if a.Len() != b.Len() {
			t.Fatalf("result %d is %v, was %v", i, b, a)
		}
		for k := range a.Len() {
			if x, y := a.Float64(k), b.Float64(k); math.Abs(x-y) > 1e-5 {
				t.Fatalf("result %d[%d] is %g, was %g", i, k, y, x)
			}
		}
	}
}
