//go:build amd64 && !noasm

package gemm

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var nativeRows = []rowFunctions{{level.AVX2, avx2Add, avx2AddScalar, avx2Activate}}

var nativeKernels = []Kernel{
	{Name: "avx2-6x16", Level: level.AVX2, MR: stripRows, NR: panelWidth, Quality: 16, fn: avx2Tile},
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
