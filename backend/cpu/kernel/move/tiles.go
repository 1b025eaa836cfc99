package move

import "unsafe"

// side is the number of rows and columns of a tile. A tile of any element size stays in the first-level cache, both ways.
const side = 16

// Transpose sets dst[i·toStep + j] to src[j·step + i], for i < rows and j < columns.
func Transpose(dst []float32, toStep int, src []float32, step, rows, columns int) {
	if rows == 0 || columns == 0 {
		return
	}
	_, _ = dst[(rows-1)*toStep+columns-1], src[(columns-1)*step+rows-1]
	transpose(elements[[4]byte](asBytes(dst)), toStep, elements[[4]byte](asBytes(src)), step, rows, columns)
}

func asBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

// transpose is Transpose for elements of any size.
func transpose[E element](dst []E, toStep int, src []E, step, rows, columns int) {
	var e E
	i, j := 0, 0
	if len(e) == 4 && rows > 0 && columns > 0 {
		_, _ = dst[(rows-1)*toStep+columns-1], src[(columns-1)*step+rows-1]
		i, j = nativeTranspose(use, (*uint32)(unsafe.Pointer(&dst[0])), toStep, (*uint32)(unsafe.Pointer(&src[0])), step, rows, columns)
	}
	if j < columns { // beside the squares
		tiles(dst[j:], toStep, src[j*step:], step, i, columns-j)
	}
	if i < rows { // below
		tiles(dst[i*toStep:], toStep, src[i:], step, rows-i, columns)
	}
}

// tiles is transpose tile by tile.
func tiles[E element](dst []E, toStep int, src []E, step, rows, columns int) {
	for j0 := 0; j0 < columns; j0 += side {
		j1 := min(j0+side, columns)
		for i0 := 0; i0 < rows; i0 += side {
			i1 := min(i0+side, rows)
			for i := i0; i < i1; i++ {
				line := dst[i*toStep+j0 : i*toStep+j1]
				at := j0*step + i
				for j := range line {
					line[j] = src[at]
					at += step
				}
			}
		}
	}
}
