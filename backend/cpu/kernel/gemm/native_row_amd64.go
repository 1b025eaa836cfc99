//go:build amd64 && !noasm

package gemm

import "unsafe"

// Products of one row are with one panel of B, or with several side by side.

func avx2Row(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.panels {
	case 3:
		multiply1RowsBy3(p)
	case 2:
		multiply1RowsBy2(p)
	default:
		multiply1Rows(p)
	}
}

func avx512Row(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.panels {
	case 4:
		multiply1x32RowsBy4(p)
	case 3:
		multiply1x32RowsBy3(p)
	case 2:
		multiply1x32RowsBy2(p)
	default:
		multiply1x32Rows(p)
	}
}
