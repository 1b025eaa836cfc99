package ir_test

import (
	"slices"
	"testing"

	"github.com/gocompile/gocompile/ir"
	_ "github.com/gocompile/gocompile/ir/op"
)

func TestOriginWith(t *testing.T) {
	var all ir.Origin
	for i := range int32(5000) {
		all = all.With(ir.Origin{4999 - i})
	}
	if len(all) != 4096 || !slices.IsSorted(all) {
		t.Errorf("%d numbers, sorted: %v", len(all), slices.IsSorted(all))
	}
	if got := (ir.Origin{1, 5}).With(ir.Origin{3, 5, 7}); !slices.Equal(got, ir.Origin{1, 3, 5, 7}) {
		t.Errorf("got %v", got)
	}
	if got := ir.Origin(nil).With(nil); got != nil {
		t.Errorf("nothing with nothing is %v", got)
	}
}

// TestCredit replaces the last node of a graph: what only it needs is credited to what takes its place, what others need is not.
func TestCredit(t *testing.T) {
	g, err := ir.Parse(`graph "g"(%0 "x": f32[3]) -> ("y" %5, "z" %2) {
  %1 = Const() {Value=f32[] [2]} : f32[]
  %2 = Exp(%0) : f32[3]
  %3 = Mul(%2, %1) : f32[3]
  %4 = Neg(%3) : f32[3]
  %5 = Add(%4, %3) : f32[3]
}`)
	if err != nil {
		t.Fatal(err)
	}
	nodes := g.Trace()
	if len(nodes) != 4 { // the constant has no number
		t.Fatalf("%d nodes have a number", len(nodes))
	}
	last := nodes[3]
	m, err := g.InsertBefore(last, last.Op, last.Input(0).Def().Input(0), last.Input(1))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.Origin, ir.Origin{3}) {
		t.Errorf("inserted: %v", m.Origin)
	}
	ir.Credit(m, last) // still in use
	if !slices.Equal(m.Origin, ir.Origin{3}) {
		t.Errorf("credited for what is still there: %v", m.Origin)
	}
	g.ReplaceUses(last.Out()[0], m.Out()[0])
	ir.Credit(m, last)
	if !slices.Equal(m.Origin, ir.Origin{2, 3}) {
		t.Errorf("got %v", m.Origin)
	}
}
