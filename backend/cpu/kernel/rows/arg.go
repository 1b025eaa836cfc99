package rows

import "github.com/gocompile/gocompile/backend/cpu/kernel/vec"

// ArgMax sets dst, [outer, inner], to the index of the largest element along the middle axis of x, [outer, n, inner], n > 0. Of equals it is
// the first, or the last if asked; the first or last NaN comes before all numbers.
func ArgMax(dst []int64, x []float32, n, inner int, last bool) { arg(dst, x, n, inner, last, false) }

// ArgMin is [ArgMax] for the smallest element; NaN comes before all numbers there too.
func ArgMin(dst []int64, x []float32, n, inner int, last bool) { arg(dst, x, n, inner, last, true) }

func arg(dst []int64, x []float32, n, inner int, last, smallest bool) {
	if inner == 1 {
		for i := range dst {
			dst[i] = int64(argRow(x[i*n:(i+1)*n], last, smallest))
		}
		return
	}
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

// argRow finds the extreme, and then where it is.
func argRow(x []float32, last, smallest bool) int {
	var best float32
	if smallest {
		best = vec.MinOf(x)
	} else {
		best = vec.MaxOf(x)
	}
	nan := best != best
	if last {
		for i := len(x) - 1; i >= 0; i-- {
			if v := x[i]; v == best || nan && v != v {
				return i
			}
		}
	}
	for i, v := range x {
		if v == best || nan && v != v {
			return i
		}
	}
	panic("BUG: rows: the extreme is not among the elements")
}
