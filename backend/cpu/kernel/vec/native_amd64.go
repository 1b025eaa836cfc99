//go:build amd64 && !noasm

package vec

import (
	"math"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// The functions of this file choose the assembly of a level. Those that return a bool return false where the level has none; the slices are
// long enough, and not empty but where they are summed.

func nativeFunc(l level.Level, f Func, dst, x []float32, a, b float32) bool {
	switch {
	case l < level.AVX2:
		return false
	case f == FuncSin || f == FuncCos:
		periodic(l, f, dst, x)
		return true
	case l >= level.AVX512:
		return funcAVX512(f, dst, x, a, b)
	}
	return funcAVX2(f, dst, x, a, b)
}

// periodic computes sine or cosine; assembly does what is at most trigLimit.
func periodic(l level.Level, f Func, dst, x []float32) {
	for {
		done := assemblyWave(l, f, dst, x)
		dst, x = dst[done:], x[done:]
		if len(dst) == 0 {
			return
		}
		n := min(16, len(dst))
		for i, v := range x[:n] {
			if float32(math.Abs(float64(v))) > trigLimit {
				portableFunc(f, dst[i:i+1], x[i:i+1], 0, 0)
			} else {
				assemblyWave(l, f, dst[i:i+1], x[i:i+1])
			}
		}
		dst, x = dst[n:], x[n:]
	}
}

func assemblyWave(l level.Level, f Func, dst, x []float32) (done int) {
	d, s, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch {
	case l >= level.AVX512 && f == FuncSin:
		return sinAVX512(d, s, n)
	case l >= level.AVX512:
		return cosAVX512(d, s, n)
	case f == FuncSin:
		return sinAVX2(d, s, n)
	}
	return cosAVX2(d, s, n)
}

func nativeVV(l level.Level, op Op, dst, a, b []float32) bool {
	switch {
	case l >= level.AVX512:
		return vvAVX512(op, dst, a, b)
	case l >= level.AVX2:
		return vvAVX2(op, dst, a, b)
	}
	return false
}

func nativeVS(l level.Level, op Op, dst, a []float32, b float32) bool {
	switch {
	case l >= level.AVX512:
		return vsAVX512(op, dst, a, b)
	case l >= level.AVX2:
		return vsAVX2(op, dst, a, b)
	}
	return false
}

func nativeSV(l level.Level, op Op, dst []float32, a float32, b []float32) bool {
	switch {
	case l >= level.AVX512:
		return svAVX512(op, dst, a, b)
	case l >= level.AVX2:
		return svAVX2(op, dst, a, b)
	}
	return false
}

func nativeAddScaled(l level.Level, dst, a []float32, s float32, b []float32) bool {
	switch {
	case l >= level.AVX512:
		addScaledAVX512(unsafe.SliceData(dst), unsafe.SliceData(a), s, unsafe.SliceData(b), len(dst))
	case l >= level.AVX2:
		addScaledAVX2(unsafe.SliceData(dst), unsafe.SliceData(a), s, unsafe.SliceData(b), len(dst))
	default:
		return false
	}
	return true
}

func nativeSum(l level.Level, x []float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return sumAVX512(unsafe.SliceData(x), len(x)), true
	case l >= level.AVX2:
		return sumAVX2(unsafe.SliceData(x), len(x)), true
	}
	return 0, false
}

func nativeSumAbs(l level.Level, x []float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return sumAbsAVX512(unsafe.SliceData(x), len(x)), true
	case l >= level.AVX2:
		return sumAbsAVX2(unsafe.SliceData(x), len(x)), true
	}
	return 0, false
}

func nativeSumSquares(l level.Level, x []float32, c float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return sumSquaresAVX512(unsafe.SliceData(x), len(x), c), true
	case l >= level.AVX2:
		return sumSquaresAVX2(unsafe.SliceData(x), len(x), c), true
	}
	return 0, false
}

func nativeDot(l level.Level, a, b []float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return dotAVX512(unsafe.SliceData(a), unsafe.SliceData(b), len(a)), true
	case l >= level.AVX2:
		return dotAVX2(unsafe.SliceData(a), unsafe.SliceData(b), len(a)), true
	}
	return 0, false
}

func nativeMaxOf(l level.Level, x []float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return maxOfAVX512(unsafe.SliceData(x), len(x)), true
	case l >= level.AVX2:
		return maxOfAVX2(unsafe.SliceData(x), len(x)), true
	}
	return 0, false
}

func nativeMinOf(l level.Level, x []float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return minOfAVX512(unsafe.SliceData(x), len(x)), true
	case l >= level.AVX2:
		return minOfAVX2(unsafe.SliceData(x), len(x)), true
	}
	return 0, false
}

func nativeExpSum(l level.Level, dst, x []float32, c float32) (float32, bool) {
	switch {
	case l >= level.AVX512:
		return expSumAVX512(unsafe.SliceData(dst), unsafe.SliceData(x), len(dst), c), true
	case l >= level.AVX2:
		return expSumAVX2(unsafe.SliceData(dst), unsafe.SliceData(x), len(dst), c), true
	}
	return 0, false
}

func nativeExpSumRows(l level.Level, x []float32, step, n int, bias, peaks, sums []float32) bool {
	a, b, p, s := unsafe.SliceData(x), unsafe.SliceData(bias), unsafe.SliceData(peaks), unsafe.SliceData(sums)
	switch {
	case l >= level.AVX512:
		expSumRowsAVX512(a, b, step, len(peaks), n, p, s)
	case l >= level.AVX2:
		expSumRowsAVX2(a, b, step, len(peaks), n, p, s)
	default:
		return false
	}
	return true
}

func nativeScaleRows(l level.Level, dst []float32, dstStep int, x []float32, step, n int, factors []float32) bool {
	d, s, k := unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(factors)
	switch {
	case l >= level.AVX512:
		scaleRowsAVX512(d, dstStep, s, step, len(factors), n, k)
	case l >= level.AVX2:
		scaleRowsAVX2(d, dstStep, s, step, len(factors), n, k)
	default:
		return false
	}
	return true
}

func nativeNormalize(l level.Level, dst, x []float32, c, k float32, scale, bias []float32) bool {
	switch {
	case l >= level.AVX512:
		normalizeAVX512Any(dst, x, c, k, scale, bias)
	case l >= level.AVX2:
		normalizeAVX2Any(dst, x, c, k, scale, bias)
	default:
		return false
	}
	return true
}
