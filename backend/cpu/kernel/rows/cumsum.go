package rows

import "github.com/gocompile/gocompile/backend/cpu/kernel/vec"

// CumSum sets dst to the running sums of x along the middle axis of [outer, n, inner]: element k is the sum of elements 0 to k, without the last of
// them if exclusive, and counted from the end if reverse. Rows of inner 1 are summed in float64.
func CumSum(dst, x []float32, n, inner int, exclusive, reverse bool) {
	if n == 0 || inner == 0 {
		return
	}
	for at := 0; at < len(dst); at += n * inner {
		y, v := dst[at:at+n*inner], x[at:at+n*inner]
		if inner == 1 {
			running(y, v, exclusive, reverse)
			continue
		}
		for lo := 0; lo < inner; lo += tile {
			hi := min(lo+tile, inner)
			runningColumns(y[lo:], v[lo:], n, inner, hi-lo, exclusive, reverse)
		}
	}
}

func running(y, x []float32, exclusive, reverse bool) {
	sum := 0.0
	for i := range x {
		if reverse {
			i = len(x) - 1 - i
		}
		before := sum
		sum += float64(x[i])
		if exclusive {
			y[i] = float32(before)
		} else {
			y[i] = float32(sum)
		}
	}
}

func runningColumns(y, x []float32, n, step, width int, exclusive, reverse bool) {
	var a, b [tile]float32
	sum, next := a[:width], b[:width]
	for k := range n {
		if reverse {
			k = n - 1 - k
		}
		vec.Add(next, sum, x[k*step:])
		if exclusive {
			vec.Copy(y[k*step:k*step+width], sum)
		} else {
			vec.Copy(y[k*step:k*step+width], next)
		}
		sum, next = next, sum
	}
}
