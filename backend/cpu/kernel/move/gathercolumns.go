package move

// columnTile is the number of columns that are gathered at a time: so many lines of the result stay in the first-level cache while rows go by.
const columnTile = 32

// GatherColumns sets row lo to hi of dst, [indices, rows], to the columns of src, [rows, n], that the indices name; elements have size bytes. The indices
// have been checked.
func GatherColumns[I Index](dst, src []byte, indices []I, n, rows, size, lo, hi int) {
	switch size {
	case 1:
		gatherColumns[[1]byte](dst, src, indices, n, rows, lo, hi)
	case 2:
		gatherColumns[[2]byte](dst, src, indices, n, rows, lo, hi)
	case 4:
		gatherColumns[[4]byte](dst, src, indices, n, rows, lo, hi)
	case 8:
		gatherColumns[[8]byte](dst, src, indices, n, rows, lo, hi)
	case 16:
		gatherColumns[[16]byte](dst, src, indices, n, rows, lo, hi)
	default:
		panic(badSize(size))
	}
}

func gatherColumns[E element, I Index](dst, src []byte, indices []I, n, rows, lo, hi int) {
	d, s := elements[E](dst), elements[E](src)
	for ; lo < hi; lo += columnTile {
		names := indices[lo:min(hi, lo+columnTile)]
		for r := range rows {
			row := s[r*n:][:n]
			at := lo*rows + r
			for _, i := range names {
				d[at] = row[wrap(i, n)]
				at += rows
			}
		}
	}
}
