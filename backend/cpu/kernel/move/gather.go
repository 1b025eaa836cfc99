package move

import "fmt"

// IndexError says that an index is outside of its axis.
type IndexError struct {
	Position int   // where among the indices
	Index    int64 // what it is
	Size     int   // of the axis
}

// Error implements error.
func (e *IndexError) Error() string {
	return fmt.Sprintf("index %d at position %d is outside of an axis of %d elements", e.Index, e.Position, e.Size)
}

// Index is what counts along an axis; negative ones count from its end.
type Index interface{ ~int32 | ~int64 }

// CheckIndices returns an [*IndexError] for the first index outside of -n to n-1.
func CheckIndices[I Index](indices []I, n int) error {
	for p, i := range indices {
		if int64(i) < -int64(n) || int64(i) >= int64(n) {
			return &IndexError{p, int64(i), n}
		}
	}
	return nil
}

// Gather sets dst, [outer, indices, inner], to the elements of src, [outer, n, inner], that the indices name along the middle axis; inner counts
// bytes. An index outside of the axis is an error, and nothing is copied.
func Gather[I Index](dst, src []byte, indices []I, n, inner int) error {
	if err := CheckIndices(indices, n); err != nil {
		return err
	}
	if len(indices) > 0 && inner > 0 {
		GatherRange(dst, src, indices, n, inner, 0, len(dst)/inner)
	}
	return nil
}

// GatherRange is rows lo to hi of [Gather], of outer·indices rows; the indices have been checked.
func GatherRange[I Index](dst, src []byte, indices []I, n, inner, lo, hi int) {
	switch inner {
	case 1:
		gather[[1]byte](dst, src, indices, n, lo, hi)
	case 2:
		gather[[2]byte](dst, src, indices, n, lo, hi)
	case 4:
		gather[[4]byte](dst, src, indices, n, lo, hi)
	case 8:
		gather[[8]byte](dst, src, indices, n, lo, hi)
	case 16:
		gather[[16]byte](dst, src, indices, n, lo, hi)
	default:
		for row := lo; row < hi; row++ {
			at := row/len(indices)*n + wrap(indices[row%len(indices)], n)
			copy(dst[row*inner:(row+1)*inner], src[at*inner:(at+1)*inner])
		}
	}
}

func gather[E element, I Index](dst, src []byte, indices []I, n, lo, hi int) {
	d, s := elements[E](dst), elements[E](src)
	for row := lo; row < hi; {
		p := row % len(indices)
		axis := s[row/len(indices)*n:][:n]
		for _, i := range indices[p:min(len(indices), p+hi-row)] {
			d[row] = axis[wrap(i, n)]
			row++
		}
	}
}

func wrap[I Index](i I, n int) int {
	if i < 0 {
		return int(i) + n
	}
	return int(i)
}
