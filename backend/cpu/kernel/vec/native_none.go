package vec

func nativeFunc(f Func, dst, x []float32, a, b float32) bool { return false }

func nativeVV(op Op, dst, a, b []float32) bool { return false }

func nativeVS(op Op, dst, a []float32, b float32) bool { return false }

func nativeSV(op Op, dst []float32, a float32, b []float32) bool { return false }

func nativeAddScaled(dst, a []float32, s float32, b []float32) bool { return false }

func nativeSum(x []float32) (float32, bool) { return 0, false }

func nativeSumAbs(x []float32) (float32, bool) { return 0, false }

func nativeSumSquares(x []float32, c float32) (float32, bool) { return 0, false }

func nativeDot(a, b []float32) (float32, bool) { return 0, false }

func nativeMaxOf(x []float32) (float32, bool) { return 0, false }

func nativeMinOf(x []float32) (float32, bool) { return 0, false }

func nativeExpSum(dst, x []float32, c float32) (float32, bool) { return 0, false }

func nativeNormalize(dst, x []float32, c, k float32, scale, bias []float32) bool { return false }
