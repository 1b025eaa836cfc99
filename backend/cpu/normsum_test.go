package cpu_test

import (
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/tensor"
)

// sums has norms of sums: one that nothing else uses, with an operand repeated along the batch; one that is a result and used again; one whose
// scale is computed after the sum is used, which stays apart; one over two axes; and a mask before the norm, with the statistics as results.
const sums = `graph "g"(%x: f32[B, S, 6], %y: f32[B, S, 6], %p: f32[1, S, 6], %m: bool[B, S, 1]) -> ("a" %a, "s" %s, "b" %b, "c" %c, "d" %d, "e" %e, "mean" %em) {
  %g = Const() {Value=f32[6] [1, 2, 3, 4, 5, 6]}
  %h = Const() {Value=f32[6] [6, 5, 4, 3, 2, 1]}
  %xy = Add(%x, %y)
  %xyp = Add(%xy, %p)
  %a, %am, %av = LayerNorm(%xyp, %g, %h) {Axis=-1, Epsilon=1e-05}
  %s = Add(%a, %x)
  %b, %bi = RMSNorm(%s, %g) {Axis=-1, Epsilon=1e-06}
  %s2 = Sub(%s, %b)
  %t = Tanh(%s2)
  %last = Const() {Value=i64[2] [0, 1]}
  %scale = ReduceMax(%t, %last)
  %c, %ci = RMSNorm(%s2, %scale) {Axis=-1, Epsilon=1e-06}
  %z = Mul(%t, %y)
  %d, %dm, %dv = LayerNorm(%z) {Axis=1, Epsilon=1e-05}
  %zero = Const() {Value=f32[] [0]}
  %w = Where(%m, %c, %zero)
  %e, %em, %ev = LayerNorm(%w, %g) {Axis=-1, Epsilon=1e-05}
}`

func TestNormsOfSums(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	g := parse(t, sums)
	inputs := func(b, s int) []tensor.Value {
		m := tensor.New(tensor.Bool, b, s, 1)
		for i := range m.Len() {
			tensor.Data[bool](m)[i] = i%3 != 0
		}
		return []tensor.Value{randomgraph.Tensor(r, 1, b, s, 6), randomgraph.Tensor(r, 1, b, s, 6), randomgraph.Tensor(r, 1, 1, s, 6), m}
	}
	agree(t, g, inputs(1, 1), inputs(2, 17), inputs(3, 500), inputs(0, 3))
	want := "loop(add+add)+layernorm 3, loop(add)+rmsnorm 2, loop(mul)+layernorm 2, loop(choose)+layernorm 2"
	if got := fusedSteps(compile(t, g, cpu.Options{})); got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
}

// TestLateNormOfSum has rows whose number depends on data.
func TestLateNormOfSum(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 15))
	g := parse(t, `graph "g"(%x: f32[N, 8], %m: bool[N]) -> ("y" %y, "s" %s) {
  %at = NonZero(%m)
  %flat = Const() {Value=i64[1] [-1]}
  %rows = Reshape(%at, %flat)
  %c = Gather(%x, %rows)
  %s = Add(%c, %c)
  %y, %mean, %inv = LayerNorm(%s) {Axis=-1, Epsilon=1e-05}
}`)
	m := tensor.New(tensor.Bool, 40)
	for i := range m.Len() {
		tensor.Data[bool](m)[i] = i%3 == 1
	}
	agree(t, g, []tensor.Value{randomgraph.Tensor(r, 1, 40, 8), m}, []tensor.Value{randomgraph.Tensor(r, 1, 1, 8), tensor.New(tensor.Bool, 1)})
	if got, want := fusedSteps(compile(t, g, cpu.Options{})), "loop(add)+layernorm 2"; got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
}
