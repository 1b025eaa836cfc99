package recurrent

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Kind tells the three operators apart.
type Kind uint8

const (
	LSTM Kind = iota // gates i, o, f, c; functions f, g, h
	GRU              // gates z, r, h; functions f, g
	RNN              // one gate; function f
	kinds
)

// Gates is the number of matrices in W and in R.
func (k Kind) Gates() int { return [...]int{LSTM: 4, GRU: 3, RNN: 1}[k] }

// Cell is what is computed at each step, as in the ONNX operators LSTM, GRU and RNN.
type Cell struct {
	Kind              Kind
	Functions         [3]Function // as many as the kind has
	Clip              float32     // bound of what the functions are applied to; 0: none
	InputForget       bool        // LSTM: the forget gate is one minus the input gate
	LinearBeforeReset bool        // GRU
}

// Function is an activation function with its parameters.
type Function struct {
	Name        Name
	Alpha, Beta float32
}

// Name is the name of an activation function.
type Name uint8

const (
	Sigmoid         Name = iota
	Tanh                 //
	Relu                 //
	Affine               // Alpha·x + Beta
	LeakyRelu            // x, or Alpha·x for x < 0
	ThresholdedRelu      // x, or 0 for x < Alpha
	ScaledTanh           // Alpha·tanh(Beta·x)
	HardSigmoid          // Alpha·x + Beta, bounded to [0, 1]
	Elu                  // x, or Alpha·(eˣ-1) for x < 0
	Softsign             // x/(1+|x|)
	Softplus             // ln(1+eˣ)
	names
)

var nameTexts = [...]string{"Sigmoid", "Tanh", "Relu", "Affine", "LeakyRelu", "ThresholdedRelu", "ScaledTanh", "HardSigmoid", "Elu", "Softsign", "Softplus"}

// String is the name in ONNX.
func (n Name) String() string {
	if n < names {
		return nameTexts[n]
	}
	return "unknown"
}

// ParseName is the function of a name in ONNX, and whether there is one.
func ParseName(s string) (Name, bool) {
	for n, text := range nameTexts {
		if text == s {
			return Name(n), true
		}
	}
	return 0, false
}

// apply replaces each x of row by the function of x.
func (f Function) apply(row []float32, l level.Level) {
	switch f.Name {
	case Sigmoid:
		gemm.Sigmoid.Apply(row, 0, 0, l)
	case Tanh:
		gemm.Tanh.Apply(row, 0, 0, l)
	case Relu:
		gemm.Relu.Apply(row, 0, 0, l)
	case LeakyRelu:
		gemm.LeakyRelu.Apply(row, f.Alpha, 0, l)
	case Affine:
		f.affine(row)
	case HardSigmoid:
		f.affine(row)
		gemm.Clip.Apply(row, 0, 1, l)
	case ScaledTanh:
		for i := range row {
			row[i] *= f.Beta
		}
		gemm.Tanh.Apply(row, 0, 0, l)
		for i := range row {
			row[i] *= f.Alpha
		}
	case ThresholdedRelu:
		for i, x := range row {
			if x < f.Alpha {
				row[i] = 0
			}
		}
	case Elu:
		for i, x := range row {
			if x < 0 {
				row[i] = f.Alpha * float32(math.Expm1(float64(x)))
			}
		}
	case Softsign:
		for i, x := range row {
			if math.IsInf(float64(x), 0) {
				row[i] = float32(math.Copysign(1, float64(x)))
			} else {
				row[i] = float32(float64(x) / (1 + math.Abs(float64(x))))
			}
		}
	case Softplus:
		for i, x := range row {
			row[i] = float32(math.Max(float64(x), 0) + math.Log1p(math.Exp(-math.Abs(float64(x)))))
		}
	}
}

func (f Function) affine(row []float32) {
	for i, x := range row {
		row[i] = f.Alpha*x + f.Beta
	}
}
