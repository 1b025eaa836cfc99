//go:build amd64 && !noasm

package gemm

import "unsafe"

// avx2Tile calls the kernel for as many rows as the tile has.
func avx2Tile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	if t.aStep == 1 {
		switch t.rows {
		case 1:
			avx2Row(t)
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

// avx512Tile calls the kernel for as many rows as the tile has, and one or two vectors of columns.
func avx512Tile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch {
	case t.aStep == 1 && (t.cols > 16 || t.panels > 1):
		switch t.rows {
		case 1:
			avx512Row(t)
		case 2:
			multiply2x32Rows(p)
		case 3:
			multiply3x32Rows(p)
		case 4:
			multiply4x32Rows(p)
		case 5:
			multiply5x32Rows(p)
		case 6:
			multiply6x32Rows(p)
		case 7:
			multiply7x32Rows(p)
		case 8:
			multiply8x32Rows(p)
		case 9:
			multiply9x32Rows(p)
		case 10:
			multiply10x32Rows(p)
		case 11:
			multiply11x32Rows(p)
		case 12:
			multiply12x32Rows(p)
		case 13:
			multiply13x32Rows(p)
		case 14:
			multiply14x32Rows(p)
		}
	case t.aStep == 1:
		switch t.rows {
		case 1:
			multiply1x16Rows(p)
		case 2:
			multiply2x16Rows(p)
		case 3:
			multiply3x16Rows(p)
		case 4:
			multiply4x16Rows(p)
		case 5:
			multiply5x16Rows(p)
		case 6:
			multiply6x16Rows(p)
		case 7:
			multiply7x16Rows(p)
		case 8:
			multiply8x16Rows(p)
		case 9:
			multiply9x16Rows(p)
		case 10:
			multiply10x16Rows(p)
		case 11:
			multiply11x16Rows(p)
		case 12:
			multiply12x16Rows(p)
		case 13:
			multiply13x16Rows(p)
		case 14:
			multiply14x16Rows(p)
		}
	case t.cols > 16:
		switch t.rows {
		case 1:
			multiply1x32Columns(p)
		case 2:
			multiply2x32Columns(p)
		case 3:
			multiply3x32Columns(p)
		case 4:
			multiply4x32Columns(p)
		case 5:
			multiply5x32Columns(p)
		case 6:
			multiply6x32Columns(p)
		case 7:
			multiply7x32Columns(p)
		case 8:
			multiply8x32Columns(p)
		case 9:
			multiply9x32Columns(p)
		case 10:
			multiply10x32Columns(p)
		case 11:
			multiply11x32Columns(p)
		case 12:
			multiply12x32Columns(p)
		case 13:
			multiply13x32Columns(p)
		case 14:
			multiply14x32Columns(p)
		}
	default:
		switch t.rows {
		case 1:
			multiply1x16Columns(p)
		case 2:
			multiply2x16Columns(p)
		case 3:
			multiply3x16Columns(p)
		case 4:
			multiply4x16Columns(p)
		case 5:
			multiply5x16Columns(p)
		case 6:
			multiply6x16Columns(p)
		case 7:
			multiply7x16Columns(p)
		case 8:
			multiply8x16Columns(p)
		case 9:
			multiply9x16Columns(p)
		case 10:
			multiply10x16Columns(p)
		case 11:
			multiply11x16Columns(p)
		case 12:
			multiply12x16Columns(p)
		case 13:
			multiply13x16Columns(p)
		case 14:
			multiply14x16Columns(p)
		}
	}
}

// avx512BroadTile calls the kernel for as many rows as the tile has, and four vectors of columns.
func avx512BroadTile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch {
	case t.aStep != 1 || t.rows == 1:
		avx512Halves(t)
	case t.rows == 2:
		multiply2x64Rows(p)
	case t.rows == 3:
		multiply3x64Rows(p)
	case t.rows == 4:
		multiply4x64Rows(p)
	case t.rows == 5:
		multiply5x64Rows(p)
	case t.rows == 6:
		multiply6x64Rows(p)
	}
}

// avx512Halves computes the halves of a tile of four vectors of columns one after the other.
func avx512Halves(t *tile) {
	b, c, bias, cols := t.b, t.c, t.bias, t.cols
	t.cols, t.aSkip, t.cSkip = min(cols, 32), 0, 0
	avx512Tile(t)
	if t.cols = cols - 32; t.cols > 0 {
		t.b, t.c = b[32:], c[32:]
		if bias != nil {
			t.bias = bias[32:]
		}
		t.strips = 1
		avx512Tile(t)
	}
	t.b, t.c, t.bias, t.cols = b, c, bias, cols
}
