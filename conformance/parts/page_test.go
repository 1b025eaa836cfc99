package main

import (
	"strings"
	"testing"
	"time"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/passes"
)

func TestPage(t *testing.T) {
	rows := []row{
		{name: "a", parts: conformance.Parts{passes.KindAttention: 2, passes.KindNorm: 5},
			ours: &conformance.Optimised{Nodes: 90, Operators: map[string]int{"Attention": 1, "MatMul": 8}, Found: []passes.Finding{{Kind: passes.KindAttention}},
				Missed: []passes.Miss{{}}, Import: 1500 * time.Microsecond, Run: 25 * time.Millisecond},
			theirs: fusions{Before: map[string]int{"MatMul": 9, "LayerNormalization": 1, "Constant": 5, "Softmax": 1},
				After: map[string]int{"MatMul": 8, "Softmax": 2, "com.microsoft.FusedMatMul": 1, "LayerNormalization": 3, "com.microsoft.SkipLayerNormalization": 2, "Constant": 5}}},
		{name: "b", ours: &conformance.Optimised{}, theirs: fusions{Failed: "no"}},
		{name: "c", ours: &conformance.Optimised{}},
	}
	got := page(rows, []point{{100, time.Millisecond, 2 * time.Millisecond}})
	for _, want := range []string{
		"\n| a | 90 | 9 | 1 of 2 | 0 of 5 | | | | 1 | 1.5 ms | 25 ms | 16 | 5 | | 4 | | | |\n",
		"\n| b | 0 | 0 | | | | | | none | 0.0 ms | 0.0 ms | fails | | | | | | |\n",
		"\n| c | 0 | 0 | | | | | | none | 0.0 ms | 0.0 ms | | | | | | | |\n",
		"\n| 100 | 1.0 ms | 2.0 ms | 30.0 µs |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestTower: every block of a tower becomes the same few operators, however many there are.
func TestTower(t *testing.T) {
	for _, blocks := range []int{1, 7} {
		o, err := conformance.Optimise(tower(blocks))
		if err != nil {
			t.Fatal(err)
		}
		want := conformance.Parts{passes.KindAttention: blocks, passes.KindNorm: 2 * blocks, passes.KindActivation: blocks, passes.KindRotary: 2 * blocks}
		if o.Parts().String() != want.String() || len(o.Missed) > 0 {
			t.Errorf("%d blocks: found %v, missed %v", blocks, o.Parts(), o.Missed)
		}
		if o.Nodes != 79*blocks {
			t.Errorf("%d nodes in %d blocks", o.Nodes, blocks)
		}
	}
}
