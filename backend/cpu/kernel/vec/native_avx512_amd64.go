//go:build amd64 && !noasm

package vec

import "unsafe"

// funcAVX512 is nativeFunc for functions of which every element can be done in assembly.
func funcAVX512(f Func, dst, x []float32, a, b float32) bool {
	d, s, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch f {
	case FuncExp:
		expAVX512(d, s, n)
	case FuncLog:
		logAVX512(d, s, n)
	case FuncTanh:
		tanhAVX512(d, s, n)
	case FuncSigmoid:
		sigmoidAVX512(d, s, n)
	case FuncErf:
		erfAVX512(d, s, n)
	case FuncGelu:
		geluAVX512(d, s, n)
	case FuncGeluTanh:
		geluTanhAVX512(d, s, n)
	case FuncSilu:
		siluAVX512(d, s, n, a)
	case FuncSoftplus:
		softplusAVX512(d, s, n)
	case FuncRelu:
		reluAVX512(d, s, n)
	case FuncLeakyRelu:
		leakyReluAVX512(d, s, n, a)
	case FuncSqrt:
		sqrtAVX512(d, s, n)
	case FuncRsqrt:
		rsqrtAVX512(d, s, n)
	case FuncReciprocal:
		reciprocalAVX512(d, s, n)
	case FuncAbs:
		absAVX512(d, s, n)
	case FuncNeg:
		negAVX512(d, s, n)
	case FuncSquare:
		squareAVX512(d, s, n)
	case FuncHardSwish:
		hardSwishAVX512(d, s, n)
	case FuncHardSigmoid:
		hardSigmoidAVX512(d, s, n, a, b)
	case FuncClip:
		clipAVX512(d, s, n, a, b)
	case FuncGeluRough:
		geluRoughAVX512(d, s, n)
	case FuncAffine:
		affineAVX512(d, s, n, a, b)
	case FuncFloor:
		floorAVX512(d, s, n)
	case FuncCeil:
		ceilAVX512(d, s, n)
	case FuncRound:
		roundAVX512(d, s, n)
	case FuncSign:
		signAVX512(d, s, n)
	default:
		return false
	}
	return true
}

func vvAVX512(op Op, dst, a, b []float32) bool {
	d, x, y, n := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), len(dst)
	switch op {
	case OpAdd:
		addVVAVX512(d, x, y, n)
	case OpSub:
		subVVAVX512(d, x, y, n)
	case OpMul:
		mulVVAVX512(d, x, y, n)
	case OpDiv:
		divVVAVX512(d, x, y, n)
	case OpMin:
		minVVAVX512(d, x, y, n)
	case OpMax:
		maxVVAVX512(d, x, y, n)
	default:
		return false
	}
	return true
}

func vsAVX512(op Op, dst, a []float32, b float32) bool {
	d, x, n := unsafe.SliceData(dst), unsafe.SliceData(a), len(dst)
	switch op {
	case OpAdd:
		addVSAVX512(d, x, n, b)
	case OpSub:
		subVSAVX512(d, x, n, b)
	case OpMul:
		mulVSAVX512(d, x, n, b)
	case OpDiv:
		divVSAVX512(d, x, n, b)
	case OpMin:
		minVSAVX512(d, x, n, b)
	case OpMax:
		maxVSAVX512(d, x, n, b)
	default:
		return false
	}
	return true
}

func svAVX512(op Op, dst []float32, a float32, b []float32) bool {
	d, y, n := unsafe.SliceData(dst), unsafe.SliceData(b), len(dst)
	switch op {
	case OpSub:
		subSVAVX512(d, a, y, n)
	case OpDiv:
		divSVAVX512(d, a, y, n)
	default:
		return false
	}
	return true
}

func normalizeAVX512Any(dst, x []float32, c, k float32, scale, bias []float32) {
	d, s, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch {
	case scale != nil && bias != nil:
		normalizeBothAVX512(d, s, n, c, k, unsafe.SliceData(scale), unsafe.SliceData(bias))
	case scale != nil:
		normalizeScaleAVX512(d, s, n, c, k, unsafe.SliceData(scale))
	case bias != nil:
		normalizeBiasAVX512(d, s, n, c, k, unsafe.SliceData(bias))
	default:
		normalizeAVX512(d, s, n, c, k)
	}
}
