package op

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// ActivationFn is an activation function of a recurrent operator with its parameters.
type ActivationFn struct {
	Name        string // as in the ONNX operators LSTM, GRU and RNN
	Alpha, Beta float64
}

// activationFn is a function by name: which parameters it takes, their defaults, and what it does.
type activationFn struct {
	name                string
	takesAlpha, hasBeta bool
	alpha, beta         float64
	apply               func(x, alpha, beta float64) float64
}

var activationFns = []activationFn{
	{name: "Relu", apply: func(x, _, _ float64) float64 { return maxNaN(x, 0) }},
	{name: "Tanh", apply: func(x, _, _ float64) float64 { return math.Tanh(x) }},
	{name: "Sigmoid", apply: func(x, _, _ float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	{name: "Affine", takesAlpha: true, hasBeta: true, alpha: 1, apply: func(x, a, b float64) float64 { return a*x + b }},
	{name: "LeakyRelu", takesAlpha: true, alpha: 0.01, apply: func(x, a, _ float64) float64 {
		if x < 0 {
			return a * x
		}
		return x
	}},
	{name: "ThresholdedRelu", takesAlpha: true, alpha: 1, apply: func(x, a, _ float64) float64 {
		if x < a {
			return 0
		}
		return x
	}},
	{name: "ScaledTanh", takesAlpha: true, hasBeta: true, alpha: 1, beta: 1, apply: func(x, a, b float64) float64 { return a * math.Tanh(b*x) }},
	{name: "HardSigmoid", takesAlpha: true, hasBeta: true, alpha: 0.2, beta: 0.5, apply: func(x, a, b float64) float64 {
		return math.Min(maxNaN(a*x+b, 0), 1)
	}},
	{name: "Elu", takesAlpha: true, alpha: 1, apply: func(x, a, _ float64) float64 {
		if x < 0 {
			return a * math.Expm1(x)
		}
		return x
	}},
	{name: "Softsign", apply: func(x, _, _ float64) float64 {
		if math.IsInf(x, 0) {
			return math.Copysign(1, x)
		}
		return x / (1 + math.Abs(x))
	}},
	{name: "Softplus", apply: func(x, _, _ float64) float64 { return maxNaN(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }},
}

func findActivation(name string) *activationFn {
	for i := range activationFns {
		if strings.EqualFold(activationFns[i].name, name) {
			return &activationFns[i]
		}
	}
	return nil
}

// Apply returns the function of x.
func (f ActivationFn) Apply(x float64) float64 {
	return findActivation(f.Name).apply(x, f.Alpha, f.Beta)
}

// activations resolves the functions of all directions, as many as defaults for each. Each function that takes an alpha takes the
// next of the list or, when none is left, its default; beta likewise.
func activations(names []string, alpha, beta []float32, defaults []string, dirs int) ([]ActivationFn, error) {
	if len(names) == 0 {
		names = slices.Repeat(defaults, dirs)
	}
	if len(names) != len(defaults)*dirs {
		return nil, fmt.Errorf("takes %d activations for each of %d directions, got %d", len(defaults), dirs, len(names))
	}
	next := func(takes bool, list *[]float32, def float64) float64 {
		if !takes || len(*list) == 0 {
			return def
		}
		v := float64((*list)[0])
		*list = (*list)[1:]
		return v
	}
	fns := make([]ActivationFn, len(names))
	for i, name := range names {
		f := findActivation(name)
		if f == nil {
			return nil, fmt.Errorf("activation %q is unknown", name)
		}
		fns[i] = ActivationFn{f.name, next(f.takesAlpha, &alpha, f.alpha), next(f.hasBeta, &beta, f.beta)}
	}
	return fns, nil
}
