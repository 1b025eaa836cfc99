package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
)

func axis(n int) []*proto.Attribute { return attrs(integer("axis", n)) }

func init() {
	spell("Identity", same[*op.Identity]("Identity", nil))
	spell("Reshape", same("Reshape", func(o *op.Reshape) []*proto.Attribute { return attrs(when(o.AllowZero, integer("allowzero", 1))) }))
	spell("Unsqueeze", same[*op.Unsqueeze]("Unsqueeze", nil))
	spell("Squeeze", same[*op.Squeeze]("Squeeze", nil))
	spell("Flatten", same("Flatten", func(o *op.Flatten) []*proto.Attribute { return axis(o.Axis) }))
	spell("Transpose", same("Transpose", func(o *op.Transpose) []*proto.Attribute {
		return attrs(when(len(o.Perm) > 0, integers("perm", o.Perm)))
	}))
	spell("Concat", same("Concat", func(o *op.Concat) []*proto.Attribute { return axis(o.Axis) }))
	spell("Split", func(c *call) error {
		o := c.node.Op.(*op.Split)
		list := axis(o.Axis)
		if c.in(1) == "" {
			list = append(list, integer("num_outputs", o.Num))
		}
		out := make([]string, len(c.node.Out()))
		for i, v := range c.node.Out() { // the number of results says into how many parts to cut
			if out[i] = c.out(i); out[i] == "" {
				out[i] = c.name("unused")
				c.bind(v, out[i])
			}
		}
		c.scope.node("Split", list, c.ins(), out, c.node.Name)
		return nil
	})
	spell("Tile", same[*op.Tile]("Tile", nil))
	spell("Slice", same[*op.Slice]("Slice", nil))
	spell("Pad", func(c *call) error {
		o := c.node.Op.(*op.Pad)
		if o.Mode == "wrap" {
			c.need(19, "Pad in mode wrap")
		}
		c.as("Pad", attrs(named("mode", o.Mode)), c.ins()...)
		return nil
	})
	spell("Gather", same("Gather", func(o *op.Gather) []*proto.Attribute { return axis(o.Axis) }))
	spell("GatherElements", same("GatherElements", func(o *op.GatherElements) []*proto.Attribute { return axis(o.Axis) }))
	spell("GatherND", same("GatherND", func(o *op.GatherND) []*proto.Attribute { return attrs(integer("batch_dims", o.BatchDims)) }))
	spell("ScatterElements", same("ScatterElements", func(o *op.ScatterElements) []*proto.Attribute {
		return attrs(integer("axis", o.Axis), named("reduction", o.Reduction))
	}))
	spell("ScatterND", same("ScatterND", func(o *op.ScatterND) []*proto.Attribute { return attrs(named("reduction", o.Reduction)) }))
	spell("TensorScatter", func(c *call) error {
		o := c.node.Op.(*op.TensorScatter)
		if !c.has(24) {
			return c.olderScatter(o)
		}
		c.as("TensorScatter", attrs(integer("axis", o.Axis), when(o.Circular, text("mode", "circular"))), c.ins()...)
		return nil
	})
	spell("Shape", same("Shape", func(o *op.Shape) []*proto.Attribute {
		return attrs(when(o.Start != 0, integer("start", o.Start)), when(o.HasEnd, integer("end", o.End)))
	}))
	spell("Size", same[*op.Size]("Size", nil))
	spell("ConstantOfShape", same("ConstantOfShape", func(o *op.ConstantOfShape) []*proto.Attribute {
		if o.Value == nil {
			return nil
		}
		t := tensorOf(o.Value, "")
		t.Dims = []int64{1}
		return attrs(&proto.Attribute{Name: "value", Type: proto.AttrTensor, T: t})
	}))
	spell("Range", same[*op.Range]("Range", nil))
	spell("Expand", same[*op.Expand]("Expand", nil))
	spell("NonZero", same[*op.NonZero]("NonZero", nil))
	spell("OneHot", same("OneHot", func(o *op.OneHot) []*proto.Attribute { return axis(o.Axis) }))
	spell("TopK", same("TopK", func(o *op.TopK) []*proto.Attribute {
		return attrs(integer("axis", o.Axis), flag("largest", !o.Smallest))
	}))
	spell("Trilu", same("Trilu", func(o *op.Trilu) []*proto.Attribute { return attrs(flag("upper", o.Upper)) }))
	spell("Compress", same("Compress", func(o *op.Compress) []*proto.Attribute { return attrs(when(!o.Flat, integer("axis", o.Axis))) }))
	for _, name := range []string{"CumSum", "CumProd"} {
		spell(name, same(name, func(o *op.Cumulative) []*proto.Attribute {
			return attrs(flag("exclusive", o.Exclusive), flag("reverse", o.Reverse))
		}))
	}
	spell("ReverseSequence", same("ReverseSequence", func(o *op.ReverseSequence) []*proto.Attribute {
		return attrs(integer("batch_axis", o.BatchAxis), integer("time_axis", o.TimeAxis))
	}))
	spell("BitCast", same("BitCast", func(o *op.BitCast) []*proto.Attribute { return attrs(integer("to", int(o.To))) }))
	spell("Det", same[*op.Det]("Det", nil))
	spell("EyeLike", same("EyeLike", func(o *op.EyeLike) []*proto.Attribute {
		return attrs(integer("k", o.K), when(o.Elem != 0, integer("dtype", int(o.Elem))))
	}))
	spell("Unique", same("Unique", func(o *op.Unique) []*proto.Attribute {
		return attrs(when(!o.Flat, integer("axis", o.Axis)), flag("sorted", o.Sorted))
	}))
}
