//go:build amd64 && !noasm

package gemm

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var nativeRows = []rowFunctions{{level.AVX2, avx2Add, avx2AddScalar, avx2Activate}}

var nativeKernels = []Kernel{
	{Name: "avx2-6x16", Level: level.AVX2, MR: stripRows, NR: panelWidth, Quality: 16, fn: avx2Tile},
	{Name: "avx2-axpy", Level: level.AVX2, MR: stripRows, NR: 1 << 30, Quality: 8, Small: 4, B: Rows, fn: avx2AxpyTile},
	{Name: "avx2-dot", Level: level.AVX2, MR: stripRows, NR: 1 << 30, Quality: 8, Small: 8, B: Columns, fn: avx2DotTile},
}

// avx2Tile calls the kernel for as many rows as the tile has.
func avx2Tile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	if t.aStep == 1 {
		switch t.rows {
		case 1:
			multiply1Rows(p)
		case 2:
			multiply2Rows(p)
		case 3:
			multiply3Rows(p)
		case 4:
			multiply4Rows(p)
		case 5:
			multiply5Rows(p)
		case 6:
			multiply6Rows(p)
		}
		return
	}
	switch t.rows {
	case 1:
		multiply1Columns(p)
	case 2:
		multiply2Columns(p)
	case 3:
		multiply3Columns(p)
	case 4:
		multiply4Columns(p)
	case 5:
		multiply5Columns(p)
	case 6:
		multiply6Columns(p)
	}
}

func avx2DotTile(t *tile) { dotTile(t, avx2Dot4) }

func avx2Dot4(k int, a, b []float32, ld int, out *[4]float32) {
	if k == 0 {
		*out = [4]float32{}
		return
	}
	_, _ = a[k-1], b[3*ld+k-1]
	dot4(k, &a[0], &b[0], ld, &out[0])
}

func avx2AxpyTile(t *tile) { axpyTile(t, avx2Axpy4) }

func avx2Axpy4(c []float32, x *[4]float32, b []float32, ld int) {
	_ = b[3*ld+len(c)-1]
	axpy4(len(c), &c[0], &x[0], &b[0], ld)
}

// transposePanel packs what it can of 16 columns of a transposed B, in steps of eight rows, and returns how many rows it packed.
func transposePanel(dst, b []float32, kc, ld int, l level.Level) int {
	if l < level.AVX2 || kc < 8 {
		return 0
	}
	_, _ = dst[kc*panelWidth-1], b[(panelWidth-1)*ld+kc-1]
	transpose8(&dst[0], &b[0], ld, kc/8)
	transpose8(&dst[8], &b[8*ld], ld, kc/8)
	return kc / 8 * 8
}
