package onnx

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importOptional: without an input, attribute type says what is absent.
func importOptional(c *call) ([]*ir.Value, error) {
	if err := c.expect(0, 1); err != nil {
		return nil, err
	}
	if c.input(0) != nil {
		return c.add(&op.Optional{}, c.in[0])
	}
	p := c.typeProto("type")
	if p == nil {
		if c.err == nil {
			c.err = fmt.Errorf("needs an input or attribute %q", "type")
		}
		return nil, c.err
	}
	t, err := typeFrom(p, c.graph.Scope, c.node.Name)
	if err != nil {
		return nil, fmt.Errorf("attribute %q: %w", "type", err)
	}
	return c.add(&op.Optional{Item: t})
}

// importSequenceMap: the body has as many inputs as the node; those of sequences get one item.
func importSequenceMap(c *call) ([]*ir.Value, error) {
	if err := c.expect(len(c.in), -1); err != nil {
		return nil, err
	}
	g := c.subgraph("body")
	if c.err != nil {
		return nil, c.err
	}
	types := make([]ir.Type, len(c.in))
	for i, v := range c.in {
		types[i] = v.Type
		if v.Type.Kind == ir.KindSequence && v.Type.Item != nil {
			types[i] = *v.Type.Item
		}
	}
	caps := &captures{}
	b, err := c.body(g, types, caps)
	if err != nil {
		return nil, err
	}
	return c.add(&op.SequenceMap{Mapped: len(c.in), Body: b}, append(slices.Clone(c.in), caps.values...)...)
}

func init() {
	register(
		row{"", "ConcatFromSequence", 11, simple(1, 1, func(c *call) ir.Op {
			c.require("axis")
			return &op.ConcatFromSequence{Axis: int(c.int("axis", 0)), NewAxis: c.bool("new_axis", false)}
		})},
		row{"", "Optional", 15, importOptional},
		row{"", "OptionalGetElement", 15, simple(1, 1, func(*call) ir.Op { return &op.OptionalGetElement{} })},
		row{"", "OptionalHasElement", 15, simple(0, 1, func(*call) ir.Op { return &op.OptionalHasElement{} })},
		row{"", "SequenceAt", 11, simple(2, 2, func(*call) ir.Op { return &op.SequenceAt{} })},
		row{"", "SequenceConstruct", 11, simple(1, -1, func(*call) ir.Op { return &op.SequenceConstruct{} })},
		row{"", "SequenceEmpty", 11, simple(0, 0, func(c *call) ir.Op { return &op.SequenceEmpty{Elem: c.dtype("dtype", tensor.Float32)} })},
		row{"", "SequenceErase", 11, simple(1, 2, func(*call) ir.Op { return &op.SequenceErase{} })},
		row{"", "SequenceInsert", 11, simple(2, 3, func(*call) ir.Op { return &op.SequenceInsert{} })},
		row{"", "SequenceLength", 11, simple(1, 1, func(*call) ir.Op { return &op.SequenceLength{} })},
		row{"", "SequenceMap", 17, importSequenceMap},
		row{"", "SplitToSequence", 11, simple(1, 2, func(c *call) ir.Op {
			return &op.SplitToSequence{Axis: int(c.int("axis", 0)), KeepDims: c.bool("keepdims", true)}
		})},
	)
}
