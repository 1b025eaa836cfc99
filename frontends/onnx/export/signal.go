package export

import (
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
)

// writeDFT: the axis was an attribute before opset 20, the first one of the signal if it was absent, and half of a spectrum could not be
// turned back.
func writeDFT(c *call) error {
	o := c.node.Op.(*op.DFT)
	list := attrs(flag("inverse", o.Inverse), flag("onesided", o.OneSided))
	if c.has(20) {
		c.need(20, "DFT")
		in := c.ins()
		for i := 1; i < len(in); i++ { // numbers, not vectors of one
			if in[i] != "" && (!c.typ(i).Ranked || len(c.typ(i).Dims) > 0) {
				in[i] = c.emit("Reshape", nil, in[i], c.integers())
			}
		}
		c.as("DFT", list, in...)
		return nil
	}
	if o.Inverse && o.OneSided {
		c.need(20, "the inverse of half a spectrum")
	}
	axis := int64(-2)
	if v := c.node.Input(2); v != nil {
		if v.Const == nil || v.Const.Len() != 1 {
			return fmt.Errorf("an axis that is not known needs opset 20")
		}
		axis = v.Const.Int64(0)
	}
	if axis < 0 {
		rank, err := c.rank(0)
		if err != nil {
			return err
		}
		axis += int64(rank)
	}
	c.as("DFT", append(list, integer("axis", int(axis))), c.in(0), c.in(1))
	return nil
}

func init() {
	spell("DFT", writeDFT)
	spell("MelWeightMatrix", same("MelWeightMatrix", func(o *op.MelWeightMatrix) []*proto.Attribute {
		return attrs(integer("output_datatype", int(o.Elem)))
	}))
	spell("STFT", same("STFT", func(o *op.STFT) []*proto.Attribute { return attrs(flag("onesided", o.OneSided)) }))
}
