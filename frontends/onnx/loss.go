package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importNLLLoss expands NegativeLogLikelihoodLoss.
func importNLLLoss(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	return []*ir.Value{c.likelihood(c.in[0], c.in[1], c.input(2))}, c.err
}

// importCrossEntropy expands SoftmaxCrossEntropyLoss; its second result is the logarithm of the softmax along axis 1.
func importCrossEntropy(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	logs := c.expr(&op.Softmax{Axis: 1, Log: true}, c.in[0])
	return []*ir.Value{c.likelihood(logs, c.in[1], c.input(2)), logs}, c.err
}

// likelihood is the loss −x[n, label, d…], times the weight of the label, and reduced as attribute reduction says. Samples with the label
// ignore_index count as nothing, also in a mean.
func (c *call) likelihood(x, labels, weight *ir.Value) *ir.Value {
	if c.err != nil {
		return nil
	}
	rx, known := x.Type.Rank()
	if rl, ok := labels.Type.Rank(); known && ok && (rx < 2 || rl != rx-1) {
		c.err = fmt.Errorf("labels of shape [N, d…] are needed for scores [N, C, d…], got %v and %v", labels.Type, x.Type)
		return nil
	}
	var ignored *ir.Value
	if c.has("ignore_index") {
		ignored = c.equals(labels, c.number(float64(c.int("ignore_index", 0)), labels))
		labels = c.choose(ignored, c.number(0, labels), labels)
	}
	skip := func(v *ir.Value) *ir.Value {
		if ignored == nil || c.err != nil {
			return v
		}
		return c.choose(ignored, c.number(0, v), v)
	}
	picked := c.expr(&op.GatherElements{Axis: 1}, x, c.expr(&op.Unsqueeze{}, labels, c.vector(1)))
	loss := c.apply(op.Neg, c.expr(&op.Squeeze{}, picked, c.vector(1)))
	var share *ir.Value // of each sample in a mean; nil: 1
	switch {
	case weight != nil:
		share = c.expr(&op.Gather{}, weight, labels)
		loss = c.times(loss, share)
		share = skip(share)
	case ignored != nil && c.err == nil:
		share = c.choose(ignored, c.number(0, loss), c.number(1, loss))
	}
	loss = skip(loss)
	switch reduction := c.string("reduction", "mean"); reduction {
	case "none":
		return loss
	case "sum":
		return c.expr(&op.Reduce{Fn: op.ReduceSum}, loss)
	case "mean":
		if share == nil {
			return c.expr(&op.Reduce{Fn: op.ReduceMean}, loss)
		}
		return c.over(c.expr(&op.Reduce{Fn: op.ReduceSum}, loss), c.expr(&op.Reduce{Fn: op.ReduceSum}, share))
	default:
		c.err = fmt.Errorf(`attribute "reduction" must be none, sum or mean, got %q`, reduction)
		return nil
	}
}

func init() {
	register(
		row{"", "NegativeLogLikelihoodLoss", 12, importNLLLoss},
		row{"", "SoftmaxCrossEntropyLoss", 12, importCrossEntropy},
	)
}
