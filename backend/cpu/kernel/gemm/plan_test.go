package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

func TestStripsCoverRows(t *testing.T) {
	for _, k := range Kernels {
		for m := range 200 {
			g := grid{m: m, mr: k.MR}
			if g.row(0) != 0 || g.row(g.strips()) != m {
				t.Fatalf("m = %d: strips begin at %d and end at %d", m, g.row(0), g.row(g.strips()))
			}
			for s := range g.strips() {
				if rows := g.row(s+1) - g.row(s); rows < min(m, k.MR/2) || rows > k.MR {
					t.Fatalf("m = %d: strip %d has %d rows", m, s, rows)
				}
			}
		}
	}
}

func TestBlocking(t *testing.T) {
	for _, c := range []struct{ m, n, mr, nr, k, threads, mc, nc int }{
		{1, 768, 6, 16, 768, 1, 1, 16},
		{1, 768, 6, 16, 768, 2, 1, 4},
		{512, 512, 6, 16, 512, 1, 22, 16},
		{128, 1536, 6, 16, 384, 2, 22, 8},
		{6, 16, 6, 16, 1 << 20, 8, 1, 1},
		{1 << 12, 16, 6, 16, 64, 2, 24, 1},
		{512, 512, 14, 32, 512, 1, 10, 16},
		{128, 1536, 14, 32, 384, 2, 10, 4},
		{1, 768, 14, 32, 768, 2, 1, 3},
	} {
		g := grid{c.m, c.n, c.mr, c.nr}
		if mc, nc := g.blocking(c.k, c.threads, 1); mc != c.mc || nc != c.nc {
			t.Errorf("%+v.blocking(%d, %d) = %d, %d, want %d, %d", g, c.k, c.threads, mc, nc, c.mc, c.nc)
		}
	}
}

func TestDepth(t *testing.T) {
	for _, l := range levels() {
		f := layoutOf(l)
		for k := range 3000 {
			d := f.depthOf(k)
			if d < 1 || d > maxDepth || d%8 != 0 {
				t.Fatalf("depthOf(%d) = %d", k, d)
			}
			if blocks := count(k, d); k > 0 && k-(blocks-1)*d < d/2 && blocks > 1 {
				t.Fatalf("depthOf(%d) = %d leaves a block of %d", k, d, k-(blocks-1)*d)
			}
		}
	}
}

func TestKernelTable(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kernels {
		if names[k.Name] || k.MR < min(4, max(k.Small, 1)) || k.Small == 0 && k.B < ByteQuads && k.MR < 6 || k.NR < 16 || k.NR%16 != 0 || k.fn == nil || k.Quality < 1 {
			t.Errorf("kernel %+v", k)
		}
		names[k.Name] = true
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		m, width int
		l        level.Level
		form     Form
		want     string
	}{
		{1, 0, level.Portable, Panels, "portable-2x4"},
		{100, 32, level.Portable, Panels, "portable-2x4"},
		{1, 0, level.Portable, Rows, "portable-axpy"},
		{4, 0, level.Portable, Rows, "portable-axpy"},
		{5, 0, level.Portable, Rows, "portable-2x4"},
		{8, 0, level.Portable, Columns, "portable-dot"},
		{9, 0, level.Portable, Columns, "portable-2x4"},
		{1, 16, level.AVX2, Panels, "avx2-6x16"},
		{1, 32, level.AVX2, Panels, "avx2-6x16"},
		{1, 0, level.AVX2, Rows, "avx2-axpy"},
		{5, 0, level.AVX2, Rows, "avx2-6x16"},
		{1, 0, level.AVX2, Columns, "avx2-dot"},
		{9, 0, level.AVX2, Columns, "avx2-6x16"},
		{1, 0, level.AVX512, Panels, "avx512-14x32"},
		{1, 32, level.AVX512, Panels, "avx512-14x32"},
		{1, 16, level.AVX512, Panels, "avx2-6x16"},
		{1, 0, level.AVX512, Rows, "avx512-axpy"},
		{1, 0, level.AVX512, Columns, "avx512-dot"},
		{9, 0, level.AVX512, Columns, "avx512-14x32"},
		{4, 32, level.AVX512, Halves, "avx512-4x32-float16"},
		{5, 32, level.AVX512, Halves, "avx512-14x32"},
		{1, 16, level.AVX512, Brains, "avx2-4x16-bfloat16"},
		{1, 32, level.AVX2, Halves, "avx2-4x16-float16"},
		{1, 32, level.Portable, Brains, "portable-2x4"},
		{1, 16, level.AVX2, Bytes, "avx2-4x16-int8"},
		{1, 16, level.AVX512, Nibbles, "avx2-4x16-int4"},
		{13, 16, level.AVX2, Nibbles, "avx2-6x16"},
		{24, 32, level.AVX512, Bytes, "avx512-8x32-int8"},
		{25, 32, level.AVX512, Bytes, "avx512-14x32"},
		{1, 32, level.AVX2, Bytes, "avx2-6x16"}, // packed for another level
		{1, 32, level.Portable, Nibbles, "portable-2x4"},
	} {
		if c.l >= level.AVX2 && nativeKernels == nil {
			continue
		}
		q := Query{M: c.m, N: 100, K: 100, Level: c.l, Form: c.form, Width: c.width}
		if got := Choose(q).Name; got != c.want {
			t.Errorf("Choose(%+v) = %s, want %s", q, got, c.want)
		}
	}
}

