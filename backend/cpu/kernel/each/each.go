// Package each applies functions to numbers of any type, element by element. It is for what package vec does not do, float64 and integers,
// which models use in small amounts: masks, positions, lengths.
//
// The room works on slices and strides, and knows nothing of tensors or graphs. No function allocates but for a walk of more axes than before.
package each

// Pairs is a walk over two operands that broadcast against each other; see [Pairs.Set].
type Pairs struct {
	shape, a, b []int // sizes, and element strides of the operands: 0 where an operand is repeated
	n           int
}

// Set prepares a walk over a dense result of some shape. Strides are those of the operands along its axes, in elements. Axes of size 1
// are dropped and neighbours that lie evenly merged.
func (w *Pairs) Set(shape, a, b []int) {
	w.n, w.shape, w.a, w.b = 1, w.shape[:0], w.a[:0], w.b[:0]
	for i, d := range shape {
		w.n *= d
		if d == 1 {
			continue
		}
		if l := len(w.shape) - 1; l >= 0 && w.a[l] == a[i]*d && w.b[l] == b[i]*d {
			w.shape[l] *= d
			w.a[l], w.b[l] = a[i], b[i]
			continue
		}
		w.shape, w.a, w.b = append(w.shape, d), append(w.a, a[i]), append(w.b, b[i])
	}
	if len(w.shape) == 0 {
		w.shape, w.a, w.b = append(w.shape, 1), append(w.a, 0), append(w.b, 0)
	}
}

// Len is the number of elements of the result.
func (w *Pairs) Len() int { return w.n }

// Run sets elements lo to hi of dst to f of the operands.
func Run[T, R any](w *Pairs, f func(a, b T) R, dst []R, a, b []T, lo, hi int) {
	last := len(w.shape) - 1
	sa, sb := w.a[last], w.b[last]
	for at := lo; at < hi; {
		i, rest := at%w.shape[last], at/w.shape[last]
		pa, pb := i*sa, i*sb
		for k := last - 1; k >= 0; k-- {
			j := rest % w.shape[k]
			rest /= w.shape[k]
			pa += j * w.a[k]
			pb += j * w.b[k]
		}
		line := dst[at:min(at+w.shape[last]-i, hi)]
		for j := range line {
			line[j] = f(a[pa], b[pb])
			pa += sa
			pb += sb
		}
		at += len(line)
	}
}

// Fold sets each element (i, j) of dst [rows, inner] to what f makes of start and the elements (i, 0, j), (i, 1, j), … of src [rows, n, inner].
func Fold[T any](dst, src []T, n, inner int, f func(a, b T) T, start T) {
	for at := range dst {
		x, from := start, at/inner*n*inner+at%inner
		for k := range n {
			x = f(x, src[from+k*inner])
		}
		dst[at] = x
	}
}
