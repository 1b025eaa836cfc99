package gemm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// groupOf is products with one A, as wide as told, each with an epilogue of its own, and room for their results.
func groupOf(r *rand.Rand, l level.Level, m, k int, widths ...int) []*Args {
	a := matrix(r, m, k, k)
	args := make([]*Args, len(widths))
	for i, n := range widths {
		b := matrix(r, k, n, n)
		args[i] = &Args{M: m, N: n, K: k, A: a, LDA: k, Packed: packFor(l, b, k, n, n, false), C: make([]float32, m*n), LDC: n}
		if i%2 == 1 {
			args[i].Epilogue = &Epilogue{ColumnBias: matrix(r, 1, n, n), Activation: Silu}
		}
	}
	return args
}

// TestMatMuls wants what the products give one by one, to the bit.
func TestMatMuls(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	contexts(t, func(name string, x *Ctx) {
		for _, m := range []int{0, 1, 2, 7, 16, 150} {
			for _, widths := range [][]int{{5}, {0, 33, 0}, {64, 16, 16}, {1, 100, 300, 7}, {384, 384, 384}, {}} {
				for _, k := range []int{0, 3, 384} {
					args := groupOf(r, x.level, m, k, widths...)
					want := make([][]float32, len(args))
					for i := range args {
						one := *args[i]
						one.C = make([]float32, len(one.C))
						MatMul(x, one)
						want[i] = one.C
					}
					MatMuls(x, args)
					for i := range args {
						if !slices.Equal(args[i].C, want[i]) {
							t.Fatalf("%s: %d by %d by %v: product %d differs", name, m, k, widths, i)
						}
					}
				}
			}
		}
	})
}

func TestMatMulsAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	p := pool.New(2)
	defer p.Close()
	x := NewCtx(p, level.Highest())
	args := groupOf(rand.New(rand.NewPCG(9, 9)), x.level, 16, 384, 384, 384)
	MatMuls(x, args)
	if n := testing.AllocsPerRun(20, func() { MatMuls(x, args) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatMuls(b *testing.B) {
	p := pool.New(2)
	defer p.Close()
	x := NewCtx(p, level.Highest())
	r := rand.New(rand.NewPCG(10, 10))
	for _, s := range []struct {
		m, k   int
		widths []int
	}{{1, 96, []int{96, 32, 32}}, {1, 576, []int{576, 192, 192}}, {1, 576, []int{1536, 1536}}, {16, 384, []int{384, 384, 384}}, {128, 384, []int{384, 384, 384}}} {
		args := groupOf(r, x.level, s.m, s.k, s.widths...)
		b.Run(fmt.Sprintf("%dx%dx%v/apart", s.m, s.k, s.widths), func(b *testing.B) {
			for b.Loop() {
				for i := range args {
					MatMul(x, *args[i])
				}
			}
		})
		b.Run(fmt.Sprintf("%dx%dx%v/group", s.m, s.k, s.widths), func(b *testing.B) {
			for b.Loop() {
				MatMuls(x, args)
			}
		})
	}
}

// Every piece is taken once, and where each thread takes one in turn it goes through pieces side by side.
func TestStreamed(t *testing.T) {
	for n := range 30 {
		for threads := 1; threads < 7; threads++ {
			taken := make([]bool, n)
			for i := range n {
				block := streamed(i, n, threads)
				if taken[block] || i >= threads && block != streamed(i-threads, n, threads)+1 {
					t.Fatalf("piece %d of %d by %d threads is %d", i, n, threads, block)
				}
				taken[block] = true
			}
		}
	}
}
