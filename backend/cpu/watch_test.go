package cpu_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/tensor"
)

const watchGraph = `graph "watched"(%x "x": f32[N, 4], %c "c": bool[]) -> ("y" %y) {
  %w = Const() {Value=f32[4, 8] [1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8]}
  %m = MatMul(%x, %w)
  %g = Gelu(%m)
  %r = If(%c, %g) {Then=graph "then"(%a "g": f32[N, 8]) -> ("o" %o) {
    %e = Exp(%a)
    %o = ReduceSum(%e) {KeepDims=true}
  }, Else=graph "else"(%b "g": f32[N, 8]) -> ("p" %p) {
    %p = ReduceMax(%b) {KeepDims=true}
  }}
  %y = Tanh(%r)
}`

// Steps of bodies are told of before the step that owns them, with the work that actual shapes mean.
func TestObserve(t *testing.T) {
	g := parse(t, watchGraph)
	var events []backend.Event
	s := compile(t, g, cpu.Options{}).NewSessionWith(backend.SessionOptions{Observe: func(e backend.Event) { events = append(events, e) }})
	x := randomgraph.Tensor(rand.New(rand.NewPCG(1, 1)), 1, 3, 4)
	for _, then := range []bool{true, false} {
		events = nil
		begin := time.Now()
		if _, err := s.Run(context.Background(), []tensor.Value{x, tensor.Scalar(then)}); err != nil {
			t.Fatal(err)
		}
		all := time.Since(begin)
		var kernels []string
		var top time.Duration
		for _, e := range events {
			kernels = append(kernels, e.Step.Kernel)
			if e.Step.Parent == nil {
				top += e.Duration
			}
			if e.Begin.Before(begin) || e.Duration <= 0 {
				t.Errorf("step %s began %v before the run and took %v", e.Step.Kernel, begin.Sub(e.Begin), e.Duration)
			}
		}
		want := []string{"matmul+gelu-erf", "reducemax", "eval if", "loop(tanh)"}
		if then {
			want = []string{"matmul+gelu-erf", "loop(exp)", "reducesum", "eval if", "loop(tanh)"}
		}
		if !slices.Equal(kernels, want) {
			t.Fatalf("steps %q, want %q", kernels, want)
		}
		if top > all {
			t.Errorf("steps took %v of %v", top, all)
		}
		if owner := events[len(events)-2].Step; events[1].Step.Parent != owner || owner.Parent != nil {
			t.Errorf("the owner of %v is %v", events[1].Step, events[1].Step.Parent)
		}
		product := backend.Work{Flops: 2*3*4*8 + 3*8, Constants: 4 * 8 * 4, Values: 4 * (3*4 + 3*8)}
		if events[0].Work != product {
			t.Errorf("work of the product is %+v, want %+v", events[0].Work, product)
		}
	}
}

func TestWorkOfSelection(t *testing.T) {
	g := parse(t, `graph "g"(%i "i": i64[N]) -> ("y" %y) {
  %w = Const() {Value=f32[4, 3] [1,2,3,4,5,6,7,8,9,1,2,3]}
  %y = Gather(%w, %i) {Axis=0}
}`)
	var works []backend.Work
	s := compile(t, g, cpu.Options{}).NewSessionWith(backend.SessionOptions{Observe: func(e backend.Event) { works = append(works, e.Work) }})
	if _, err := s.Run(context.Background(), []tensor.Value{tensor.Must([]int64{1, 2}, 2)}); err != nil {
		t.Fatal(err)
	}
	// Two rows of 12 bytes are read and written, and two indices read.
	if want := (backend.Work{Constants: 24, Values: 24 + 16}); len(works) != 1 || works[0] != want {
		t.Errorf("work %+v, want %+v", works, want)
	}
}

func TestWorkOfRotary(t *testing.T) {
	g := parse(t, `graph "g"(%x "x": f32[1, 1, 2, 4], %i "i": i64[1, 2]) -> ("y" %y) {
  %w = Const() {Value=f32[9, 2] [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}
  %v = Const() {Value=f32[9, 2] [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18]}
  %y = Rotary(%x, %w, %v, %i) {}
}`)
	var works []backend.Work
	s := compile(t, g, cpu.Options{}).NewSessionWith(backend.SessionOptions{Observe: func(e backend.Event) { works = append(works, e.Work) }})
	if _, err := s.Run(context.Background(), []tensor.Value{tensor.New(tensor.Float32, 1, 1, 2, 4), tensor.Must([]int64{1, 4}, 1, 2)}); err != nil {
		t.Fatal(err)
	}
	// The tables have 72 bytes each, the result 32, and there are two indices.
	if len(works) != 1 || works[0].Constants != 32+32 || works[0].Values != 32+32+16 {
		t.Errorf("work %+v", works)
	}
}

// Observing allocates nothing once the work of all steps is known.
func TestObserveAllocations(t *testing.T) {
	n := 0
	g := parse(t, block)
	s := compile(t, g, cpu.Options{}).NewSessionWith(backend.SessionOptions{Observe: func(backend.Event) { n++ }})
	in := blockInputs(rand.New(rand.NewPCG(1, 1)), 1, 3)
	run := func() {
		if _, err := s.Run(context.Background(), in); err != nil {
			t.Fatal(err)
		}
	}
	run()
	if a := testing.AllocsPerRun(20, run); a > float64(1+2*len(g.Outputs())) && !race.Enabled {
		t.Errorf("%v allocations in a run", a)
	}
	if n == 0 {
		t.Error("no step was told of")
	}
}

// Labels reach the goroutine of the run and the workers, and are gone after the run.
func TestLabels(t *testing.T) {
	threads := pool.New(2)
	defer threads.Close()
	seen := func() string {
		var b bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var during string
	s := compile(t, parse(t, watchGraph), cpu.Options{Pool: threads}).NewSessionWith(backend.SessionOptions{Labels: true, Observe: func(e backend.Event) {
		if e.Step.Kernel == "reducesum" {
			during = seen()
		}
	}})
	x := randomgraph.Tensor(rand.New(rand.NewPCG(1, 1)), 1, 3, 4)
	pprof.Do(context.Background(), pprof.Labels("caller", "test"), func(ctx context.Context) {
		if _, err := s.Run(ctx, []tensor.Value{x, tensor.Scalar(true)}); err != nil {
			t.Fatal(err)
		}
		if after := seen(); strings.Contains(after, `"kernel"`) || !strings.Contains(after, `"caller":"test"`) {
			t.Errorf("labels after the run:\n%s", after)
		}
	})
	if !strings.Contains(during, `"kernel":"reducesum"`) {
		t.Errorf("labels during a step:\n%s", during)
	}
}
