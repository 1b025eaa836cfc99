package conformance

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/tensor"
)

// randomCases are the cases whose expected values come from NumPy's generator. Only shapes, types and the distribution can be
// checked; a count of draws may be five standard deviations off.
var randomCases = map[string]func(in, got, want []tensor.Value) error{
	"test_bernoulli":                     bernoulli,
	"test_bernoulli_double":              bernoulli,
	"test_bernoulli_double_expanded":     bernoulli,
	"test_bernoulli_expanded":            bernoulli,
	"test_bernoulli_seed":                bernoulli,
	"test_bernoulli_seed_expanded":       bernoulli,
	"test_training_dropout":              dropout,
	"test_training_dropout_default":      dropout,
	"test_training_dropout_default_mask": dropout,
	"test_training_dropout_mask":         dropout,
}

// draw returns the check of a case that draws random numbers, nil for other cases.
func (c *Case) draw() func(in, got, want []tensor.Value) error {
	if !strings.HasPrefix(c.Group, "node") {
		return nil
	}
	name, _, _ := strings.Cut(c.Name, "_opset") // of old versions of operators
	return randomCases[name]
}

// Random reports whether a case draws random numbers, so that only shape, type and distribution of its outputs are checked.
func (c *Case) Random() bool { return c.draw() != nil }

const sigmas = 5

// bernoulli checks draws of 0 and 1 with the probabilities in[0].
func bernoulli(in, got, want []tensor.Value) error {
	out, err := sameForm(got, want)
	if err != nil {
		return err
	}
	p, y := in[0].(*tensor.Tensor), out[0]
	var excess, variance float64
	for i := range p.Len() {
		if v := y.Float64(i); v != 0 && v != 1 {
			return fmt.Errorf("element %d is %v, expected 0 or 1", i, v)
		}
		q := p.Float64(i)
		excess += y.Float64(i) - q
		variance += q * (1 - q)
	}
	if math.Abs(excess) > sigmas*math.Sqrt(variance) {
		return fmt.Errorf("%v more ones than expected, with a standard deviation of %v", excess, math.Sqrt(variance))
	}
	return nil
}

// dropout checks training dropout: inputs data, ratio, training_mode; outputs data and an optional mask of what was kept.
func dropout(in, got, want []tensor.Value) error {
	out, err := sameForm(got, want)
	if err != nil {
		return err
	}
	x, y, ratio := in[0].(*tensor.Tensor), out[0], in[1].(*tensor.Tensor).Float64(0)
	kept := 0
	for i := range x.Len() {
		keeps := y.Float64(i) != 0
		if len(out) > 1 {
			keeps = out[1].Float64(i) != 0
		}
		expected := 0.0
		if keeps {
			kept++
			expected = x.Float64(i) / (1 - ratio)
		}
		if !near(y.Float64(i), expected, DefaultTolerance) {
			return fmt.Errorf("element %d is %v, expected %v", i, y.Float64(i), expected)
		}
	}
	n := float64(x.Len())
	if math.Abs(float64(kept)-n*(1-ratio)) > sigmas*math.Sqrt(n*ratio*(1-ratio)) {
		return fmt.Errorf("%d of %d elements kept at ratio %v", kept, x.Len(), ratio)
	}
	return nil
}

// sameForm checks everything but the values.
func sameForm(got, want []tensor.Value) ([]*tensor.Tensor, error) {
	if len(got) != len(want) {
		return nil, fmt.Errorf("%d outputs, expected %d", len(got), len(want))
	}
	var out []*tensor.Tensor
	for i := range want {
		g, ok := got[i].(*tensor.Tensor)
		w := want[i].(*tensor.Tensor)
		if !ok || g.DType() != w.DType() || !slices.Equal(g.Shape(), w.Shape()) {
			return nil, fmt.Errorf("output %d: got %v, expected %v%v", i, got[i], w.DType(), w.Shape())
		}
		out = append(out, g)
	}
	return out, nil
}
