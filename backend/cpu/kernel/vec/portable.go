package vec

import "math"

func portableFunc(f Func, dst, x []float32, a, b float32) {
	dst = dst[:len(x)]
	switch f {
	case FuncExp:
		each(dst, x, exp)
	case FuncLog:
		each(dst, x, log)
	case FuncTanh:
		each(dst, x, tanh)
	case FuncSigmoid:
		each(dst, x, sigmoid)
	case FuncErf:
		each(dst, x, erf)
	case FuncGelu, FuncGeluRough:
		each(dst, x, gelu)
	case FuncGeluTanh:
		each(dst, x, geluTanh)
	case FuncSilu:
		for i, v := range x {
			dst[i] = float32(silu(float64(v), float64(a)))
		}
	case FuncSoftplus:
		each(dst, x, softplus)
	case FuncSin:
		each(dst, x, sin)
	case FuncCos:
		each(dst, x, cos)
	case FuncSqrt:
		each(dst, x, math.Sqrt)
	case FuncRsqrt:
		for i, v := range x {
			dst[i] = 1 / float32(math.Sqrt(float64(v)))
		}
	default:
		portableSimple(f, dst, x, a, b)
	}
}

func each(dst, x []float32, f func(float64) float64) {
	for i, v := range x {
		dst[i] = float32(f(float64(v)))
	}
}

// portableSimple is portableFunc for functions that are arithmetic and comparisons alone.
func portableSimple(f Func, dst, x []float32, a, b float32) {
	switch f {
	case FuncRelu:
		for i, v := range x {
			if v < 0 {
				v = 0
			}
			dst[i] = v
		}
	case FuncLeakyRelu:
		for i, v := range x {
			if v < 0 {
				v *= a
			}
			dst[i] = v
		}
	case FuncReciprocal:
		for i, v := range x {
			dst[i] = 1 / v
		}
	case FuncAbs:
		for i, v := range x {
			dst[i] = math.Float32frombits(math.Float32bits(v) &^ (1 << 31))
		}
	case FuncNeg:
		for i, v := range x {
			dst[i] = -v
		}
	case FuncSquare:
		for i, v := range x {
			dst[i] = v * v
		}
	case FuncHardSwish:
		for i, v := range x {
			dst[i] = v * float32(clip(v+3, 0, 6)*(1.0/6))
		}
	case FuncHardSigmoid:
		for i, v := range x {
			dst[i] = clip(float32(a*v)+b, 0, 1)
		}
	case FuncClip:
		for i, v := range x {
			dst[i] = clip(v, a, b)
		}
	case FuncAffine:
		for i, v := range x {
			dst[i] = float32(a*v) + b
		}
	case FuncFloor:
		for i, v := range x {
			dst[i] = float32(math.Floor(float64(v)))
		}
	case FuncCeil:
		for i, v := range x {
			dst[i] = float32(math.Ceil(float64(v)))
		}
	case FuncRound:
		for i, v := range x {
			dst[i] = float32(math.RoundToEven(float64(v)))
		}
	case FuncSign:
		for i, v := range x {
			if v > 0 {
				v = 1
			} else if v < 0 {
				v = -1
			}
			dst[i] = v
		}
	default:
		panic("BUG: vec: " + f.String())
	}
}

// clip is min(max(x, lo), hi), and NaN for NaN.
func clip(x, lo, hi float32) float32 {
	if x < lo {
		x = lo
	}
	if x > hi {
		x = hi
	}
	return x
}
