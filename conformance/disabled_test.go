package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
)

// withoutEach calls f for each pass with the option that leaves it out.
func withoutEach(t *testing.T, f func(t *testing.T, without gocompile.Option)) {
	for _, p := range passes.Pipeline() {
		t.Run(p.Name, func(t *testing.T) {
			f(t, gocompile.WithPasses(passes.Options{Disable: map[string]bool{p.Name: true}}))
		})
	}
}

// modelFiles are those of the examples and of GOCOMPILE_ZOO.
func modelFiles(t *testing.T) []string {
	models, err := filepath.Glob("../examples/*/*/model.onnx")
	if err != nil || len(models) == 0 {
		t.Fatalf("no examples (%v)", err)
	}
	if dir := os.Getenv("GOCOMPILE_ZOO"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
		if err != nil || len(more) == 0 {
			t.Fatalf("no model in %s (%v)", dir, err)
		}
		models = append(models, more...)
	}
	return models
}

// TestModelsReachFixpoint: passes leave what they have made of a model alone when they run again.
func TestModelsReachFixpoint(t *testing.T) {
	for _, file := range modelFiles(t) {
		m, err := gocompile.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var by []string
		n, err := passes.Optimize(m.Graph().Clone(), passes.Options{After: func(pass string, n int, g *ir.Graph) { by = append(by, pass) }})
		if err != nil || n != 0 {
			t.Errorf("%s: %d more rewrites, by %v (%v)", file, n, by, err)
		}
		m.Close()
	}
}

// TestModelsWithoutEachPass: no pass is needed for right results. The models are the small ones.
func TestModelsWithoutEachPass(t *testing.T) {
	models := modelFiles(t)
	const small = 10 << 20 // bytes of a model
	withoutEach(t, func(t *testing.T, without gocompile.Option) {
		for _, file := range models {
			if s, err := os.Stat(file); err != nil || s.Size() > small {
				continue
			}
			folder := filepath.Dir(file)
			if worst, err := runZoo(file, folder, without); err != nil {
				t.Errorf("%s: %v", folder, err)
			} else if limit := tolerance(t, folder); !(worst <= limit) {
				t.Errorf("%s: error %.1e of the peak, allowed %.1e", folder, worst, limit)
			}
		}
	})
}

// TestSuiteWithoutEachPass is TestSuite on the CPU back end, once a pass.
func TestSuiteWithoutEachPass(t *testing.T) {
	if os.Getenv("GOCOMPILE_NIGHTLY") == "" {
		t.Skip("runs the suite once a pass; GOCOMPILE_NIGHTLY is not set")
	}
	cases := suite(t)
	exceptions := readExceptions(t, exceptionsFile)
	withoutEach(t, func(t *testing.T, without gocompile.Option) {
		rt := Runtime{"cpu", compiled(without)}
		passed := 0
		for _, c := range cases {
			err := Check(context.Background(), rt, c)
			if err == nil {
				passed++
			} else if e, listed := exceptions[c.ID()]; !listed || !e.Covers(rt.Name) {
				t.Errorf("%s: %v", c.ID(), err)
			}
		}
		t.Logf("%d of %d cases pass", passed, len(cases))
	})
}
