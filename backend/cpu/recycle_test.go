package cpu_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/tensor"
)

// lateChain has many values of a size that depends on data: some are views of others, some live to the end, two are results.
func lateChain() string {
	var b strings.Builder
	b.WriteString(`graph "late"(%x "x": f32[N], %n "n": i64[]) -> ("first" %first, "y" %y) {
  %zero = Const() {Value=i64[] [0]}
  %one = Const() {Value=i64[] [1]}
  %column = Const() {Value=i64[2] [-1, 1]}
  %all = Const() {Value=i64[1] [-1]}
  %row = Const() {Value=i64[2] [1, -1]}
  %i = Range(%zero, %n, %one)
  %s0 = Gather(%x, %i) {Axis=0}
`)
	for i := range 6 {
		b.WriteString(strings.NewReplacer("I", string(rune('0'+i)), "J", string(rune('1'+i))).Replace(`  %aI = Reshape(%sI, %row)
  %bI = Softmax(%aI) {Axis=-1}
  %cI = Reshape(%bI, %column)
  %dI = Softmax(%cI) {Axis=0}
  %eI = Reshape(%dI, %all)
  %sJ = Add(%eI, %s0)
`))
	}
	b.WriteString("  %first = Reshape(%s1, %row)\n  %y = Softmax(%s6) {Axis=0}\n}")
	return b.String()
}

// A session uses the memory of values that depend on data again, and never that of results.
func TestMemoryOfDataDependentValues(t *testing.T) {
	g := parse(t, lateChain())
	r := rand.New(rand.NewPCG(1, 1))
	inputs := func(n int64) []tensor.Value {
		return []tensor.Value{randomgraph.Tensor(r, 1, 300_000), tensor.Scalar(n)}
	}
	agree(t, g, inputs(40_000), inputs(17), inputs(300_000), inputs(39_000), inputs(0))

	s := compile(t, g, cpu.Options{}).NewSession()
	run := func(in []tensor.Value) []tensor.Value {
		out, err := s.Run(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const n = 250_000
	in := inputs(n)
	kept := run(in)
	var before [][]byte
	for _, v := range kept {
		before = append(before, slices.Clone(v.(*tensor.Tensor).Bytes()))
	}
	run(inputs(n))
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	run(in)
	runtime.ReadMemStats(&b)
	if got := b.TotalAlloc - a.TotalAlloc; got > 4*4*n { // two results, and one of them is a copy
		t.Errorf("a run with 14 values and results of %d bytes allocates %d bytes", 4*n, got)
	}
	for i, v := range kept {
		if !slices.Equal(v.(*tensor.Tensor).Bytes(), before[i]) {
			t.Errorf("result %d was overwritten by a later run", i)
		}
	}
	if got := s.ArenaBytes(); got > 6*5*n {
		t.Errorf("the session keeps %d bytes", got)
	}
}

// A run that changes its plan on the way is seen as a whole, and its results may be lent.
func TestRunThatChangesItsPlan(t *testing.T) {
	g := parse(t, lateChain())
	in := func(n int64) []tensor.Value {
		return []tensor.Value{randomgraph.Tensor(rand.New(rand.NewPCG(1, uint64(n))), 1, 100), tensor.Scalar(n)}
	}
	p := compile(t, g, cpu.Options{})
	steps := map[*backend.Step]int{}
	s := p.NewSessionWith(backend.SessionOptions{Reuse: true, Observe: func(e backend.Event) { steps[e.Step]++ }})
	for k, n := range []int64{50, 50, 0, 100, 50} {
		want, err := p.NewSession().Run(context.Background(), in(n))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(context.Background(), in(n))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i].(*tensor.Tensor).Bytes(), want[i].(*tensor.Tensor).Bytes()) {
				t.Errorf("run %d: result %d is %v, want %v", k, i, got[i], want[i])
			}
		}
	}
	if len(steps) == 0 {
		t.Error("no step was seen")
	}
	for step, n := range steps {
		if n > 5 {
			t.Errorf("step %q was seen %d times in 5 runs", step.Kernel, n)
		}
	}
	if _, err := s.Run(context.Background(), in(101)); err == nil { // out of range
		t.Error("no error")
	}
	if _, err := s.Run(context.Background(), in(7)); err != nil {
		t.Errorf("a run after one that failed: %v", err)
	}
}
