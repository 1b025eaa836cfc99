package onnx

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

var negativeZero = math.Copysign(0, -1)

// doubles reads a list of floats, or its twin of doubles, a tensor.
func (c *call) doubles(name string) []float64 {
	if t := c.tensor(name + "_as_tensor"); t != nil {
		return c.numbers(t)
	}
	var out []float64
	for _, v := range c.floats(name) {
		out = append(out, float64(v))
	}
	return out
}

// numbers are the elements of a tensor, which must be numbers.
func (c *call) numbers(t *tensor.Tensor) []float64 {
	if t == nil {
		return nil
	}
	if !t.DType().IsFloat() && !t.DType().IsInteger() {
		if c.err == nil {
			c.err = fmt.Errorf("numbers are needed, got %v", t)
		}
		return nil
	}
	return append([]float64(nil), tensor.Float64s(t)...)
}

func (c *call) post() op.PostFn { return op.PostFn(c.string("post_transform", "NONE")) }

// modelLabels are the labels of the classes.
func (c *call) modelLabels(ints, names string) *tensor.Tensor {
	return c.oneOf("class labels", int64s(c.ints(ints)), strs(c.strings(names)))
}

// transformed applies the function of the scores.
func (c *call) transformed(scores *ir.Value) *ir.Value {
	if c.post() == op.PostNone {
		return scores
	}
	return c.expr(&op.PostTransform{Fn: c.post()}, scores)
}

func importLinearRegressor(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	scores := c.expr(&op.LinearScores{Targets: int(c.int("targets", 1)), Weights: c.floats("coefficients"), Intercepts: c.floats("intercepts")}, c.in[0])
	return []*ir.Value{c.transformed(scores)}, c.err
}

func importLinearClassifier(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	labels := c.modelLabels("classlabels_ints", "classlabels_strings")
	if c.err != nil {
		return nil, c.err
	}
	o := &op.LinearScores{Targets: max(1, len(c.floats("intercepts"))), Weights: c.floats("coefficients"), Intercepts: c.floats("intercepts")}
	if len(o.Intercepts) == 0 {
		o.Targets = labels.Len()
	}
	scores := c.expr(o, c.in[0])
	if c.err != nil {
		return nil, c.err
	}
	return c.add(&op.ClassScores{Labels: labels, Rule: op.ClassLinear, Post: c.post()}, scores)
}

func importSVMRegressor(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	o := &op.SVMRegressor{Kernel: op.SVMKernel(c.string("kernel_type", "LINEAR")), Params: c.floats("kernel_params"), Coefficients: c.floats("coefficients"),
		Supports: int(c.int("n_supports", 0)), Vectors: c.floats("support_vectors"), OneClass: c.bool("one_class", false)}
	if rho := c.floats("rho"); len(rho) > 0 {
		o.Rho = rho[0]
	}
	return []*ir.Value{c.transformed(c.expr(o, c.in[0]))}, c.err
}

func importSVMClassifier(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	o := &op.SVMClassifier{Labels: c.modelLabels("classlabels_ints", "classlabels_strings"), Kernel: op.SVMKernel(c.string("kernel_type", "LINEAR")),
		Params: c.floats("kernel_params"), Coefficients: c.floats("coefficients"), Vectors: c.floats("support_vectors"),
		PerClass: c.intSlice("vectors_per_class"), Rho: c.floats("rho"), ProbA: c.floats("prob_a"), ProbB: c.floats("prob_b"), Post: c.post()}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(o, c.in[0])
}

func init() {
	register(
		row{mlDomain, "LinearClassifier", 1, importLinearClassifier},
		row{mlDomain, "LinearRegressor", 1, importLinearRegressor},
		row{mlDomain, "SVMClassifier", 1, importSVMClassifier},
		row{mlDomain, "SVMRegressor", 1, importSVMRegressor},
	)
}
