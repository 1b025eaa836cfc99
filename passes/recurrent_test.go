package passes_test

import (
	"fmt"
	"strings"
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

// TestSharedSums looks at sums in which every value is used twice, and so lies on more paths than can be walked.
func TestSharedSums(t *testing.T) {
	var b strings.Builder
	b.WriteString("graph \"g\"(%x: f32[B, 2], %h: f32[B, 2]) -> (\"y\" %y) {\n  %w = Const() {Value=f32[2, 2] [1, 2, 3, 4]}\n  %a = MatMul(%x, %w)\n  %s0 = Add(%a, %h)\n")
	for i := range 200 {
		fmt.Fprintf(&b, "  %%s%d = Add(%%s%d, %%s%d)\n", i+1, i, i)
	}
	b.WriteString("  %t = Tanh(%s200)\n  %u = Sigmoid(%s200)\n  %y = Mul(%t, %u)\n}")
	if _, err := passes.Optimize(parse(t, b.String()), passes.Options{Disable: allBut(t, []string{"cell"})}); err != nil {
		t.Fatal(err)
	}
}
