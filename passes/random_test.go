package passes_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// FuzzPasses compares the reference evaluation of random graphs as they are with what the processor computes of the optimised ones.
func FuzzPasses(f *testing.F) {
	f.Add(uint64(1), uint8(10))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint8) {
		if _, err := randomCase(seed, int(steps%30), passes.Options{Verify: true}); err != nil {
			t.Fatal(err)
		}
	})
}

// TestRandomGraphs is FuzzPasses on 10,000 graphs in nightly runs. Each kind of operator that passes recognise must be among what they make of them.
func TestRandomGraphs(t *testing.T) {
	made := map[string]int{}
	for seed := range randomgraph.Count(360, 10_000) {
		g, err := randomCase(uint64(seed), 2+seed%24, passes.Options{Verify: true})
		if err != nil {
			t.Fatal(err)
		}
		for op, n := range g.CountOps() {
			made[op] += n
		}
	}
	for _, op := range []string{"Attention", "Rotary", "LayerNorm", "RMSNorm", "Gelu", "GeluTanh", "Silu", "Mish", "HardSwish", "LSTM", "GRU", "RNN"} {
		if made[op] < 10 {
			t.Errorf("%d %s in all graphs: %v", made[op], op, made)
		}
	}
}

// TestWithoutEachPass leaves out one pass after another: no pass is needed for right results.
func TestWithoutEachPass(t *testing.T) {
	for i, p := range passes.Pipeline() {
		t.Run(p.Name, func(t *testing.T) {
			for k := range randomgraph.Count(8, 500) {
				o := passes.Options{Verify: true, Disable: map[string]bool{p.Name: true}}
				if _, err := randomCase(uint64(k<<8|i), 6+k%20, o); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// randomCase checks one graph, and returns what became of it.
func randomCase(seed uint64, steps int, o passes.Options) (after *ir.Graph, err error) {
	r := rand.New(rand.NewPCG(seed, 17))
	before := randomgraph.New(r, steps)
	after = before.Clone()
	defer func() {
		if err != nil {
			err = fmt.Errorf("seed %d, %d steps: %w\n%v\noptimised:\n%v", seed, steps, err, before, after)
		}
	}()
	if _, err := passes.Optimize(after, o); err != nil {
		return nil, err
	}
	program, err := cpu.Compile(after, cpu.Options{})
	if err != nil {
		return nil, err
	}
	session := program.NewSession()
	for _, size := range [][2]int{{1 + r.IntN(3), 1 + r.IntN(12)}, {1, 1}, {2, 3}} {
		in := randomgraph.Inputs(r, before, size[0], size[1])
		want, err := ir.Evaluate(context.Background(), before, in, nil)
		if err != nil {
			continue // shapes that not to fit
		}
		got, err := session.Run(context.Background(), in)
		if err != nil {
			return nil, fmt.Errorf("sizes %v: %w", size, err)
		}
		for i := range want {
			if w, ok := want[i].(*tensor.Tensor); ok && !randomgraph.Close(got[i].(*tensor.Tensor), w) {
				return nil, fmt.Errorf("sizes %v: output %q is %v, want %v", size, before.Outputs()[i].Name, got[i], w)
			}
		}
	}
	return after, nil
}
