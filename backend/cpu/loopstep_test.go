package cpu_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/tensor"
)

const loops = `graph "g"(%x: f32[N, 40], %y: f32[N, 40], %b: f32[40], %s: f32[1]) -> ("w" %w, "t" %t) {
  %c = Less(%x, %y)
  %p = Mul(%x, %s)
  %q = Add(%y, %b)
  %w = Where(%c, %p, %q)
  %d = Sub(%x, %b)
  %e = Mul(%d, %d)
  %f = Add(%e, %y)
  %t = Relu(%f)
}`

// TestNativeLoops checks that programs are compiled where the processor can run them, and only there.
func TestNativeLoops(t *testing.T) {
	native := 0
	steps := compile(t, parse(t, loops), cpu.Options{}).Steps()
	for _, s := range steps {
		if strings.HasPrefix(s.Kernel, "native loop(") {
			native++
		} else {
			t.Log(s.Kernel)
		}
	}
	use, _ := level.Current()
	if use < level.AVX2 && native > 0 || use >= level.AVX2 && native < len(steps) {
		t.Errorf("%d of %d loops are native at level %v", native, len(steps), use)
	}
}

// TestNativeLoopsInSessions runs a program in many sessions at once, of sizes that have the same code and of a size whose leaves are not as
// they were when it was compiled.
func TestNativeLoopsInSessions(t *testing.T) {
	g := parse(t, loops)
	r := rand.New(rand.NewPCG(3, 4))
	inputs := func(n int) []tensor.Value {
		return []tensor.Value{randomgraph.Tensor(r, 1, n, 40), randomgraph.Tensor(r, 1, n, 40), randomgraph.Tensor(r, 1, 40), randomgraph.Tensor(r, 1, 1)}
	}
	agree(t, g, inputs(1), inputs(3), inputs(200), inputs(0))
	p := compile(t, g, cpu.Options{})
	var group sync.WaitGroup
	for k := range 8 {
		in := inputs(1 + 50*k)
		want, err := p.NewSession().Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		group.Go(func() {
			s := p.NewSession()
			for range 10 {
				got, err := s.Run(context.Background(), in)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range got {
					a, b := tensor.Data[float32](got[i].(*tensor.Tensor)), tensor.Data[float32](want[i].(*tensor.Tensor))
					for j := range a {
						if a[j] != b[j] {
							t.Errorf("result %d is %v at %d, want %v", i, a[j], j, b[j])
							return
						}
					}
				}
			}
		})
	}
	group.Wait()
}
