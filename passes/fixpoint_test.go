package passes_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

// TestFixpoint: what the pipeline leaves, it leaves alone when it runs again.
func TestFixpoint(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.gir")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(string(src), arrow)
		fixpoint(t, filepath.Base(file), parse(t, before))
	}
	for seed := range randomgraph.Count(100, 3000) {
		g := randomgraph.New(rand.New(rand.NewPCG(uint64(seed), 18)), 2+seed%24)
		fixpoint(t, fmt.Sprint("seed ", seed), g)
	}
}

func fixpoint(t *testing.T, name string, g *ir.Graph) {
	t.Helper()
	if _, err := passes.Optimize(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	once := text(g)
	var by []string
	n, err := passes.Optimize(g, passes.Options{After: func(pass string, rewrites int, g *ir.Graph) { by = append(by, pass) }})
	if err != nil {
		t.Fatal(err)
	}
	if n != 0 || text(g) != once {
		t.Errorf("%s: %d more rewrites by %v\n%.300s\nthen\n%.300s", name, n, by, once, text(g))
	}
}

// TestLimit: with any limit, results are right, and no more is rewritten; without a limit, no graph needs a tenth of what would stop the passes.
func TestLimit(t *testing.T) {
	for seed := range uint64(randomgraph.Count(40, 2000)) {
		steps := 2 + int(seed%24)
		g := randomgraph.New(rand.New(rand.NewPCG(seed, 17)), steps)
		nodes := 0
		g.Walk(func(*ir.Node) { nodes++ })
		all, err := passes.Optimize(g.Clone(), passes.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if all > 25*(1+nodes) {
			t.Errorf("seed %d: %d rewrites of %d nodes", seed, all, nodes)
		}
		for _, part := range []int{1, all / 3, all - 1} {
			if part < 1 {
				continue
			}
			if n, err := passes.Optimize(g.Clone(), passes.Options{Limit: part}); err != nil || n > part {
				t.Errorf("seed %d: %d rewrites, the limit is %d (%v)", seed, n, part, err)
			}
			if _, err := randomCase(seed, steps, passes.Options{Limit: part, Verify: true}); err != nil {
				t.Fatalf("limit %d: %v", part, err)
			}
		}
	}
}

// TestSearches: questions about values end soon where there are more paths to what they are made of than can be followed.
func TestSearches(t *testing.T) {
	doubled := func(first, name, fn, typ string) string { // 2⁶⁰ paths
		var b strings.Builder
		for i := range 60 {
			fmt.Fprintf(&b, "  %%%s%d = %s(%%%s, %%%s) : %s\n", name, i, fn, first, first, typ)
			first = fmt.Sprint(name, i)
		}
		return b.String()
	}
	g := parse(t, `graph "g"(%q: f32[B, 2, S, 4], %k: f32[B, 2, S, 4], %flag: bool[S, S], %bias: f32[S, S]) -> ("y" %y, "z" %z, "p" %p) {
  %zero = Const() {Value=i64[] [0]} : i64[]
  %one = Const() {Value=i64[] [1]} : i64[]
  %n = Dims() {Elem=i64, Shape=[], Exprs=<S>} : i64[]
  %j = Range(%zero, %n, %one) : i64[S]
  %di = Dims() {Elem=i64, Shape=[2], Exprs=<S, 1>} : i64[2]
  %i = Reshape(%j, %di) {AllowZero=true} : i64[S, 1]
`+doubled("j", "positions", "Add", "i64[S]")+doubled("flag", "flags", "And", "bool[S, S]")+doubled("bias", "biases", "Add", "f32[S, S]")+
		doubled("bias", "products", "Mul", "f32[S, S]")+`
  %later = Greater(%positions59, %i) : bool[S, S]
  %hidden = And(%flags59, %later) : bool[S, S]
  %none = Const() {Value=f32[] [-inf]} : f32[]
  %s = MatMul(%q, %k) {TransB=true} : f32[B, 2, S, S]
  %s1 = Where(%hidden, %none, %s) : f32[B, 2, S, S]
  %s2 = Add(%s1, %biases59) : f32[B, 2, S, S]
  %w = Softmax(%s2) {Axis=-1} : f32[B, 2, S, S]
  %y = MatMul(%w, %k) : f32[B, 2, S, 4]
  %z = Gather(%k, %positions59) {Axis=2} : f32[B, 2, S, 4]
  %g = Sigmoid(%products59) : f32[S, S]
  %p = Mul(%g, %products59) : f32[S, S]
}`)
	if _, err := passes.Optimize(g, passes.Options{Verify: true}); err != nil {
		t.Fatal(err)
	}
}
