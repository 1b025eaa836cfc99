package passes_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

// block is a layer norm spelled out, and attention of a projection of its result to another value.
const block = `graph "g"(%x: f32[B, S, 8], %k: f32[B, 2, T, 4], %v: f32[B, 2, T, 4]) -> ("y" %y) {
  %last = Const() {Value=i64[1] [-1]} : i64[1]
  %e = Const() {Value=f32[] [1e-05]} : f32[]
  %two = Const() {Value=f32[] [2]} : f32[]
  %m = ReduceMean(%x, %last) {KeepDims=true} : f32[B, S, 1] @"norm/mean"
  %d = Sub(%x, %m) : f32[B, S, 8] @"norm/centre"
  %d2 = Pow(%d, %two) : f32[B, S, 8] @"norm/square"
  %w = ReduceMean(%d2, %last) {KeepDims=true} : f32[B, S, 1] @"norm/variance"
  %we = Add(%w, %e) : f32[B, S, 1] @"norm/epsilon"
  %r = Sqrt(%we) : f32[B, S, 1] @"norm/root"
  %n = Div(%d, %r) : f32[B, S, 8] @"norm/quotient"
  %shape = Dims() {Elem=i64, Shape=[4], Exprs=<B, S, 2, 4>} : i64[4]
  %q3 = Reshape(%n, %shape) : f32[B, S, 2, 4] @"heads"
  %q = Transpose(%q3) {Perm=[0, 2, 1, 3]} : f32[B, 2, S, 4] @"exchange"
  %s = MatMul(%q, %k) {TransB=true} : f32[B, 2, S, T] @"scores"
  %p = Softmax(%s) {Axis=-1} : f32[B, 2, S, T] @"weights"
  %y = MatMul(%p, %v) : f32[B, 2, S, 4] @"sum"
}`

func TestReport(t *testing.T) {
	g := parse(t, block)
	r := &passes.Report{}
	if _, err := passes.Optimize(g, passes.Options{Report: r}); err != nil {
		t.Fatal(err)
	}
	want := []passes.Finding{
		{Kind: passes.KindNorm, Attributes: map[string]any{"operator": "LayerNorm", "size": int64(8)},
			Nodes: []string{"norm/mean", "norm/centre", "norm/square", "norm/variance", "norm/epsilon", "norm/root", "norm/quotient"}},
		{Kind: passes.KindAttention, Attributes: map[string]any{"heads": int64(2), "size": int64(4)}, Nodes: []string{"scores", "weights", "sum"}},
	}
	if got := r.Found(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found\n%v\nwant\n%v", got, want)
	}
	if len(r.Missed()) != 0 {
		t.Errorf("missed %v", r.Missed())
	}
	names := r.Imported()
	g.Walk(func(n *ir.Node) {
		for _, i := range n.Origin {
			if int(i) >= len(names) {
				t.Errorf("%v comes from node %d of %d", n, i, len(names))
			}
		}
	})
}

// TestReportMissed switches every recogniser off, so that what is left of each part must be noticed.
func TestReportMissed(t *testing.T) {
	g := parse(t, block)
	r := &passes.Report{}
	off := map[string]bool{"norm": true, "attention": true}
	if _, err := passes.Optimize(g, passes.Options{Report: r, Disable: off}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range r.Missed() {
		got = append(got, m.Kind+" "+m.Node)
	}
	if want := []string{"norm norm/quotient", "attention sum"}; !slices.Equal(got, want) {
		t.Errorf("missed %q, want %q", got, want)
	}
	if len(r.Found()) != 0 {
		t.Errorf("found %v", r.Found())
	}
}
