package gemm

import "math"

// Activation is a function applied to each element.
type Activation uint8

const (
	Identity  Activation = iota
	Relu                 // max(x, 0); NaN stays NaN
	GeluErf              // x·Φ(x) = x·(1+erf(x/√2))/2
	GeluTanh             // x·(1+tanh(√(2/π)·(x+0.044715·x³)))/2
	Silu                 // x·sigmoid(x)
	Tanh                 //
	Sigmoid              // 1/(1+e⁻ˣ)
	Clip                 // min(max(x, Alpha), Beta); NaN stays NaN
	LeakyRelu            // x, or Alpha·x for x < 0
	activations
)

var activationNames = [...]string{"identity", "relu", "gelu-erf", "gelu-tanh", "silu", "tanh", "sigmoid", "clip", "leaky-relu"}

// String is the name in lower case.
func (f Activation) String() string {
	if f < activations {
		return activationNames[f]
	}
	return "unknown"
}

// portableActivate replaces each element x of row by f(x). The transcendental functions are computed in float64.
func portableActivate(f Activation, row []float32, alpha, beta float32) {
	switch f {
	case Relu:
		for i, x := range row {
			if x < 0 {
				row[i] = 0
			}
		}
	case Clip:
		for i, x := range row {
			if x < alpha {
				x = alpha
			}
			if x > beta {
				x = beta
			}
			row[i] = x
		}
	case LeakyRelu:
		for i, x := range row {
			if x < 0 {
				row[i] = alpha * x
			}
		}
	case GeluErf:
		for i, x := range row {
			row[i] = float32(0.5 * float64(x) * math.Erfc(-float64(x)*(1/math.Sqrt2)))
		}
	case GeluTanh:
		const s = 0.7978845608028654 // √(2/π)
		for i, v := range row {
			x := float64(v)
			row[i] = float32(x * logistic(2*s*(x+0.044715*x*x*x)))
		}
	case Silu:
		for i, x := range row {
			row[i] = float32(float64(x) * logistic(float64(x)))
		}
	case Sigmoid:
		for i, x := range row {
			row[i] = float32(logistic(float64(x)))
		}
	case Tanh:
		for i, x := range row {
			row[i] = float32(tanh(float64(x)))
		}
	}
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// tanh has a relative error far below the precision of float32.
func tanh(x float64) float64 {
	if math.Abs(x) < 1e-3 {
		return x - x*x*x/3
	}
	return 1 - 2/(math.Exp(2*x)+1)
}
