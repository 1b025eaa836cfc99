package gemm

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Activation is a function applied to each element.
type Activation uint8

const (
	Identity    Activation = iota
	Relu                   // max(x, 0); NaN stays NaN
	GeluErf                // x·Φ(x) = x·(1+erf(x/√2))/2
	GeluTanh               // x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2
	Silu                   // x·sigmoid(x)
	Tanh                   //
	Sigmoid                // 1/(1+e⁻ˣ)
	Clip                   // min(max(x, Alpha), Beta); NaN stays NaN
	LeakyRelu              // x, or Alpha·x for x < 0
	HardSwish              // x·max(0, min(6, x+3))/6
	HardSigmoid            // max(0, min(1, Alpha·x+Beta))
	activations
)

var activationNames = [...]string{"identity", "relu", "gelu-erf", "gelu-tanh", "silu", "tanh", "sigmoid", "clip", "leaky-relu", "hard-swish", "hard-sigmoid"}

// String is the name in lower case.
func (f Activation) String() string {
	if f < activations {
		return activationNames[f]
	}
	return "unknown"
}

// functions compute activations.
var functions = [activations]vec.Func{Relu: vec.FuncRelu, GeluErf: vec.FuncGeluRough, GeluTanh: vec.FuncGeluTanh, Silu: vec.FuncSilu, Tanh: vec.FuncTanh,
	Sigmoid: vec.FuncSigmoid, Clip: vec.FuncClip, LeakyRelu: vec.FuncLeakyRelu,
	HardSwish: vec.FuncHardSwish, HardSigmoid: vec.FuncHardSigmoid}

// Apply replaces each element x of row by f(x), with the instructions of level l. Alpha and beta are those of Epilogue.
func (f Activation) Apply(row []float32, alpha, beta float32, l level.Level) {
	switch f {
	case Identity:
		return
	case Silu:
		alpha = 1
	}
	functions[f].ApplyAt(l, row, row, alpha, beta)
}
