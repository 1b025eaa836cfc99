package passes_test

import (
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
		fixpoint(t, "random graph", g)
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
