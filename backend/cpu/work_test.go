package cpu

import (
	"context"
	"fmt"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// attentionWork is the number of multiply-adds that attention of n rows and heads of size d takes, compiled from how exporters spell it.
func attentionWork(t *testing.T, n, d int, causal bool, threads *pool.Pool) int {
	t.Helper()
	mask := "%m = Mul(%s0, %scale)"
	if causal {
		mask = `%s = Mul(%s0, %scale)
  %none = Const() {Value=f32[] [-inf]}
  %shape = Dims() {Elem=i64, Shape=[2], Exprs=<S, S>}
  %full = Expand(%none, %shape)
  %one = Const() {Value=i64[] [1]}
  %upper = Trilu(%full, %one) {Upper=true}
  %m = Add(%s, %upper)`
	}
	g, err := ir.Parse(fmt.Sprintf(`graph "g"(%%q: f32[1, 2, S, %d], %%k: f32[1, 2, S, %d], %%v: f32[1, 2, S, %d]) -> ("y" %%y) {
  %%scale = Const() {Value=f32[] [0.125]}
  %%s0 = MatMul(%%q, %%k) {TransB=true}
  %s
  %%p = Softmax(%%m) {Axis=-1}
  %%y = MatMul(%%p, %%v)
}`, d, d, d, mask))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := passes.Optimize(g, passes.Options{}); err != nil {
		t.Fatal(err)
	}
	if have := g.CountOps(); have["Attention"] != 1 {
		t.Fatalf("attention was not recognised: %v", have)
	}
	p, err := Compile(g, Options{Pool: threads})
	if err != nil {
		t.Fatal(err)
	}
	s := p.NewSession()
	x := func() tensor.Value { return tensor.New(tensor.Float32, 1, 2, n, d) }
	if _, err := s.Run(context.Background(), []tensor.Value{x(), x(), x()}); err != nil {
		t.Fatal(err)
	}
	return int(s.exec.attention.Work())
}

// TestAttentionWork: the work of attention grows as N²·D, whatever the number of threads, and under a causal mask is half of that but for the tiles that
// the diagonal cuts.
func TestAttentionWork(t *testing.T) {
	for n := range 2 {
		threads := pool.New(1 + n)
		defer threads.Close()
		for _, n := range []int{1, 64, 256, 1024, 2048} {
			for _, d := range []int{16, 32} {
				const heads = 2
				full := heads * n * n * 2 * d // of scores and of values
				if got := attentionWork(t, n, d, false, threads); got != full {
					t.Errorf("%d rows of size %d: %d multiply-adds, want 2·N²·D a head, %d", n, d, got, full)
				}
				const tile = 256 // keys that are computed together, at most, for rows of which some see none of them
				if got := attentionWork(t, n, d, true, threads); got < full/2 || got > (full+heads*n*tile*2*d)/2+full/8 {
					t.Errorf("%d rows of size %d, causal: %d multiply-adds, want half of %d and tiles at the diagonal", n, d, got, full)
				}
			}
		}
	}
}
