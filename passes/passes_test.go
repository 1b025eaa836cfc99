package passes_test

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

var update = flag.Bool("update", false, "rewrite what stands behind the arrow in testdata")

const arrow = "\n=>\n"

// TestGolden runs the passes named in the first line of each file of testdata, "# passes: a b", on the graph before the arrow and
// compares with the text after it, behind which stands as "# missed" what looked like a part of a network and is none. Both graphs are then evaluated on the same random inputs.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.gir")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".gir"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, want, _ := strings.Cut(string(src), arrow)
	first, _, _ := strings.Cut(before, "\n")
	names, ok := strings.CutPrefix(first, "# passes:")
	if !ok {
		t.Fatalf("the first line must be # passes: …, got %q", first)
	}
	original, g := parse(t, before), parse(t, before)
	options := passes.Options{Disable: allBut(t, strings.Fields(names)), Verify: true, Report: &passes.Report{}}
	if _, err := passes.Optimize(g, options); err != nil {
		t.Fatal(err)
	}
	got := print(g) + misses(options.Report)
	if *update {
		text := strings.TrimRight(before, "\n") + "\n" + arrow + "\n" + got
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != strings.TrimLeft(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if parsed, err := ir.Parse(got); err != nil {
		t.Errorf("the result does not parse: %v", err)
	} else if print(parsed)+misses(options.Report) != got {
		t.Errorf("parsed and printed again it is\n%s", print(parsed))
	}
	for seed := range uint64(3) {
		agree(t, original, g, seed)
	}
}

func misses(r *passes.Report) string {
	var b strings.Builder
	for _, m := range r.Missed() {
		fmt.Fprintf(&b, "# missed %s at %s: %s\n", m.Kind, m.Node, m.Because)
	}
	return b.String()
}

// allBut disables every pass that is not named; no name means that all run.
func allBut(t *testing.T, names []string) map[string]bool {
	t.Helper()
	off := map[string]bool{}
	if len(names) == 0 {
		return off
	}
	for _, p := range passes.Pipeline() {
		off[p.Name] = true
	}
	for _, n := range names {
		if !off[n] {
			t.Fatalf("there is no pass %q", n)
		}
		delete(off, n)
	}
	return off
}

func parse(t *testing.T, src string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// print numbers the values anew, so that the text does not depend on how many were made on the way.
func print(g *ir.Graph) string {
	parsed, err := ir.Parse(text(g))
	if err != nil {
		return text(g) + "\ndoes not parse: " + err.Error()
	}
	return text(parsed)
}

func text(g *ir.Graph) string {
	var b strings.Builder
	g.Print(&b, ir.PrintOptions{})
	return b.String()
}

// agree evaluates both graphs on the same inputs, with dimensions chosen by the seed.
func agree(t *testing.T, a, b *ir.Graph, seed uint64) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 1))
	in := inputs(t, a, rnd)
	x, err := ir.Evaluate(context.Background(), a, in, nil)
	if err != nil {
		t.Fatalf("before: %v", err)
	}
	y, err := ir.Evaluate(context.Background(), b, in, nil)
	if err != nil {
		t.Fatalf("after: %v", err)
	}
	for i := range x {
		p, q := x[i].(*tensor.Tensor), y[i].(*tensor.Tensor)
		if p.Len() != q.Len() || p.DType() != q.DType() {
			t.Fatalf("result %d is %v, was %v", i, q, p)
		}
		for k := range p.Len() {
			u, v := p.Float64(k), q.Float64(k)
			if u != v && !(math.IsNaN(u) && math.IsNaN(v)) && !(math.Abs(u-v) <= 1e-5*max(1, math.Abs(u))) {
				t.Fatalf("result %d[%d] is %v, was %v", i, k, v, u)
			}
		}
	}
}

// inputs draws values: small integers, standard normal floats, fair coins. Symbols are 1 to 5.
func inputs(t *testing.T, g *ir.Graph, rnd *rand.Rand) []tensor.Value {
	t.Helper()
	b := g.Scope.NewBinding()
	for _, y := range g.Scope.Symbols() {
		if err := sym.Bind(b, []sym.Expr{y.Expr()}, []int{1 + rnd.IntN(5)}); err != nil {
			t.Fatal(err)
		}
	}
	var in []tensor.Value
	for _, v := range g.Inputs() {
		shape := make([]int, len(v.Type.Dims))
		for i, d := range v.Type.Dims {
			n, err := d.Eval(b)
			if err != nil {
				t.Fatal(err)
			}
			shape[i] = int(n)
		}
		x := tensor.New(v.Type.Elem, shape...)
		for i := range x.Len() {
			switch {
			case x.DType() == tensor.Bool:
				x.SetInt64(i, rnd.Int64N(2))
			case x.DType().IsInteger():
				x.SetInt64(i, rnd.Int64N(3))
			default:
				x.SetFloat64(i, rnd.NormFloat64())
			}
		}
		in = append(in, x)
	}
	return in
}
