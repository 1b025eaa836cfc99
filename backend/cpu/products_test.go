package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu"
	"github.com/gocompile/gocompile/internal/randomgraph"
	"github.com/gocompile/gocompile/tensor"
)

// projections has queries, keys and values of one matrix, which are used before the constants of the next product stand, the branches of a
// gated layer, of which one is unused for a while, a product that waits for another one, and two of a transposed matrix.
const projections = `graph "g"(%x: f32[B, S, 8], %t: f32[8, S], %late: f32[4]) -> ("q" %q1, "kv" %kv, "y" %y, "z" %z, "u" %u) {
  %wq = Const() {Value=f32[8, 8] [iota]}
  %q = MatMul(%x, %wq)
  %bq = Const() {Value=f32[8] [1, 2, 3, 4, 5, 6, 7, 8]}
  %q0 = Add(%q, %bq)
  %q1 = Tanh(%q0)
  %wk = Const() {Value=f32[4, 8] [iota]}
  %k = MatMul(%x, %wk) {TransB=true}
  %wv = Const() {Value=f32[8, 4] [iota]}
  %v = MatMul(%x, %wv)
  %vb = Add(%v, %late)
  %kv = Mul(%k, %vb)
  %wg = Const() {Value=f32[8, 3] [iota]}
  %g = MatMul(%q1, %wg)
  %gs = Silu(%g) {Alpha=1}
  %wu = Const() {Value=f32[8, 3] [iota]}
  %up = MatMul(%q1, %wu)
  %h = Mul(%gs, %up)
  %wd = Const() {Value=f32[3, 8] [iota]}
  %d = MatMul(%h, %wd)
  %y = Add(%d, %x)
  %wr = Const() {Value=f32[8, 8] [iota]}
  %r = MatMul(%q1, %wr)
  %z = Add(%r, %y)
  %wa = Const() {Value=f32[8, 5] [iota]}
  %wb = Const() {Value=f32[8, 5] [iota]}
  %a = MatMul(%t, %wa) {TransA=true}
  %b = MatMul(%t, %wb) {TransA=true}
  %br = Relu(%b)
  %u = Sub(%a, %br)
}`

// packedWeights has products whose columns are cut: with a bias by one node, gated branches by two, and of a transposed weight, together with
// a product of the same matrix; and one of which something else takes all columns.
const packedWeights = `graph "g"(%x: f32[B, S, 8], %t: f32[S, 8]) -> ("q" %q1, "kv" %kv, "h" %h, "n" %n, "w" %w, "o" %o) {
  %wqkv = Const() {Value=f32[8, 19] [iota]}
  %bqkv = Const() {Value=f32[19] [iota]}
  %p = MatMul(%x, %wqkv)
  %pb = Add(%bqkv, %p)
  %sizes = Const() {Value=i64[3] [9, 5, 5]}
  %q, %k, %v = Split(%pb, %sizes) {Axis=-1, Num=3}
  %q1 = Tanh(%q)
  %kv = Sub(%k, %v)
  %wgu = Const() {Value=f32[6, 5] [iota]}
  %wgu2 = Const() {Value=f32[5, 6] [iota]}
  %gu = MatMul(%k, %wgu2)
  %zero = Const() {Value=i64[1] [0]}
  %three = Const() {Value=i64[1] [3]}
  %end = Const() {Value=i64[1] [9223372036854775807]}
  %last = Const() {Value=i64[1] [-1]}
  %g = Slice(%gu, %zero, %three, %last)
  %u = Slice(%gu, %three, %end, %last)
  %gs = Sigmoid(%g)
  %h = Mul(%gs, %u)
  %m = MatMul(%k, %wgu) {TransB=true}
  %n = Neg(%m)
  %wt = Const() {Value=f32[34, 8] [iota]}
  %a = MatMul(%t, %wt) {TransB=true}
  %a0, %a1 = Split(%a) {Axis=1, Num=2}
  %a0r = Relu(%a0)
  %w = Add(%a0r, %a1)
  %c = MatMul(%t, %wqkv)
  %c0 = Slice(%c, %zero, %three, %last)
  %s = Tanh(%c)
  %o = Concat(%c0, %s) {Axis=1}
}`

func TestPackedWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 11))
	g := parse(t, packedWeights)
	inputs := func(b, s int) []tensor.Value {
		return []tensor.Value{randomgraph.Tensor(r, 0.1, b, s, 8), randomgraph.Tensor(r, 0.1, s, 8)}
	}
	agree(t, g, inputs(1, 1), inputs(2, 17), inputs(0, 3), inputs(1, 130))
	want := "matmul+bias+tanh | matmul+bias | matmul+bias 4, matmul+sigmoid | matmul | matmul 5, matmul+relu | matmul | matmul 4"
	if got := fusedSteps(compile(t, g, cpu.Options{})); got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
}

// TestFarProducts leaves a product alone that comes long after another one of the same matrix.
func TestFarProducts(t *testing.T) {
	var b strings.Builder
	b.WriteString("graph \"g\"(%x: f32[N, 4]) -> (\"y\" %y, \"z\" %z) {\n  %w = Const() {Value=f32[4, 4] [iota]}\n  %y = MatMul(%x, %w)\n  %t0 = Tanh(%y)\n")
	for i := range 30 {
		fmt.Fprintf(&b, "  %%t%d = ReduceSum(%%t%d) {KeepDims=true}\n", i+1, i)
	}
	b.WriteString("  %v = Const() {Value=f32[4, 4] [iota]}\n  %u = MatMul(%x, %v)\n  %z = Add(%u, %t30)\n}")
	if got := fusedSteps(compile(t, parse(t, b.String()), cpu.Options{})); strings.Contains(got, "|") {
		t.Errorf("steps are %s", got)
	}
}

// TestLateProjections has rows whose number depends on data.
func TestLateProjections(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	g := parse(t, `graph "g"(%x: f32[N, 8], %m: bool[N]) -> ("y" %y, "z" %z) {
  %at = NonZero(%m)
  %flat = Const() {Value=i64[1] [-1]}
  %rows = Reshape(%at, %flat)
  %c = Gather(%x, %rows)
  %w = Const() {Value=f32[8, 8] [iota]}
  %v = Const() {Value=f32[8, 2] [iota]}
  %y = MatMul(%c, %w)
  %zz = MatMul(%c, %v)
  %z = Relu(%zz)
}`)
	inputs := func(n int) []tensor.Value {
		m := tensor.New(tensor.Bool, n)
		for i := range n {
			tensor.Data[bool](m)[i] = i%3 == 1
		}
		return []tensor.Value{randomgraph.Tensor(r, 0.1, n, 8), m}
	}
	agree(t, g, inputs(40), inputs(1), inputs(7))
	if got, want := fusedSteps(compile(t, g, cpu.Options{})), "matmul | matmul+relu 3"; got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
}

func TestProjections(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	g := parse(t, projections)
	inputs := func(b, s int) []tensor.Value {
		return []tensor.Value{randomgraph.Tensor(r, 0.1, b, s, 8), randomgraph.Tensor(r, 0.1, 8, s), randomgraph.Tensor(r, 1, 4)}
	}
	agree(t, g, inputs(1, 1), inputs(2, 17), inputs(0, 3), inputs(1, 130))
	want := "matmul+bias+tanh | matmul | matmul+bias 6, matmul+silu | matmul 3, matmul+residual 2, matmul+residual 2, matmul | matmul+relu 3"
	if got := fusedSteps(compile(t, g, cpu.Options{})); got != want {
		t.Errorf("steps of several nodes are %s, want %s", got, want)
	}
}

// TestUnusedProduct: a product that nothing uses takes none of those with the same left operand with it.
func TestUnusedProduct(t *testing.T) {
	g := parse(t, `graph "g"(%x: f32[B, 4]) -> ("y" %y, "z" %z) {
  %a = Const() {Value=f32[4, 3] [iota]}
  %bias = Const() {Value=f32[3] [iota]}
  %unused = MatMul(%x, %a)
  %sum = Add(%unused, %bias)
  %y = MatMul(%x, %a)
  %b = Const() {Value=f32[4, 2] [iota]}
  %z = MatMul(%x, %b)
}`)
	agree(t, g, []tensor.Value{randomgraph.Tensor(rand.New(rand.NewPCG(12, 13)), 1, 3, 4)})
}
