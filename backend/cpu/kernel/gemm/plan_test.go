package gemm

import (
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

func TestStripsCoverRows(t *testing.T) {
	for m := range 200 {
		if stripStart(0, m) != 0 || stripStart(strips(m), m) != m {
			t.Fatalf("m = %d: strips begin at %d and end at %d", m, stripStart(0, m), stripStart(strips(m), m))
		}
		for s := range strips(m) {
			if rows := stripStart(s+1, m) - stripStart(s, m); rows < min(m, 3) || rows > stripRows {
				t.Fatalf("m = %d: strip %d has %d rows", m, s, rows)
			}
		}
	}
}

func TestBlocking(t *testing.T) {
	for _, c := range []struct{ m, n, k, threads, mc, nc int }{
		{1, 768, 768, 1, 1, 16},
		{1, 768, 768, 2, 1, 4},
		{512, 512, 512, 1, 22, 16},
		{128, 1536, 384, 2, 22, 8},
		{6, 16, 1 << 20, 8, 1, 1},
		{1 << 12, 16, 64, 2, 24, 1},
	} {
		if mc, nc := blocking(c.m, c.n, c.k, c.threads); mc != c.mc || nc != c.nc {
			t.Errorf("blocking(%d, %d, %d, %d) = %d, %d, want %d, %d", c.m, c.n, c.k, c.threads, mc, nc, c.mc, c.nc)
		}
	}
}

func TestDepth(t *testing.T) {
	for k := range 3000 {
		d := depthOf(k)
		if d < 1 || d > maxDepth || d%8 != 0 {
			t.Fatalf("depthOf(%d) = %d", k, d)
		}
		if blocks := count(k, d); k > 0 && k-(blocks-1)*d < d/2 && blocks > 1 {
			t.Fatalf("depthOf(%d) = %d leaves a block of %d", k, d, k-(blocks-1)*d)
		}
	}
}

func TestKernelTable(t *testing.T) {
	names := map[string]bool{}
	for _, k := range Kernels {
		if names[k.Name] || k.MR != stripRows || k.NR < panelWidth || k.fn == nil || k.Quality < 1 {
			t.Errorf("kernel %+v", k)
		}
		names[k.Name] = true
	}
}

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		m    int
		l    level.Level
		form Form
		want string
	}{
		{1, level.Portable, Panels, "portable-2x4"},
		{100, level.Portable, Panels, "portable-2x4"},
		{1, level.Portable, Rows, "portable-axpy"},
		{4, level.Portable, Rows, "portable-axpy"},
		{5, level.Portable, Rows, "portable-2x4"},
		{8, level.Portable, Columns, "portable-dot"},
		{9, level.Portable, Columns, "portable-2x4"},
		{1, level.AVX2, Panels, "avx2-6x16"},
		{1, level.AVX2, Rows, "avx2-axpy"},
		{5, level.AVX2, Rows, "avx2-6x16"},
		{1, level.AVX2, Columns, "avx2-dot"},
		{9, level.AVX2, Columns, "avx2-6x16"},
	} {
		if c.l == level.AVX2 && nativeKernels == nil {
			continue
		}
		if got := Choose(c.m, 100, 100, c.l, c.form).Name; got != c.want {
			t.Errorf("Choose(m = %d, %s, form %d) = %s, want %s", c.m, c.l, c.form, got, c.want)
		}
	}
}
