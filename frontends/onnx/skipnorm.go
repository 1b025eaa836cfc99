package onnx

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importSkipLayerNorm: a layer norm of input + skip + bias; the sum is the fourth output.
func importSkipLayerNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 5); err != nil {
		return nil, err
	}
	sum := c.skip(c.input(4))
	out := c.exprs(&op.LayerNorm{Axis: -1, Epsilon: c.float("epsilon", 1e-12)}, sum, c.in[2], c.input(3))
	return append(slices.Clone(out), sum), nil
}

// importSkipRMSNorm: likewise with an RMS norm, which has no means to put out.
func importSkipRMSNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 4); err != nil {
		return nil, err
	}
	sum := c.skip(c.input(3))
	out := c.exprs(&op.RMSNorm{Axis: -1, Epsilon: c.float("epsilon", 1e-12)}, sum, c.in[2])
	if c.err != nil {
		return nil, c.err
	}
	return []*ir.Value{out[0], nil, out[1], sum}, nil
}

// skip is the sum of the first two inputs and the bias.
func (c *call) skip(bias *ir.Value) *ir.Value {
	sum := c.plus(c.in[0], c.in[1])
	if bias != nil {
		sum = c.plus(sum, bias)
	}
	return sum
}

// importEmbedLayerNorm: a layer norm of the sum of the embeddings of words, positions and segments. The second output counts the words
// that the mask shows.
func importEmbedLayerNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 9); err != nil {
		return nil, err
	}
	if c.input(2) == nil || c.input(3) == nil {
		return nil, fmt.Errorf("needs the embeddings of words and positions")
	}
	ids, segments, mask, positions := c.in[0], c.input(1), c.input(7), c.input(8)
	if positions == nil {
		positions = c.count(c.axis(ids, 1))
	}
	sum := c.plus(c.expr(&op.Gather{}, c.in[2], ids), c.expr(&op.Gather{}, c.in[3], positions))
	if segments != nil {
		if c.input(4) == nil {
			return nil, fmt.Errorf("segment ids are given without their embedding")
		}
		sum = c.plus(sum, c.expr(&op.Gather{}, c.in[4], segments))
	}
	y := c.expr(&op.LayerNorm{Axis: -1, Epsilon: c.float("epsilon", 1e-12)}, sum, c.input(5), c.input(6))
	var words *ir.Value
	if mask != nil {
		words = c.expr(&op.Reduce{Fn: op.ReduceSum}, mask, c.vector(1))
	} else {
		words = c.expr(&op.ConstantOfShape{Value: tensor.Must([]int32{0}, 1)}, c.axis(ids, 0))
	}
	return []*ir.Value{y, words, sum}, nil
}

func init() {
	register(
		row{"com.microsoft", "EmbedLayerNormalization", 1, importEmbedLayerNorm},
		row{"com.microsoft", "SkipLayerNormalization", 1, importSkipLayerNorm},
		row{"com.microsoft", "SkipSimplifiedLayerNormalization", 1, importSkipRMSNorm},
	)
}
