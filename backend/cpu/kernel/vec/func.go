package vec

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Func names a function of one argument x and up to two parameters a and b.
type Func uint8

// The functions.
const (
	FuncExp         Func = iota // eˣ
	FuncLog                     // ln x; -Inf for 0, NaN below
	FuncTanh                    // tanh x
	FuncSigmoid                 // 1/(1+e⁻ˣ)
	FuncErf                     // erf x
	FuncGelu                    // x·Φ(x) = x·(1+erf(x/√2))/2
	FuncGeluTanh                // x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2
	FuncSilu                    // x·sigmoid(a·x)
	FuncSoftplus                // ln(1+eˣ)
	FuncRelu                    // max(x, 0)
	FuncLeakyRelu               // x, or a·x for x < 0
	FuncSqrt                    // √x
	FuncRsqrt                   // 1/√x
	FuncReciprocal              // 1/x
	FuncAbs                     // |x|
	FuncNeg                     // -x
	FuncSquare                  // x²
	FuncSin                     // sin x, radians
	FuncCos                     // cos x, radians
	FuncHardSwish               // x·max(0, min(6, x+3))/6
	FuncHardSigmoid             // max(0, min(1, a·x+b))
	FuncClip                    // min(max(x, a), b)
	FuncAffine                  // a·x+b
	FuncGeluRough               // x·Φ(x), right to the last places of the larger of the result and x/8
	FuncFloor                   // the largest integer ≤ x
	FuncCeil                    // the smallest integer ≥ x
	FuncRound                   // the nearest integer, an even one of two
	FuncSign                    // 1 or -1, or x if that is 0
	funcs
)

var funcNames = [funcs]string{"exp", "log", "tanh", "sigmoid", "erf", "gelu", "gelu-tanh", "silu", "softplus", "relu", "leaky-relu", "sqrt", "rsqrt",
	"reciprocal", "abs", "neg", "square", "sin", "cos", "hard-swish", "hard-sigmoid", "clip", "affine", "gelu-rough",
	"floor", "ceil", "round", "sign"}

// String is the name in lower case.
func (f Func) String() string {
	if f < funcs {
		return funcNames[f]
	}
	return fmt.Sprintf("func(%d)", uint8(f))
}

// Apply sets dst[i] to f of x[i]; functions without parameters ignore a and b.
func (f Func) Apply(dst, x []float32, a, b float32) { f.ApplyAt(use, dst, x, a, b) }

// ApplyAt is Apply with the instructions of a level, which the processor must have.
func (f Func) ApplyAt(l level.Level, dst, x []float32, a, b float32) {
	x = x[:len(dst)]
	if len(dst) == 0 || nativeFunc(l, f, dst, x, a, b) {
		return
	}
	portableFunc(f, dst, x, a, b)
}

// Exp sets dst to eˣ: 0 for -Inf, Inf for Inf.
func Exp(dst, x []float32) { FuncExp.Apply(dst, x, 0, 0) }

// Log sets dst to the natural logarithm: -Inf for 0, NaN for negative numbers.
func Log(dst, x []float32) { FuncLog.Apply(dst, x, 0, 0) }

// Tanh sets dst to the hyperbolic tangent.
func Tanh(dst, x []float32) { FuncTanh.Apply(dst, x, 0, 0) }

// Sigmoid sets dst to 1/(1+e⁻ˣ).
func Sigmoid(dst, x []float32) { FuncSigmoid.Apply(dst, x, 0, 0) }

// Erf sets dst to the error function.
func Erf(dst, x []float32) { FuncErf.Apply(dst, x, 0, 0) }

// Gelu sets dst to x·Φ(x), where Φ is the normal distribution; NaN for -Inf.
func Gelu(dst, x []float32) { FuncGelu.Apply(dst, x, 0, 0) }

// GeluRough sets dst to x·Φ(x) in fewer steps than [Gelu], which is right to the last places of small results too; NaN for -Inf.
func GeluRough(dst, x []float32) { FuncGeluRough.Apply(dst, x, 0, 0) }

// GeluTanh sets dst to x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2; NaN for -Inf.
func GeluTanh(dst, x []float32) { FuncGeluTanh.Apply(dst, x, 0, 0) }

// QuickGelu sets dst to x·sigmoid(1.702·x); NaN for -Inf.
func QuickGelu(dst, x []float32) { FuncSilu.Apply(dst, x, 1.702, 0) }

// Silu sets dst to x·sigmoid(x); NaN for -Inf.
func Silu(dst, x []float32) { FuncSilu.Apply(dst, x, 1, 0) }

// Softplus sets dst to ln(1+eˣ).
func Softplus(dst, x []float32) { FuncSoftplus.Apply(dst, x, 0, 0) }

// Relu sets dst to max(x, 0).
func Relu(dst, x []float32) { FuncRelu.Apply(dst, x, 0, 0) }

// LeakyRelu sets dst to x, or alpha·x for x < 0.
func LeakyRelu(dst, x []float32, alpha float32) { FuncLeakyRelu.Apply(dst, x, alpha, 0) }

// Sqrt sets dst to the square root.
func Sqrt(dst, x []float32) { FuncSqrt.Apply(dst, x, 0, 0) }

// Rsqrt sets dst to 1/√x, both steps rounded.
func Rsqrt(dst, x []float32) { FuncRsqrt.Apply(dst, x, 0, 0) }

// Reciprocal sets dst to 1/x.
func Reciprocal(dst, x []float32) { FuncReciprocal.Apply(dst, x, 0, 0) }

// Abs sets dst to the absolute value.
func Abs(dst, x []float32) { FuncAbs.Apply(dst, x, 0, 0) }

// Neg sets dst to -x.
func Neg(dst, x []float32) { FuncNeg.Apply(dst, x, 0, 0) }

// Square sets dst to x².
func Square(dst, x []float32) { FuncSquare.Apply(dst, x, 0, 0) }

// Sin sets dst to the sine of x radians; NaN for infinities.
func Sin(dst, x []float32) { FuncSin.Apply(dst, x, 0, 0) }

// Cos sets dst to the cosine of x radians; NaN for infinities.
func Cos(dst, x []float32) { FuncCos.Apply(dst, x, 0, 0) }

// HardSwish sets dst to x·max(0, min(1, x/6+1/2)).
func HardSwish(dst, x []float32) { FuncHardSwish.Apply(dst, x, 0, 0) }

// HardSigmoid sets dst to max(0, min(1, alpha·x+beta)).
func HardSigmoid(dst, x []float32, alpha, beta float32) { FuncHardSigmoid.Apply(dst, x, alpha, beta) }

// Clip sets dst to min(max(x, lo), hi).
func Clip(dst, x []float32, lo, hi float32) { FuncClip.Apply(dst, x, lo, hi) }

// Affine sets dst to a·x+b, rounded once or twice.
func Affine(dst, x []float32, a, b float32) { FuncAffine.Apply(dst, x, a, b) }

// Copy copies x to dst; they may overlap.
func Copy(dst, x []float32) { copy(dst, x[:len(dst)]) }

// Fill sets every element of dst to v.
func Fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}
