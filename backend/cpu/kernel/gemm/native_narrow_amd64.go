//go:build amd64 && !noasm

package gemm

import "unsafe"

// avx2HalfTile is avx2Tile for few rows and a B of float16.
func avx2HalfTile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.rows {
	case 1:
		multiply1RowsHalf(p)
	case 2:
		multiply2RowsHalf(p)
	case 3:
		multiply3RowsHalf(p)
	case 4:
		multiply4RowsHalf(p)
	}
}

// avx2BrainTile is avx2HalfTile for bfloat16.
func avx2BrainTile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.rows {
	case 1:
		multiply1RowsBrain(p)
	case 2:
		multiply2RowsBrain(p)
	case 3:
		multiply3RowsBrain(p)
	case 4:
		multiply4RowsBrain(p)
	}
}

// avx512HalfTile is avx512Tile for few rows and a B of float16.
func avx512HalfTile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	if t.cols > 16 {
		switch t.rows {
		case 1:
			multiply1x32RowsHalf(p)
		case 2:
			multiply2x32RowsHalf(p)
		case 3:
			multiply3x32RowsHalf(p)
		case 4:
			multiply4x32RowsHalf(p)
		}
		return
	}
	switch t.rows {
	case 1:
		multiply1x16RowsHalf(p)
	case 2:
		multiply2x16RowsHalf(p)
	case 3:
		multiply3x16RowsHalf(p)
	case 4:
		multiply4x16RowsHalf(p)
	}
}

// avx512BrainTile is avx512HalfTile for bfloat16.
func avx512BrainTile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	if t.cols > 16 {
		switch t.rows {
		case 1:
			multiply1x32RowsBrain(p)
		case 2:
			multiply2x32RowsBrain(p)
		case 3:
			multiply3x32RowsBrain(p)
		case 4:
			multiply4x32RowsBrain(p)
		}
		return
	}
	switch t.rows {
	case 1:
		multiply1x16RowsBrain(p)
	case 2:
		multiply2x16RowsBrain(p)
	case 3:
		multiply3x16RowsBrain(p)
	case 4:
		multiply4x16RowsBrain(p)
	}
}
