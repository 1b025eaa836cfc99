package vec

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Op names a function of two arguments.
type Op uint8

// The functions.
const (
	OpAdd Op = iota
	OpSub
	OpMul
	OpDiv
	OpMin // NaN if either is
	OpMax // NaN if either is
	OpPow // as math.Pow
	ops
)

var opNames = [ops]string{"add", "sub", "mul", "div", "min", "max", "pow"}

// String is the name in lower case.
func (op Op) String() string {
	if op < ops {
		return opNames[op]
	}
	return fmt.Sprintf("op(%d)", uint8(op))
}

// VV sets dst[i] to op(a[i], b[i]).
func (op Op) VV(dst, a, b []float32) { op.VVAt(use, dst, a, b) }

// VVAt is VV with the instructions of a level, which the processor must have.
func (op Op) VVAt(l level.Level, dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if len(dst) == 0 || nativeVV(l, op, dst, a, b) {
		return
	}
	portableVV(op, dst, a, b)
}

// VS sets dst[i] to op(a[i], b).
func (op Op) VS(dst, a []float32, b float32) { op.VSAt(use, dst, a, b) }

// VSAt is VS with the instructions of a level, which the processor must have.
func (op Op) VSAt(l level.Level, dst, a []float32, b float32) {
	a = a[:len(dst)]
	if len(dst) == 0 || nativeVS(l, op, dst, a, b) {
		return
	}
	portableVS(op, dst, a, b)
}

// SV sets dst[i] to op(a, b[i]).
func (op Op) SV(dst []float32, a float32, b []float32) {
	b = b[:len(dst)]
	switch op {
	case OpAdd, OpMul, OpMin, OpMax: // these commute
		op.VS(dst, b, a)
		return
	}
	if len(dst) == 0 || nativeSV(use, op, dst, a, b) {
		return
	}
	portableSV(op, dst, a, b)
}

// Add sets dst to a + b.
func Add(dst, a, b []float32) { OpAdd.VV(dst, a, b) }

// Sub sets dst to a - b.
func Sub(dst, a, b []float32) { OpSub.VV(dst, a, b) }

// Mul sets dst to a · b.
func Mul(dst, a, b []float32) { OpMul.VV(dst, a, b) }

// Div sets dst to a / b.
func Div(dst, a, b []float32) { OpDiv.VV(dst, a, b) }

// Min sets dst to the smaller of a and b.
func Min(dst, a, b []float32) { OpMin.VV(dst, a, b) }

// Max sets dst to the larger of a and b.
func Max(dst, a, b []float32) { OpMax.VV(dst, a, b) }

// Pow sets dst to a to the power b, as [math.Pow] defines it.
func Pow(dst, a, b []float32) { OpPow.VV(dst, a, b) }

// AddScalar sets dst to a + s.
func AddScalar(dst, a []float32, s float32) { OpAdd.VS(dst, a, s) }

// MulScalar sets dst to a · s.
func MulScalar(dst, a []float32, s float32) { OpMul.VS(dst, a, s) }

// AddScaled sets dst to a + s·b, rounded once or twice.
func AddScaled(dst, a []float32, s float32, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	if len(dst) == 0 || nativeAddScaled(use, dst, a, s, b) {
		return
	}
	for i, v := range a {
		dst[i] = v + float32(s*b[i])
	}
}