// A broad kernel is for few rows, and a B of whole panels that is not packed.
func TestChooseBroad(t *testing.T) {
	if nativeKernels == nil {
		t.Skip("no kernels but portable ones")
	}
	for _, q := range []Query{{M: 2, N: 64}, {M: 6, N: 128}, {M: 1, N: 64}, {M: 7, N: 64}, {M: 2, N: 96}, {M: 2, N: 64, Width: 32}} {
		want := "avx512-14x32"
		if q.M >= 2 && q.M <= 6 && q.N%64 == 0 && q.Width == 0 {
			want = "avx512-6x64"
		}
		q.K, q.Level = 100, level.AVX512
		if got := Choose(q).Name; got != want {
			t.Errorf("Choose(%+v) = %s, want %s", q, got, want)
		}
	}
}

// Every kernel that can compute a product computes the same, and the one that is chosen is among them.
func TestCandidates(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, l := range levels() {
		for _, s := range [][3]int{{1, 33, 40}, {7, 16, 5}, {30, 70, 330}} {
			m, n, k := s[0], s[1], s[2]
			a, b := matrix(r, m, k, k), matrix(r, k, n, n)
			want := make([]float32, m*n)
			MatMul(NewCtx(nil, level.Portable), Args{M: m, N: n, K: k, A: a, LDA: k, B: b, LDB: n, C: want, LDC: n})
			transposed := make([]float32, k*n)
			for p := range k {
				for j := range n {
					transposed[j*k+p] = b[p*n+j]
				}
			}
			for _, args := range []Args{{B: b, LDB: n}, {B: transposed, LDB: k, TransB: true}, {Packed: packFor(l, b, k, n, n, false)}} {
				args.M, args.N, args.K, args.A, args.LDA, args.LDC = m, n, k, a, k, n
				q := args.Query(l)
				list, chosen := Candidates(q), Choose(q)
				if !slices.Contains(list, chosen) {
					t.Errorf("%+v: %s is no candidate", q, chosen.Name)
				}
				for _, args.Kernel = range list {
					args.C = make([]float32, m*n)
					MatMul(NewCtx(nil, l), args)
					for i, x := range args.C {
						if math.Abs(float64(x-want[i])) > 1e-4*float64(k) {
							t.Fatalf("%+v with %s: element %d is %g, want %g", q, args.Kernel.Name, i, x, want[i])
						}
					}
				}
			}
		}
	}
}

func TestKernelThatCannot(t *testing.T) {
	args := Args{M: 1, N: 1, K: 1, A: []float32{1}, LDA: 1, B: []float32{1}, LDB: 1, C: []float32{1}, LDC: 1, Kernel: &Kernel{Name: "wide", Level: 200, NR: 16}}
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "BUG: kernel wide cannot compute") {
			t.Errorf("panic %v", r)
		}
	}()
	MatMul(NewCtx(nil, level.Portable), args)
}
