//go:build amd64 && !noasm

package gemm

import (
	"github.com/gocompile/gocompile/backend/cpu/level"
)

var nativeKernels = append([]Kernel{
	{Name: "avx2-6x16", Level: level.AVX2, MR: 6, NR: 16, Quality: 16, Strips: true, Panels: 3, fn: avx2Tile},
	{Name: "avx2-axpy", Level: level.AVX2, MR: 6, NR: 1 << 30, Quality: 8, Small: 4, B: Rows, fn: avx2AxpyTile},
	{Name: "avx2-dot", Level: level.AVX2, MR: 6, NR: 1 << 30, Quality: 8, Small: 8, B: Columns, fn: avx2DotTile},
	{Name: "avx2-4x16-float16", Level: level.AVX2, MR: 4, NR: 16, Quality: 8, Small: 4, B: Halves, fn: avx2HalfTile},
	{Name: "avx2-4x16-bfloat16", Level: level.AVX2, MR: 4, NR: 16, Quality: 8, Small: 4, B: Brains, fn: avx2BrainTile},
	{Name: "avx2-4x16-int8", Level: level.AVX2, MR: 4, NR: 16, Quality: 8, Small: 12, B: Bytes, fn: avx2Bytes.tile},
	{Name: "avx2-4x16-int4", Level: level.AVX2, MR: 4, NR: 16, Quality: 8, Small: 12, B: Nibbles, fn: avx2Nibbles.tile},
	{Name: "avx512-8x32-int8", Level: level.AVX512, MR: 8, NR: 32, Quality: 16, Small: 24, B: Bytes, fn: avx512Bytes.tile},
	{Name: "avx512-8x32-int4", Level: level.AVX512, MR: 8, NR: 32, Quality: 16, Small: 24, B: Nibbles, fn: avx512Nibbles.tile},
	{Name: "avx512-4x32-float16", Level: level.AVX512, MR: 4, NR: 32, Quality: 16, Small: 4, B: Halves, fn: avx512HalfTile},
	{Name: "avx512-4x32-bfloat16", Level: level.AVX512, MR: 4, NR: 32, Quality: 16, Small: 4, B: Brains, fn: avx512BrainTile},
	{Name: "avx512-14x32", Level: level.AVX512, MR: 14, NR: 32, Quality: 32, Strips: true, Panels: 4, fn: avx512Tile},
	{Name: "avx512-6x64", Level: level.AVX512, MR: 6, NR: 64, Quality: 33, Least: 2, Small: 6, Whole: true, fn: avx512BroadTile},
	{Name: "avx512-axpy", Level: level.AVX512, MR: 6, NR: 1 << 30, Quality: 16, Small: 4, B: Rows, fn: avx512AxpyTile},
	{Name: "avx512-dot", Level: level.AVX512, MR: 6, NR: 1 << 30, Quality: 16, Small: 8, B: Columns, fn: avx512DotTile},
}, quadKernels()...)

// rowDots sets out[i*ldOut+j] to the product of a[i*lda:][:k] with b[j*ld:][:k], for some rows and n columns, a positive multiple of group.
type rowDots struct {
	group int
	fn    func(k, n int, a *float32, lda int, b *float32, ld int, out *float32, ldOut int)
}

// dotRows is what dotTile does where the product is all there is to do: with several[r-1] for r rows, and those columns that are not a whole group by f.
func dotRows(t *tile, several []rowDots, f dotsFunc) {
	if t.k == 0 || !t.plain() {
		dotTile(t, 0, f)
		return
	}
	done := t.cols
	for i := 0; i < t.rows; {
		s := &several[min(t.rows-i, len(several))-1]
		done = min(done, t.cols/s.group*s.group)
		i += min(t.rows-i, len(several))
	}
	if done > 0 {
		for i := 0; i < t.rows; {
			r := min(t.rows-i, len(several))
			a, b, c := t.a[i*t.aRow:], t.b, t.c[i*t.cRow:]
			_, _, _ = a[(r-1)*t.aRow+t.k-1], b[(done-1)*t.bStep+t.k-1], c[(r-1)*t.cRow+done-1]
			several[r-1].fn(t.k, done, &a[0], t.aRow, &b[0], t.bStep, &c[0], t.cRow)
			i += r
		}
	}
	dotTile(t, done, f)
}

var avx2Rows = []rowDots{{8, dots1Rows}, {4, dots2Rows}}

func avx2DotTile(t *tile) { dotRows(t, avx2Rows, avx2Dots) }

func avx2Dots(k int, a, b []float32, ld int, out []float32) {
	if k == 0 {
		clear(out)
		return
	}
	_, _ = a[k-1], b[(len(out)-1)*ld+k-1]
	dots(k, len(out), &a[0], &b[0], ld, &out[0])
}

var avx512Rows = []rowDots{{16, dots1RowsWide}, {8, dots2RowsWide}, {4, dots3RowsWide}, {4, dots4RowsWide}}

func avx512DotTile(t *tile) { dotRows(t, avx512Rows, avx512Dots) }

func avx512Dots(k int, a, b []float32, ld int, out []float32) {
	if k == 0 {
		clear(out)
		return
	}
	_, _ = a[k-1], b[(len(out)-1)*ld+k-1]
	dotsWide(k, len(out), &a[0], &b[0], ld, &out[0])
}

func avx2AxpyTile(t *tile) { axpyTile(t, avx2Axpy4) }

func avx2Axpy4(c []float32, x *[4]float32, b []float32, ld int) {
	_ = b[3*ld+len(c)-1]
	axpy4(len(c), &c[0], &x[0], &b[0], ld)
}

func avx512AxpyTile(t *tile) { axpyTile(t, avx512Axpy4) }

func avx512Axpy4(c []float32, x *[4]float32, b []float32, ld int) {
	_ = b[3*ld+len(c)-1]
	axpy4Wide(len(c), &c[0], &x[0], &b[0], ld)
}
