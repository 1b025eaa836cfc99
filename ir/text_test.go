package ir_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	_ "github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func text(g *ir.Graph) string {
	var b strings.Builder
	g.Print(&b, ir.PrintOptions{Names: true})
	return b.String()
}

// TestText: what is parsed prints as it was written, also after a copy.
func TestText(t *testing.T) {
	files, err := filepath.Glob("testdata/*.gir")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data (%v)", err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g, err := ir.Parse(string(src))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := ir.Verify(g); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for what, g := range map[string]*ir.Graph{"graph": g, "copy": g.Clone()} {
			if got := text(g); got != string(src) {
				t.Errorf("%s: the %s prints as\n%s", file, what, got)
			}
		}
	}
}

// TestParseErrors: errors name the line and what was expected.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{``, `line 1: expected "graph"`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n}", `y`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Nothing(%x)\n}", `unknown operator "Nothing"`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Relu(%z)\n}", `line 2`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Relu(%x) : f32[3, 3]\n}", `line 2`},
		{"graph \"g\"(%x: f33[N]) -> (%x) {\n}", `line 1`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Relu(%x) {Depth=3}\n}", `Depth`},
		{"graph \"g\"(%x: f32[N]) -> (%x) {\n} more", `after the graph`},
		{"graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Const() {Value=f32[99999999999] [splat 1]}\n}", `line 2`},
		{strings.Repeat(`graph "g"(%0: bool[]) -> (%0) { %1 = If(%0) {Then=`, 80), `nested`},
	} {
		_, err := ir.Parse(c.src)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: got %v, want an error with %q", c.src, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	src, err := os.ReadFile("testdata/forms.gir")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(src))
	f.Add("graph \"g\"(%x: f32[N]) -> (%y) {\n  %y = Const() {Value=f32[2] [iota]}\n}")
	f.Fuzz(func(t *testing.T, src string) {
		g, err := ir.Parse(src)
		if err != nil || large(g) {
			return
		}
		again, err := ir.Parse(text(g))
		if err != nil {
			t.Fatalf("printed as\n%s\nwhich does not parse: %v", text(g), err)
		}
		if text(again) != text(g) {
			t.Fatalf("printed as\n%s\nand then as\n%s", text(g), text(again))
		}
	})
}

// large reports whether the text of a graph would take long to write: a few words may stand for millions of elements.
func large(g *ir.Graph) bool {
	elements := 0
	g.Walk(func(n *ir.Node) {
		if c, ok := n.Op.(*ir.Const); ok {
			if x, ok := c.Value.(*tensor.Tensor); ok {
				elements += x.Len()
			}
		}
	})
	return elements > 1<<12
}

// TestBinding: a wrong input names the input, the dimension and both values.
func TestBinding(t *testing.T) {
	g, err := ir.Parse("graph \"g\"(%0 \"x\": f32[N, 2], %1 \"y\": f32[N, 3]) -> (%2) {\n  %2 = Concat(%0, %1) {Axis=1}\n}")
	if err != nil {
		t.Fatal(err)
	}
	two, three := tensor.New(tensor.Float32, 4, 2), tensor.New(tensor.Float32, 5, 3)
	_, err = ir.Evaluate(context.Background(), g, []tensor.Value{two, three}, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"y"`, "N", "4", "5"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not mention %s", err, want)
		}
	}
	out, err := ir.Evaluate(context.Background(), g, []tensor.Value{two, tensor.New(tensor.Float32, 4, 3)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := out[0].(*tensor.Tensor).Shape(); s[0] != 4 || s[1] != 5 {
		t.Errorf("got shape %v", s)
	}
}

// TestVerify: a use before the definition is found.
func TestVerify(t *testing.T) {
	g, err := ir.Parse("graph \"g\"(%0: f32[N]) -> (%2) {\n  %1 = Neg(%0)\n  %2 = Relu(%1)\n}")
	if err != nil {
		t.Fatal(err)
	}
	var nodes []*ir.Node
	for n := range g.Nodes() {
		nodes = append(nodes, n)
	}
	g.MoveBefore(nodes[1], nodes[0])
	if err := ir.Verify(g); err == nil || !strings.Contains(err.Error(), "before it is defined") {
		t.Errorf("got %v", err)
	}
	other := ir.NewGraph("other", g.Scope)
	if _, err := other.Add(nodes[0].Op, g.Inputs()[0]); err == nil || !strings.Contains(err.Error(), "another graph") {
		t.Errorf("a foreign value gives %v", err)
	}
}
