package cpu_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"testing"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

func parse(t testing.TB, text string) *ir.Graph {
	t.Helper()
	g, err := ir.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func compile(t testing.TB, g *ir.Graph, o cpu.Options) *cpu.Program {
	t.Helper()
	p, err := cpu.Compile(g, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// programs compiles a graph in all ways.
func programs(t testing.TB, g *ir.Graph) map[string]*cpu.Program {
	t.Helper()
	return map[string]*cpu.Program{
		"fused":   compile(t, g, cpu.Options{}),
		"unfused": compile(t, g, cpu.Options{Unfused: true}),
		"alone":   compile(t, g, cpu.Options{Pool: pool.New(1)}),
	}
}

// agree checks all programs of a graph against the reference evaluation, on several inputs in turn and the first of them again; results
// are spoilt before the next run, which must not notice. Sessions run in turns, one of them with results that are its own.
func agree(t testing.TB, g *ir.Graph, inputs ...[]tensor.Value) {
	t.Helper()
	agreeOn(t, g, false, inputs...)
}

// agreeOn is agree; where nodes fail that nothing needs, which only the reference evaluates, programs may succeed.
func agreeOn(t testing.TB, g *ir.Graph, unneeded bool, inputs ...[]tensor.Value) {
	t.Helper()
	for name, p := range programs(t, g) {
		sessions := []*cpu.Session{p.NewSession(), p.NewSessionWith(backend.SessionOptions{Reuse: true})}
		for _, in := range append(inputs, inputs[0]) {
			want, refErr := ir.Evaluate(context.Background(), g, in, nil)
			for _, s := range sessions {
				before := clones(in)
				got, err := s.Run(context.Background(), in)
				if (err != nil) != (refErr != nil) && !(unneeded && refErr != nil) {
					t.Fatalf("%s: got error %v, the reference %v\n%v", name, err, refErr, g)
				}
				if err != nil || refErr != nil {
					continue
				}
				for i := range want {
					w, ok := want[i].(*tensor.Tensor)
					if !ok {
						continue
					}
					if x := got[i].(*tensor.Tensor); !randomgraph.Close(x, w) {
						t.Fatalf("%s: output %d is %v, want %v\n%v", name, i, x, w, g)
					}
				}
				spoil(got)
				for i := range in {
					if !tensor.Equal(in[i].(*tensor.Tensor), before[i]) {
						t.Fatalf("%s: input %d was changed, or a result shares its memory\n%v", name, i, g)
					}
				}
			}
		}
	}
}

func spoil(values []tensor.Value) {
	for _, v := range values {
		if x, ok := v.(*tensor.Tensor); ok {
			b := x.Bytes()
			for i := range b {
				b[i] = 1
			}
		}
	}
}

func clones(in []tensor.Value) []*tensor.Tensor {
	out := make([]*tensor.Tensor, len(in))
	for i, v := range in {
		out[i] = v.(*tensor.Tensor).Clone()
	}
	return out
}

func TestRandomGraphs(t *testing.T) {
	for seed := range randomgraph.Count(300, 10_000) {
		randomCase(t, uint64(seed), 4+seed%20)
	}
}

func randomCase(t testing.TB, seed uint64, size int) {
	defer func() {
		if t.Failed() {
			t.Logf("seed %d, %d steps", seed, size)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 11))
	g := randomgraph.New(r, size)
	agreeOn(t, g, true, randomgraph.Inputs(r, g, 1+r.IntN(3), 1+r.IntN(40)), randomgraph.Inputs(r, g, 1, 1), randomgraph.Inputs(r, g, 1+r.IntN(3), 1+r.IntN(6)))
}

func FuzzGraphs(f *testing.F) {
	f.Add(uint64(1), uint8(10))
	f.Fuzz(func(t *testing.T, seed uint64, size uint8) { randomCase(t, seed, int(size%40)) })
}

var block = `graph "block"(%x "x": f32[B, S, 8], %mask "mask": bool[B, 1, 1, S]) -> ("y" %y, "p" %p) {
  %wq = Const() {Value=f32[8, 8] [splat 0.1]}
  %wk = Const() {Value=f32[8, 8] [splat -0.2]}
  %bq = Const() {Value=f32[8] [iota]}
  %q0 = MatMul(%x, %wq)
  %q1 = Add(%q0, %bq)
  %k0 = MatMul(%x, %wk)
  %shape = Const() {Value=i64[4] [0, 0, 2, 4]}
  %q2 = Reshape(%q1, %shape)
  %k2 = Reshape(%k0, %shape)
  %q = Transpose(%q2) {Perm=[0, 2, 1, 3]}
  %k = Transpose(%k2) {Perm=[0, 2, 3, 1]}
  %s = MatMul(%q, %k)
  %half = Const() {Value=f32[] [0.5]}
  %s1 = Mul(%s, %half)
  %low = Const() {Value=f32[] [-10000]}
  %m = Where(%mask, %s1, %low)
  %p = Softmax(%m) {Axis=-1}
  %v = MatMul(%p, %q)
  %vt = Transpose(%v) {Perm=[0, 2, 1, 3]}
  %flat = Const() {Value=i64[3] [0, 0, 8]}
  %o = Reshape(%vt, %flat)
  %o1 = MatMul(%o, %wq)
  %o2 = Add(%o1, %bq)
  %r = Add(%o2, %x)
  %g = Gelu(%r)
  %y = Mul(%g, %half)
}`

func blockInputs(r *rand.Rand, b, s int) []tensor.Value {
	mask := tensor.New(tensor.Bool, b, 1, 1, s)
	for i := range s {
		tensor.Data[bool](mask)[i] = i%3 != 1
	}
	return []tensor.Value{randomgraph.Tensor(r, 1, b, s, 8), mask}
}

func TestBlock(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	agree(t, parse(t, block), blockInputs(r, 1, 1), blockInputs(r, 2, 17), blockInputs(r, 1, 130))
}

// fusedSteps lists the kernels of steps of several nodes, each with their number, the same for all processors.
func fusedSteps(p *cpu.Program) string {
	var kernels []string
	for _, s := range p.Steps() {
		if len(s.Nodes) > 1 {
			kernels = append(kernels, fmt.Sprint(strings.TrimPrefix(s.Kernel, "native "), " ", len(s.Nodes)))
		}
	}
	return strings.Join(kernels, ", ")
}

func TestSteps(t *testing.T) {
	p := compile(t, parse(t, block), cpu.Options{})
	want := "matmul+bias | matmul 3, matmul+scale 2, matmul+bias+residual+gelu-erf 4"
	if got := fusedSteps(p); got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
	if u := compile(t, parse(t, block), cpu.Options{Unfused: true}); len(u.Steps()) <= len(p.Steps()) {
		t.Errorf("%d steps without fusion, %d with it", len(u.Steps()), len(p.Steps()))
	}
}

// After a run with the same shapes, another one allocates only what it returns: the list, and for each result its header and memory; nothing where
// those are the session's own.
func TestRunAllocatesOnlyResults(t *testing.T) {
	if race.Enabled {
		t.Skip("under the race detector, sync.Pool forgets at random")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection would empty the pools of buffers
	g := parse(t, block)
	r := rand.New(rand.NewPCG(5, 6))
	for name, p := range programs(t, g) {
		in := blockInputs(r, 2, 300)
		for _, reuse := range []bool{false, true} {
			s, most := p.NewSessionWith(backend.SessionOptions{Reuse: reuse}), 0
			if !reuse {
				most = 1 + 2*len(g.Outputs())
			}
			run := func() {
				if _, err := s.Run(context.Background(), in); err != nil {
					t.Fatal(err)
				}
			}
			run()
			if n := testing.AllocsPerRun(20, run); n > float64(most) {
				t.Errorf("%s: %v allocations in a run, want %d at most", name, n, most)
			}
		}
	}
}

// Results that are the session's own may be inputs of the next run.
func TestReusedResultsAsInputs(t *testing.T) {
	g := parse(t, `graph "g"(%a "a": f32[N, 8], %b "b": f32[N, 8]) -> ("s" %s, "p" %p) {
  %s = Add(%a, %b)
  %r = Transpose(%s) {Perm=[1, 0]}
  %m = MatMul(%s, %r)
  %h = MatMul(%m, %b)
  %p = Sub(%h, %a)
}`)
	p := compile(t, g, cpu.Options{})
	own, lent := p.NewSession(), p.NewSessionWith(backend.SessionOptions{Reuse: true})
	r := rand.New(rand.NewPCG(3, 4))
	first := []tensor.Value{randomgraph.Tensor(r, 1, 4, 8), randomgraph.Tensor(r, 1, 4, 8)}
	a, b := first, first
	for run := range 6 {
		var err error
		if a, err = own.Run(context.Background(), a); err != nil {
			t.Fatal(err)
		}
		if b, err = lent.Run(context.Background(), b); err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if !tensor.Equal(a[i].(*tensor.Tensor), b[i].(*tensor.Tensor)) {
				t.Fatalf("run %d: output %d is %v, want %v", run, i, b[i], a[i])
			}
		}
	}
}

func TestPlacements(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 2, 5} {
		h := parse(t, viewGraph)
		s := compile(t, h, cpu.Options{}).NewSession()
		in := []tensor.Value{randomgraph.Tensor(r, 1, n, 4, 6)}
		if _, err := s.Run(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		views := 0
		for _, at := range s.Placements() {
			if at.View {
				views++
			}
		}
		if want := map[bool]int{true: 3, false: 2}[n == 1]; views != want {
			t.Errorf("N = %d: %d steps are views, want %d", n, views, want)
		}
		agree(t, h, in)
	}
}

const viewGraph = `graph "views"(%x "x": f32[N, 4, 6]) -> ("y" %y) {
  %axis = Const() {Value=i64[1] [0]}
  %a, %b = Split(%x) {Axis=1, Num=2}
  %s = Add(%a, %b)
  %u = Unsqueeze(%s, %axis)
  %t = Transpose(%u) {Perm=[1, 0, 2, 3]}
  %y = Softmax(%t) {Axis=-1}
}`

// Shapes that depend on data: positions of nonzero elements, and what is computed with as many of them as there are.
func TestDataDependentShapes(t *testing.T) {
	g := parse(t, `graph "late"(%x "x": f32[N], %n "n": i64[]) -> ("y" %y, "z" %z) {
  %zero = Const() {Value=i64[] [0]}
  %one = Const() {Value=i64[] [1]}
  %i = Range(%zero, %n, %one)
  %p = Gather(%x, %i) {Axis=0}
  %y = Tanh(%p)
  %c = Cast(%i) {To=f32, Saturate=true}
  %z0 = Mul(%c, %p)
  %z = Exp(%z0)
}`)
	x := randomgraph.Tensor(rand.New(rand.NewPCG(1, 1)), 1, 9)
	var inputs [][]tensor.Value
	for _, n := range []int64{4, 9, 0, 1} {
		inputs = append(inputs, []tensor.Value{x, tensor.Scalar(n)})
	}
	inputs = append(inputs, []tensor.Value{x, tensor.Scalar(int64(10))}) // out of range: an error, and the session goes on
	agree(t, g, inputs...)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in := blockInputs(rand.New(rand.NewPCG(1, 1)), 1, 3)
	steps := 0
	s := compile(t, parse(t, block), cpu.Options{}).NewSessionWith(backend.SessionOptions{Observe: func(backend.Event) {
		if steps++; steps == 3 {
			cancel()
		}
	}})
	if _, err := s.Run(ctx, in); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v", err)
	}
	if steps != 3 {
		t.Errorf("%d steps ran, want 3", steps)
	}
	if _, err := s.Run(context.Background(), in); err != nil {
		t.Errorf("a run after one that was cancelled: %v", err)
	}
}

func TestMemoryLimit(t *testing.T) {
	s := compile(t, parse(t, block), cpu.Options{MemoryLimit: 100_000}).NewSession()
	r := rand.New(rand.NewPCG(1, 1))
	if _, err := s.Run(context.Background(), blockInputs(r, 1, 20)); err != nil {
		t.Error(err)
	}
	if _, err := s.Run(context.Background(), blockInputs(r, 1, 200)); err == nil || !strings.Contains(err.Error(), "memory limit is 100000") {
		t.Errorf("got error %v", err)
	}
}

// Many sessions of one program, each with shapes of its own, give what each gives alone.
func TestHammer(t *testing.T) {
	g := parse(t, block)
	p := compile(t, g, cpu.Options{Pool: pool.New(3)})
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 1))
			s := p.NewSession()
			for range 6 {
				in := blockInputs(r, 1+r.IntN(3), 1+r.IntN(90))
				want, err := ir.Evaluate(context.Background(), g, in, nil)
				if err != nil {
					t.Error(err)
					return
				}
				got, err := s.Run(context.Background(), in)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range want {
					if !randomgraph.Close(got[i].(*tensor.Tensor), want[i].(*tensor.Tensor)) {
						t.Errorf("session %d: output %d differs", k, i)
					}
				}
			}
		})
	}
	wg.Wait()
}

