package rows

// ArgMax sets dst, [outer, inner], to the index of the largest element along the middle axis of x, [outer, n, inner], n > 0. Of equals it is
// the first, or the last if asked; the first or last NaN comes before all numbers.
func ArgMax(dst []int64, x []float32, n, inner int, last bool) { arg(dst, x, n, inner, last, false) }

// ArgMin is [ArgMax] for the smallest element; NaN comes before all numbers there too.
func ArgMin(dst []int64, x []float32, n, inner int, last bool) { arg(dst, x, n, inner, last, true) }

func arg(dst []int64, x []float32, n, inner int, last, smallest bool) {
	for i := range dst {
		col := x[i/inner*n*inner+i%inner:]
		best, at := col[0], 0
		for k := 1; k < n; k++ {
			v := col[k*inner]
			switch {
			case v == best || v != v && best != best:
				if last {
					at = k
				}
			case best != best:
			case v != v, v > best && !smallest, v < best && smallest:
				best, at = v, k
			}
		}
		dst[i] = int64(at)
	}
}
