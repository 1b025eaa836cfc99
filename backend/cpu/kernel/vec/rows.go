package vec

import (
	"fmt"
	"math"
)

// ExpSumRows does what a softmax that comes in pieces does to each of so many rows of n elements, 1024 at most, that lie step apart: it adds bias, unless that is nil, and a bias of -Inf
// makes -Inf of NaN too; raises the row's peak to its largest element; sets the row to e^(x-[Reference] of the peak), or to 0 where that is below 2⁻¹²⁶ or
// x is -Inf; and sets the row's sum to that of its elements. A row with NaN or Inf has the peak and the sum NaN, but not NaN everywhere. The exponentials are within 2 ULP, but for the rounding of the difference and that of log₂e, to 1+1.3·10⁻⁸ times what it
// is, which is as if all elements were so much larger.
func ExpSumRows(x []float32, step, n int, bias, peaks, sums []float32) {
	rows := len(peaks)
	if rows == 0 {
		return
	}
	checkRows("x", x, step, rows, n)
	if n > leaf || len(sums) != rows || bias != nil && len(bias) != n {
		panic(fmt.Sprintf("BUG: %d elements a row, %d of bias, %d sums of %d rows", n, len(bias), len(sums), rows))
	}
	if n == 0 {
		clear(sums)
		return
	}
	if nativeExpSumRows(use, x, step, n, bias, peaks, sums) {
		return
	}
	none := float32(math.Inf(-1))
	for r := range rows {
		row := x[r*step:][:n]
		for j, c := range bias {
			if row[j] += c; c == none {
				row[j] = none
			}
		}
		peaks[r] = max(peaks[r], MaxOf(row))
		if peaks[r] == none {
			clear(row)
			sums[r] = 0
			continue
		}
		reference := Reference(peaks[r])
		for j, v := range row {
			if row[j] = float32(exp(float64(v) - reference)); row[j] < 0x1p-126 {
				row[j] = 0
			}
		}
		if sums[r] = Sum(row); sums[r] != sums[r] {
			peaks[r] = sums[r]
		}
	}
}

// Reference is what [ExpSumRows] subtracts from elements whose peak that is: the logarithm of the smallest power of 2 that is not below about e^peak. So it is the same for most peaks that follow
// one another, and dividing by it rounds nothing. Peaks from about ±2²⁴ on, where floats are further apart, are their own reference.
func Reference(peak float32) float64 {
	log := float32(math.Ceil(float64(float32(peak * math.Log2E))))
	if !(log > -1<<24*math.Log2E && log < 1<<24*math.Log2E) {
		return float64(peak)
	}
	return float64(log) * math.Ln2
}

// ScaleRows sets each of len(factors) rows of n elements, dstStep apart, to that row of x, of which rows are step apart, times its factor.
func ScaleRows(dst []float32, dstStep int, x []float32, step, n int, factors []float32) {
	rows := len(factors)
	if rows == 0 || n == 0 {
		return
	}
	checkRows("dst", dst, dstStep, rows, n)
	checkRows("x", x, step, rows, n)
	if nativeScaleRows(use, dst, dstStep, x, step, n, factors) {
		return
	}
	for r, f := range factors {
		MulScalar(dst[r*dstStep:][:n], x[r*step:][:n], f)
	}
}

// checkRows makes sure that a matrix lies in its slice.
func checkRows(name string, s []float32, step, rows, n int) {
	if n < 0 || step < 0 || (rows-1)*step+n > len(s) {
		panic(fmt.Sprintf("BUG: %d rows of %d elements, %d apart, do not lie in the %d of %s", rows, n, step, len(s), name))
	}
}