// Shapes that inference leaves open, though those of the inputs decide them, are known before the run.
func TestOpenShapes(t *testing.T) {
	g := parse(t, `graph "open"(%x "x": f32[B, S, 8]) -> ("y" %y) {
  %zero = Const() {Value=i64[1] [0]}
  %one = Const() {Value=i64[1] [1]}
  %end = Const() {Value=i64[1] [5]}
  %part = Slice(%x, %zero, %end, %one)
  %shape = Const() {Value=i64[4] [0, 0, -1, 4]}
  %r = Reshape(%part, %shape)
  %t = Transpose(%r) {Perm=[0, 2, 1, 3]}
  %y = Exp(%t)
}`)
	s := compile(t, g, cpu.Options{}).NewSession()
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{3, 5, 9} {
		in := []tensor.Value{randomgraph.Tensor(r, 1, 2, n, 8)}
		if _, err := s.Run(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		for i, at := range s.Placements() {
			if at.Late {
				t.Errorf("S = %d: step %d is left to the run", n, i)
			}
		}
		agree(t, g, in)
	}
}

// BenchmarkStep measures what a step costs beside its kernel.
func BenchmarkStep(b *testing.B) {
	const steps = 1000
	g := ir.NewGraph("steps", sym.NewScope())
	v := g.AddInput("x", ir.StaticType(tensor.Float32, 1, 1))
	w := g.Const(tensor.Must([]int64{0}, 1))
	for range steps {
		n, err := g.Add(&op.Reduce{Fn: op.ReduceSum, KeepDims: true}, v, w)
		if err != nil {
			b.Fatal(err)
		}
		v = n.Out()[0]
	}
	g.SetOutputs(ir.Output{Name: "y", Value: v})
	s := compile(b, g, cpu.Options{}).NewSession()
	in := []tensor.Value{tensor.New(tensor.Float32, 1, 1)}
	for b.Loop() {
		if _, err := s.Run(context.Background(), in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/steps, "ns/step")
}

// Sizes of zero, in batches that broadcast against one, and slices of nothing.
func TestEmpty(t *testing.T) {
	g := parse(t, `graph "empty"(%x "x": f32[B, 2, 3], %i "i": i64[2]) -> ("y" %y, "z" %z, "w" %w, "s" %s, "r" %r) {
  %zero = Const() {Value=i64[1] [0]}
  %one = Const() {Value=i64[1] [1]}
  %a = Slice(%x, %zero, %one, %zero)
  %b = Slice(%x, %one, %one, %zero)
  %y = MatMul(%a, %b) {TransB=true}
  %t = Tanh(%y)
  %z = Add(%t, %t)
  %w = Gather(%b, %i) {Axis=1}
  %s = Softmax(%b) {Axis=1}
  %two = Const() {Value=i64[1] [2]}
  %r = ReduceSum(%b, %two)
}`)
	agree(t, g, []tensor.Value{randomgraph.Tensor(rand.New(rand.NewPCG(1, 1)), 1, 1, 2, 3), tensor.Must([]int64{5, 6}, 2)})
}

// A condition on sizes is decided before the run, and what follows is planned, in bodies too.
func TestChoiceBySize(t *testing.T) {
	g := parse(t, `graph "choice"(%x "x": f32[N, 4]) -> ("y" %y) {
  %shape = Shape(%x)
  %first = Const() {Value=i64[1] [0]}
  %one = Const() {Value=i64[1] [1]}
  %n = Gather(%shape, %first) {Axis=0}
  %c = Equal(%n, %one)
  %r = If(%c, %x) {Then=graph "then"(%a "x": f32[*]) -> ("o" %o) {
    %axis = Const() {Value=i64[1] [0]}
    %o = Squeeze(%a, %axis)
  }, Else=graph "else"(%b "x": f32[*]) -> ("p" %p) {
    %p = Tanh(%b)
  }}
  %y0 = Exp(%r)
  %last = Const() {Value=i64[1] [-1]}
  %y = ReduceSum(%y0, %last) {KeepDims=true}
}`)
	r := rand.New(rand.NewPCG(1, 1))
	s := compile(t, g, cpu.Options{}).NewSession()
	for _, n := range []int{1, 3} {
		in := []tensor.Value{randomgraph.Tensor(r, 1, n, 4)}
		if _, err := s.Run(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		for i, at := range s.Placements() {
			if at.Late {
				t.Errorf("N = %d: step %d is left to the run", n, i)
			}
		}
		agree(t, g, in)
	}
}

// A bias of -1e9 leaves nothing of a score: a query that sees only such keys weighs them alike.
func TestAttentionWithLargeBias(t *testing.T) {
	g := parse(t, `graph "g"(%q: f32[B, N, 6], %k: f32[B, N, 6], %v: f32[B, N, 6], %m: f32[B, 1, N, N]) -> ("y" %y) {
  %y, %a, %b, %c = Attention(%q, %k, %v, %m) {Heads=2, KVHeads=2, Causal=true}
}`)
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{3, 40} {
		mask := make([]float32, 2*n*n)
		for i := range mask {
			if i/n%3 != 0 || i%2 == 0 {
				mask[i] = -1e9
			}
		}
		x := func() tensor.Value { return randomgraph.Tensor(r, 1, 2, n, 6) }
		agree(t, g, []tensor.Value{x(), x(), x(), tensor.Must(mask, 2, 1, n, n)})
	}
}
