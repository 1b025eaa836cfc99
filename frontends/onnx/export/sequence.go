package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
)

func init() {
	spell("ConcatFromSequence", same("ConcatFromSequence", func(o *op.ConcatFromSequence) []*proto.Attribute {
		return attrs(integer("axis", o.Axis), flag("new_axis", o.NewAxis))
	}))
	spell("Optional", func(c *call) error {
		if c.in(0) != "" {
			c.as("Optional", nil, c.in(0))
			return nil
		}
		t := typeOf(c.node.Op.(*op.Optional).Item)
		c.as("Optional", attrs(&proto.Attribute{Name: "type", Type: proto.AttrType, TP: t}))
		return nil
	})
	spell("OptionalGetElement", same[*op.OptionalGetElement]("OptionalGetElement", nil))
	spell("OptionalHasElement", same[*op.OptionalHasElement]("OptionalHasElement", nil))
	spell("SequenceAt", same[*op.SequenceAt]("SequenceAt", nil))
	spell("SequenceConstruct", same[*op.SequenceConstruct]("SequenceConstruct", nil))
	spell("SequenceEmpty", same("SequenceEmpty", func(o *op.SequenceEmpty) []*proto.Attribute { return attrs(integer("dtype", int(o.Elem))) }))
	spell("SequenceErase", same[*op.SequenceErase]("SequenceErase", nil))
	spell("SequenceInsert", same[*op.SequenceInsert]("SequenceInsert", nil))
	spell("SequenceLength", same[*op.SequenceLength]("SequenceLength", nil))
	spell("SequenceMap", func(c *call) error {
		o := c.node.Op.(*op.SequenceMap)
		c.as("SequenceMap", attrs(c.body("body", o.Body, o.Mapped, o.Mapped)), c.ins()[:o.Mapped]...)
		return nil
	})
	spell("SplitToSequence", same("SplitToSequence", func(o *op.SplitToSequence) []*proto.Attribute {
		return attrs(integer("axis", o.Axis), flag("keepdims", o.KeepDims))
	}))
}
