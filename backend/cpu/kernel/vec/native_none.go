//go:build !amd64 || noasm

package vec

import "github.com/gocompile/gocompile/backend/cpu/level"

func nativeFunc(l level.Level, f Func, dst, x []float32, a, b float32) bool { return false }

func nativeVV(l level.Level, op Op, dst, a, b []float32) bool { return false }

func nativeVS(l level.Level, op Op, dst, a []float32, b float32) bool { return false }

func nativeSV(l level.Level, op Op, dst []float32, a float32, b []float32) bool { return false }

func nativeAddScaled(l level.Level, dst, a []float32, s float32, b []float32) bool { return false }

func nativeSum(l level.Level, x []float32) (float32, bool) { return 0, false }

func nativeSumAbs(l level.Level, x []float32) (float32, bool) { return 0, false }

func nativeSumSquares(l level.Level, x []float32, c float32) (float32, bool) { return 0, false }

func nativeDot(l level.Level, a, b []float32) (float32, bool) { return 0, false }

func nativeMaxOf(l level.Level, x []float32) (float32, bool) { return 0, false }

func nativeMinOf(l level.Level, x []float32) (float32, bool) { return 0, false }

func nativeExpSum(l level.Level, dst, x []float32, c float32) (float32, bool) { return 0, false }

func nativeExpSumRows(l level.Level, x []float32, step, n int, bias, peaks, sums []float32) bool {
	return false
}

func nativeScaleRows(l level.Level, dst []float32, dstStep int, x []float32, step, n int, factors []float32) bool {
	return false
}

func nativeNormalize(l level.Level, dst, x []float32, c, k float32, scale, bias []float32) bool {
	return false
}
