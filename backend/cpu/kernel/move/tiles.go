package move

// side is the number of rows and columns of a tile. A tile of any element size stays in the first-level cache, both ways.
const side = 16

// tiles transposes: dst[i·toStep + j] = src[j·step + i], for i < rows and j < columns.
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
