package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// newer is an attribute that came with a version, if it says something.
func (c *call) newer(opset int, says bool, a *proto.Attribute) *proto.Attribute {
	if says {
		c.need(opset, "attribute "+a.Name)
	}
	return when(says, a)
}

func init() {
	spell("QuantizeLinear", func(c *call) error {
		o := c.node.Op.(*op.QuantizeLinear)
		elem := o.Elem != tensor.Invalid && (c.in(2) == "" && o.Elem != tensor.Uint8 || c.in(2) != "" && o.Elem != c.typ(2).Elem)
		c.as("QuantizeLinear", attrs(integer("axis", o.Axis), c.newer(21, o.BlockSize != 0, integer("block_size", o.BlockSize)),
			c.newer(19, !o.Saturate, integer("saturate", 0)), c.newer(21, elem, integer("output_dtype", int(o.Elem))),
			c.newer(23, o.Precision != tensor.Invalid, integer("precision", int(o.Precision)))), c.ins()...)
		return nil
	})
	spell("DequantizeLinear", func(c *call) error {
		o := c.node.Op.(*op.DequantizeLinear)
		if c.options.Contrib {
			if b := nBitsOf(c.node.Out()[0]); b != nil {
				writeNBits(c, b)
				return nil
			}
		}
		c.as("DequantizeLinear", attrs(integer("axis", o.Axis), c.newer(21, o.BlockSize != 0, integer("block_size", o.BlockSize)),
			c.newer(23, o.Elem != tensor.Invalid && o.Elem != c.typ(1).Elem, integer("output_dtype", int(o.Elem)))), c.ins()...)
		return nil
	})
	spell("DynamicQuantizeLinear", same[*op.DynamicQuantizeLinear]("DynamicQuantizeLinear", nil))
	spell("MatMulInteger", same[*op.MatMulInteger]("MatMulInteger", nil))
	spell("QLinearMatMul", same[*op.QLinearMatMul]("QLinearMatMul", nil))
}
