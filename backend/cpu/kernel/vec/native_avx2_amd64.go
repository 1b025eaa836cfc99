//go:build amd64 && !noasm

package vec

import "unsafe"

// funcAVX2 is nativeFunc for functions of which every element can be done in assembly.
func funcAVX2(f Func, dst, x []float32, a, b float32) bool {
	d, s, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch f {
	case FuncExp:
		expAVX2(d, s, n)
	case FuncLog:
		logAVX2(d, s, n)
	case FuncTanh:
		tanhAVX2(d, s, n)
	case FuncSigmoid:
		sigmoidAVX2(d, s, n)
	case FuncErf:
		erfAVX2(d, s, n)
	case FuncGelu:
		geluAVX2(d, s, n)
	case FuncGeluTanh:
		geluTanhAVX2(d, s, n)
	case FuncSilu:
		siluAVX2(d, s, n, a)
	case FuncSoftplus:
		softplusAVX2(d, s, n)
	case FuncRelu:
		reluAVX2(d, s, n)
	case FuncLeakyRelu:
		leakyReluAVX2(d, s, n, a)
	case FuncSqrt:
		sqrtAVX2(d, s, n)
	case FuncRsqrt:
		rsqrtAVX2(d, s, n)
	case FuncReciprocal:
		reciprocalAVX2(d, s, n)
	case FuncAbs:
		absAVX2(d, s, n)
	case FuncNeg:
		negAVX2(d, s, n)
	case FuncSquare:
		squareAVX2(d, s, n)
	case FuncHardSwish:
		hardSwishAVX2(d, s, n)
	case FuncHardSigmoid:
		hardSigmoidAVX2(d, s, n, a, b)
	case FuncClip:
		clipAVX2(d, s, n, a, b)
	case FuncGeluRough:
		geluRoughAVX2(d, s, n)
	case FuncAffine:
		affineAVX2(d, s, n, a, b)
	case FuncFloor:
		floorAVX2(d, s, n)
	case FuncCeil:
		ceilAVX2(d, s, n)
	case FuncRound:
		roundAVX2(d, s, n)
	case FuncSign:
		signAVX2(d, s, n)
	default:
		return false
	}
	return true
}

func vvAVX2(op Op, dst, a, b []float32) bool {
	d, x, y, n := unsafe.SliceData(dst), unsafe.SliceData(a), unsafe.SliceData(b), len(dst)
	switch op {
	case OpAdd:
		addVVAVX2(d, x, y, n)
	case OpSub:
		subVVAVX2(d, x, y, n)
	case OpMul:
		mulVVAVX2(d, x, y, n)
	case OpDiv:
		divVVAVX2(d, x, y, n)
	case OpMin:
		minVVAVX2(d, x, y, n)
	case OpMax:
		maxVVAVX2(d, x, y, n)
	default:
		return false
	}
	return true
}

func vsAVX2(op Op, dst, a []float32, b float32) bool {
	d, x, n := unsafe.SliceData(dst), unsafe.SliceData(a), len(dst)
	switch op {
	case OpAdd:
		addVSAVX2(d, x, n, b)
	case OpSub:
		subVSAVX2(d, x, n, b)
	case OpMul:
		mulVSAVX2(d, x, n, b)
	case OpDiv:
		divVSAVX2(d, x, n, b)
	case OpMin:
		minVSAVX2(d, x, n, b)
	case OpMax:
		maxVSAVX2(d, x, n, b)
	default:
		return false
	}
	return true
}

func svAVX2(op Op, dst []float32, a float32, b []float32) bool {
	d, y, n := unsafe.SliceData(dst), unsafe.SliceData(b), len(dst)
	switch op {
	case OpSub:
		subSVAVX2(d, a, y, n)
	case OpDiv:
		divSVAVX2(d, a, y, n)
	default:
		return false
	}
	return true
}

func normalizeAVX2Any(dst, x []float32, c, k float32, scale, bias []float32) {
	d, s, n := unsafe.SliceData(dst), unsafe.SliceData(x), len(dst)
	switch {
	case scale != nil && bias != nil:
		normalizeBothAVX2(d, s, n, c, k, unsafe.SliceData(scale), unsafe.SliceData(bias))
	case scale != nil:
		normalizeScaleAVX2(d, s, n, c, k, unsafe.SliceData(scale))
	case bias != nil:
		normalizeBiasAVX2(d, s, n, c, k, unsafe.SliceData(bias))
	default:
		normalizeAVX2(d, s, n, c, k)
	}
}
