package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// biasGelu adds the second input, if there is one, before the function.
func biasGelu(fn op.UnaryFn, min int) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(min, 2); err != nil {
			return nil, err
		}
		x := c.in[0]
		if bias := c.input(1); bias != nil {
			x = c.plus(x, bias)
		}
		return []*ir.Value{c.apply(fn, x)}, nil
	}
}

// importBiasSplitGelu: the left half of the columns times the function of the right one.
func importBiasSplitGelu(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	half := c.pieces(c.plus(c.in[0], c.in[1]), 1, 1)
	return []*ir.Value{c.times(half[0], c.apply(op.Gelu, half[1]))}, nil
}

// importSwiGLU: unlike Mul, the inputs do not broadcast.
func importSwiGLU(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	gate := c.expr(&op.Unary{Fn: op.Silu, Alpha: c.float("alpha", 1)}, c.in[0])
	return []*ir.Value{c.times(gate, c.in[1])}, nil
}

func init() {
	register(
		row{"", "SwiGLU", 28, importSwiGLU},
		row{"com.microsoft", "BiasGelu", 1, biasGelu(op.Gelu, 2)},
		row{"com.microsoft", "BiasSplitGelu", 1, importBiasSplitGelu},
		row{"com.microsoft", "FastGelu", 1, biasGelu(op.GeluTanh, 1)},
		row{"com.microsoft", "Gelu", 1, unary(op.Gelu)},
		row{"com.microsoft", "QuickGelu", 1, unaryAlpha(op.Silu, 1.702, 0)},
	)
}
