package passes_test

import (
	"testing"

	"github.com/gocompile/gocompile/passes"
)

// TestLargeTable multiplies a table with a weight if it gets no larger, or stays small.
func TestLargeTable(t *testing.T) {
	for table, folded := range map[string]bool{"f32[300000, 1]": false, "f32[300, 1]": true, "f32[100000, 4]": true} {
		weight := "f32[1, 4]"
		if table == "f32[100000, 4]" {
			weight = "f32[4, 4]"
		}
		g := parse(t, `graph "g"(%ids: i64[B]) -> ("y" %y) {
  %table = Const() {Value=`+table+` [splat 0.5]}
  %w = Const() {Value=`+weight+` [splat 2]}
  %r = Gather(%table, %ids)
  %y = MatMul(%r, %w)
}`)
		original := g.Clone()
		if _, err := passes.Optimize(g, passes.Options{Verify: true}); err != nil {
			t.Fatal(err)
		}
		if _, product := g.CountOps()["MatMul"]; product == folded {
			t.Errorf("a table %s times %s: folded is %v, want %v", table, weight, !product, folded)
		}
		agree(t, original, g, 1)
	}
}
