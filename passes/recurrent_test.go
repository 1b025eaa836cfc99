package passes_test

import (
	"testing"

	"github.com/gocompile/gocompile/passes"
)

// TestZeroStatesOfOtherBatch keeps an initial state that need not fit the input, so that the program fails where it does not.
func TestZeroStatesOfOtherBatch(t *testing.T) {
	g := parse(t, `graph "g"(%x: f32[S, B, 3], %w: f32[1, 6, 3], %r: f32[1, 6, 2], %m: f32[M]) -> ("h" %h) {
  %d = Dims() {Elem=i64, Shape=[3], Exprs=<1, M, 2>} : i64[3]
  %z = ConstantOfShape(%d) {Value=f32[1] [0]} : f32[1, M, 2]
  %y, %h = GRU(%x, %w, %r, _, _, %z) : f32[S, 1, B, 2], f32[1, B, 2]
}`)
	before := g.CountOps()
	report := &passes.Report{}
	if _, err := passes.Optimize(g, passes.Options{Verify: true, Report: report}); err != nil {
		t.Fatal(err)
	}
	if after := g.CountOps(); after["ConstantOfShape"] != before["ConstantOfShape"] {
		t.Errorf("the zeros are gone:\n%s", text(g))
	}
	const want = "an initial state of zeros may be of another batch than the input"
	if m := report.Missed(); len(m) != 1 || m[0].Because != want {
		t.Errorf("missed %v, want %q", m, want)
	}
}
