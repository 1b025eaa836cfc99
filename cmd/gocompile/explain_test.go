package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

func TestProse(t *testing.T) {
	part := func(kind string, pairs ...any) passes.Finding {
		f := passes.Finding{Kind: kind, Attributes: map[string]any{}}
		for i := 0; i < len(pairs); i += 2 {
			f.Attributes[pairs[i].(string)] = pairs[i+1]
		}
		return f
	}
	self := part(passes.KindAttention, "heads", int64(8), "size", int64(64), "kv_heads", int64(2), "causal", true, "window_left", 128, "rotary", "half", "cache", true)
	turn := part(passes.KindRotary, "size", int64(64), "rotated", int64(32), "pairs", "interleaved")
	got := prose([]passes.Finding{
		part(passes.KindActivation, "function", "Silu"), turn, self, part(passes.KindNorm, "operator", "RMSNorm", "size", int64(512)),
		part(passes.KindAttention, "heads", int64(8), "size", int64(64), "cross", true), self, turn,
		part(passes.KindAttention, "heads", 4, "linear", true),
		part(passes.KindNorm, "operator", "GroupNorm", "groups", 4), part(passes.KindRecurrent, "operator", "GRU", "input", 3, "hidden", 5, "direction", "reverse"),
	})
	want := []string{
		"2 attention (8 heads of 64, 2 of keys and values, causal, window left 128, rotary half, cache), 1 attention (8 heads of 64, cross), 1 linear attention (4 heads)",
		"1 GroupNorm (4 groups), 1 RMSNorm (512)",
		"1 Silu",
		"2 rotary embeddings (32 of 64, interleaved)",
		"1 GRU (3 to 5, reverse)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestShowMissed shows more places than fit, and says so.
func TestShowMissed(t *testing.T) {
	src := "graph \"g\"(%0 \"x\": f32[3]) -> (\"y\" %12) {\n  %1 = Erf(%0) : f32[3] @\"gate\"\n"
	for i := 2; i <= 12; i++ {
		src += "  %" + number(int64(i)) + " = Erf(%" + number(int64(i-1)) + ") : f32[3]\n"
	}
	g, err := ir.Parse(src + "}")
	if err != nil {
		t.Fatal(err)
	}
	r := &passes.Report{}
	if _, err := passes.Optimize(g, passes.Options{Report: r}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	p := newPage(&b)
	showFindings(p, r)
	for _, s := range []string{"Not recognised\n", "activation", "gate", "error function", "and 2 more", "--explain lists all"} {
		if p.err != nil || !strings.Contains(b.String(), s) {
			t.Errorf("no %q (%v) in\n%s", s, p.err, b.String())
		}
	}
}
