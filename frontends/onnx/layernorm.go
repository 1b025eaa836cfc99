package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

func importLayerNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	return c.add(&op.LayerNorm{Axis: int(c.int("axis", -1)), Epsilon: c.float("epsilon", 1e-5), Stash: c.dtype("stash_type", 0)}, c.in...)
}

// importRMSNorm also stands for SimplifiedLayerNormalization of onnxruntime.
func importRMSNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	return c.add(&op.RMSNorm{Axis: int(c.int("axis", -1)), Epsilon: c.float("epsilon", 1e-5), Stash: c.dtype("stash_type", 0)}, c.in...)
}

func init() {
	register(
		row{"", "LayerNormalization", 17, importLayerNorm},
		row{"", "RMSNormalization", 23, importRMSNorm},
		row{"", "SimplifiedLayerNormalization", 1, importRMSNorm},
		row{"com.microsoft", "SimplifiedLayerNormalization", 1, importRMSNorm},
	)
}
