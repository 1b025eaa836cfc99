package gemm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/backend/cpu/roof"
)

// report adds the rate of multiply-adds, two operations each, and which share of what the processor can do at that level that is.
func report(b *testing.B, x *Ctx, m, n, k int) {
	rate := 2 * float64(m) * float64(n) * float64(k) * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	b.ReportMetric(100*rate/roof.FMA(x.level)/float64(x.pool.Threads()), "%peak")
}

var shapes = [][3]int{{512, 512, 512}, {1024, 1024, 1024}, {128, 1536, 384}, {128, 3072, 768}, {128, 384, 1536}, {16, 768, 768}, {4, 768, 768}, {2, 768, 768}, {1, 768, 768}, {1, 3072, 768}, {1, 10000, 512}, {128, 128, 64}, {100, 50, 30}}

// BenchmarkRun has shapes M×N×K with a packed B.
func BenchmarkRun(b *testing.B) {
	p := pool.New(runtime.GOMAXPROCS(0))
	defer p.Close()
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		r := rand.New(rand.NewPCG(1, 1))
		a, w, c := matrix(r, m, k, k), PackB(matrix(r, k, n, n), k, n, n, false), make([]float32, m*n)
		run := func(name string, x *Ctx) {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, name), func(b *testing.B) {
				for b.Loop() {
					Run(x, m, a, k, w, c, n, nil)
				}
				report(b, x, m, n, k)
			})
		}
		if m == 512 {
			run("portable", NewCtx(nil, level.Portable))
		}
		run("1", NewCtx(nil, level.Highest()))
		run(fmt.Sprint(p.Threads()), NewCtx(p, level.Highest()))
	}
}

// BenchmarkMatMul has an unpacked B, as in attention: transposed and not.
func BenchmarkMatMul(b *testing.B) {
	for _, s := range [][3]int{{128, 128, 64}, {128, 64, 128}, {512, 512, 512}, {1, 256, 64}, {1, 64, 256}, {4, 768, 768}, {1, 768, 768}} {
		m, n, k := s[0], s[1], s[2]
		for _, trans := range []bool{false, true} {
			r := rand.New(rand.NewPCG(1, 1))
			args := Args{M: m, N: n, K: k, A: matrix(r, m, k, k), LDA: k, C: make([]float32, m*n), LDC: n, TransB: trans}
			args.B, args.LDB = operandOf(r, k, n, 0, trans)
			b.Run(fmt.Sprintf("%dx%dx%d/trans=%v", m, n, k, trans), func(b *testing.B) {
				x := NewCtx(nil, level.Highest())
				for b.Loop() {
					MatMul(x, args)
				}
				report(b, x, m, n, k)
			})
		}
	}
}

func BenchmarkActivation(b *testing.B) {
	row, source := make([]float32, 1024), matrix(rand.New(rand.NewPCG(1, 1)), 1, 1024, 1024)
	for f := range 2 * activations {
		f, l := f/2, levels()[int(f%2)*(len(levels())-1)]
		b.Run(f.String()+"/"+l.String(), func(b *testing.B) {
			for b.Loop() {
				copy(row, source)
				f.Apply(row, 0.1, 1, l)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(len(row)), "ns/element")
		})
	}
}

// BenchmarkFormats multiplies a few rows with weights that no cache holds, and many rows, in each format.
func BenchmarkFormats(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, k = 4096, 4096
	w := matrix(r, k, n, n)
	for _, f := range []Format{Float32, Float16, BFloat16} {
		p := PackBAs(f, w, k, n, n, false, nil)
		for _, m := range []int{1, 4, 5, 64} {
			l, _ := level.Current()
			x := NewCtx(nil, l)
			a, c := matrix(r, m, k, k), make([]float32, m*n)
			b.Run(fmt.Sprintf("%s/%d", f, m), func(b *testing.B) {
				b.SetBytes(int64(p.Bytes()))
				for b.Loop() {
					Run(x, m, a, k, p, c, n, nil)
				}
			})
		}
	}
}
