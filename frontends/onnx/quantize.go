package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	register(
		row{"", "DequantizeLinear", 10, simple(2, 3, func(c *call) ir.Op {
			return &op.DequantizeLinear{Axis: int(c.int("axis", 1)), BlockSize: int(c.int("block_size", 0)), Elem: c.optionalType("output_dtype")}
		})},
		row{"", "DynamicQuantizeLinear", 11, simple(1, 1, func(*call) ir.Op { return &op.DynamicQuantizeLinear{} })},
		row{"", "MatMulInteger", 10, simple(2, 4, func(*call) ir.Op { return &op.MatMulInteger{} })},
		row{"", "QLinearMatMul", 10, simple(8, 8, func(*call) ir.Op { return &op.QLinearMatMul{} })},
		row{"", "QuantizeLinear", 10, simple(2, 3, func(c *call) ir.Op {
			return &op.QuantizeLinear{Axis: int(c.int("axis", 1)), BlockSize: int(c.int("block_size", 0)), Saturate: c.bool("saturate", true),
				Elem: c.optionalType("output_dtype"), Precision: c.optionalType("precision")}
		})},
	)
}

// optionalType reads an element type of which 0 means that there is none.
func (c *call) optionalType(name string) tensor.DType {
	if c.int(name, 0) == 0 {
		return tensor.Invalid
	}
	return c.dtype(name, tensor.Invalid)
}
