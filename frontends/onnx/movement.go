package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importConstant: the value is one of several attributes.
func importConstant(c *call) ([]*ir.Value, error) {
	var t *tensor.Tensor
	switch {
	case c.has("value"):
		t = c.tensor("value")
	case c.has("sparse_value"):
		if a := c.attrs["sparse_value"]; a.SparseTensor != nil {
			var err error
			if t, err = c.model.source.Dense(a.SparseTensor); err != nil {
				return nil, err
			}
		}
	case c.has("value_float"):
		t = tensor.Scalar(c.float("value_float", 0))
	case c.has("value_floats"):
		v := c.floats("value_floats")
		t = tensor.Must(v, len(v))
	case c.has("value_int"):
		t = tensor.Scalar(c.int("value_int", 0))
	case c.has("value_ints"):
		v := c.ints("value_ints")
		t = tensor.Must(v, len(v))
	case c.has("value_string"):
		t = tensor.Scalar(c.string("value_string", ""))
	case c.has("value_strings"):
		v := c.strings("value_strings")
		t = tensor.Must(v, len(v))
	}
	if c.err != nil {
		return nil, c.err
	}
	if t == nil {
		return nil, fmt.Errorf("has no value")
	}
	return c.add(&ir.Const{Value: t})
}

// importReshape: the shape was an attribute before opset 5.
func importReshape(c *call) ([]*ir.Value, error) {
	shape := c.axesInput(1, "shape")
	if shape == nil || c.input(0) == nil {
		return nil, fmt.Errorf("needs data and a shape")
	}
	return c.add(&op.Reshape{AllowZero: c.bool("allowzero", false)}, c.in[0], shape)
}

func importUnsqueeze(c *call) ([]*ir.Value, error) {
	axes := c.axesInput(1, "axes")
	if axes == nil || c.input(0) == nil {
		return nil, fmt.Errorf("needs data and axes")
	}
	return c.add(&op.Unsqueeze{}, c.in[0], axes)
}

func importSqueeze(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 2); err != nil {
		return nil, err
	}
	if axes := c.axesInput(1, "axes"); axes != nil {
		return c.add(&op.Squeeze{}, c.in[0], axes)
	}
	return c.add(&op.Squeeze{}, c.in[0])
}

func importSplit(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 2); err != nil {
		return nil, err
	}
	o := &op.Split{Axis: int(c.int("axis", 0)), Num: int(c.int("num_outputs", int64(len(c.node.Outputs))))}
	if sizes := c.axesInput(1, "split"); sizes != nil {
		return c.add(o, c.in[0], sizes)
	}
	return c.add(o, c.in[0])
}

// importSlice: everything was an attribute before opset 10.
func importSlice(c *call) ([]*ir.Value, error) {
	if c.version >= 10 {
		if err := c.expect(3, 5); err != nil {
			return nil, err
		}
		return c.add(&op.Slice{}, c.in...)
	}
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	in := []*ir.Value{c.in[0], c.vector(c.ints("starts")...), c.vector(c.ints("ends")...)}
	if c.has("axes") {
		in = append(in, c.vector(c.ints("axes")...))
	}
	return c.add(&op.Slice{}, in...)
}

// importPad: pads and value were attributes before opset 11, and pads were called paddings in opset 1.
func importPad(c *call) ([]*ir.Value, error) {
	o := &op.Pad{Mode: c.string("mode", "constant")}
	if c.version >= 11 {
		if err := c.expect(2, 4); err != nil {
			return nil, err
		}
		return c.add(o, c.in...)
	}
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	name := "pads"
	if !c.has(name) {
		name = "paddings"
	}
	return c.add(o, c.in[0], c.vector(c.ints(name)...), c.scalar(float64(c.float("value", 0)), c.in[0]))
}

// importTile: opset 1 repeats one axis.
func importTile(c *call) ([]*ir.Value, error) {
	if c.version < 6 {
		return nil, fmt.Errorf("opset %d is not supported, 6 and later are", c.version)
	}
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	return c.add(&op.Tile{}, c.in...)
}

// importShape: start and end came with opset 15.
func importShape(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	return c.add(&op.Shape{Start: int(c.int("start", 0)), End: int(c.int("end", 0)), HasEnd: c.has("end")}, c.in[0])
}

func importCast(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	to := tensor.Invalid
	if a := c.attrs["to"]; a != nil && c.version < 6 && len(a.S) > 0 { // a name then
		to = typeNames[string(a.S)]
	} else {
		c.require("to")
		to = c.dtype("to", tensor.Invalid)
	}
	return c.cast(c.in[0], to)
}

var typeNames = map[string]tensor.DType{
	"FLOAT": tensor.Float32, "UINT8": tensor.Uint8, "INT8": tensor.Int8, "UINT16": tensor.Uint16, "INT16": tensor.Int16, "INT32": tensor.Int32,
	"INT64": tensor.Int64, "STRING": tensor.String, "BOOL": tensor.Bool, "FLOAT16": tensor.Float16, "DOUBLE": tensor.Float64,
	"UINT32": tensor.Uint32, "UINT64": tensor.Uint64, "COMPLEX64": tensor.Complex64, "COMPLEX128": tensor.Complex128, "BFLOAT16": tensor.BFloat16,
}

func (c *call) cast(x *ir.Value, to tensor.DType) ([]*ir.Value, error) {
	o := &op.Cast{To: to, Saturate: c.bool("saturate", true)}
	if to == tensor.Float8E8M0 {
		o.Round = c.string("round_mode", "up")
	}
	return c.add(o, x)
}

func importCastLike(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	return c.cast(c.in[0], c.in[1].Type.Elem)
}

// importScatterElements also imports Scatter, the deprecated name of the operator.
func importScatterElements(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	return c.add(&op.ScatterElements{Axis: int(c.int("axis", 0)), Reduction: reduction(c)}, c.in...)
}

func reduction(c *call) string {
	if r := c.string("reduction", "none"); r != "none" {
		return r
	}
	return ""
}

// importConcat: axis was optional before opset 4.
func importConcat(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, -1); err != nil {
		return nil, err
	}
	if c.version >= 4 {
		c.require("axis")
	}
	axis := int(c.int("axis", 1))
	if c.err != nil {
		return nil, c.err
	}
	return c.add(&op.Concat{Axis: axis}, c.in...)
}

func importIdentity(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	return []*ir.Value{c.in[0]}, nil
}

func init() {
	register(
		row{"", "Cast", 1, importCast},
		row{"", "CastLike", 15, importCastLike},
		row{"", "Concat", 1, importConcat},
		row{"", "Constant", 1, importConstant},
		row{"", "ConstantOfShape", 9, simple(1, 1, func(c *call) ir.Op { return &op.ConstantOfShape{Value: c.tensor("value")} })},
		row{"", "Expand", 8, simple(2, 2, func(*call) ir.Op { return &op.Expand{} })},
		row{"", "Flatten", 1, simple(1, 1, func(c *call) ir.Op { return &op.Flatten{Axis: int(c.int("axis", 1))} })},
		row{"", "Gather", 1, simple(2, 2, func(c *call) ir.Op { return &op.Gather{Axis: int(c.int("axis", 0))} })},
		row{"", "GatherElements", 11, simple(2, 2, func(c *call) ir.Op { return &op.GatherElements{Axis: int(c.int("axis", 0))} })},
		row{"", "GatherND", 11, simple(2, 2, func(c *call) ir.Op { return &op.GatherND{BatchDims: int(c.int("batch_dims", 0))} })},
		row{"", "Identity", 1, importIdentity},
		row{"", "Pad", 1, importPad},
		row{"", "Range", 11, simple(3, 3, func(*call) ir.Op { return &op.Range{} })},
		row{"", "Reshape", 1, importReshape},
		row{"", "Scatter", 9, importScatterElements},
		row{"", "ScatterElements", 11, importScatterElements},
		row{"", "ScatterND", 11, simple(3, 3, func(c *call) ir.Op { return &op.ScatterND{Reduction: reduction(c)} })},
		row{"", "Shape", 1, importShape},
		row{"", "Size", 1, simple(1, 1, func(*call) ir.Op { return &op.Size{} })},
		row{"", "Slice", 1, importSlice},
		row{"", "Split", 1, importSplit},
		row{"", "Squeeze", 1, importSqueeze},
		row{"", "Tile", 1, importTile},
		row{"", "Transpose", 1, simple(1, 1, func(c *call) ir.Op { return &op.Transpose{Perm: c.intSlice("perm")} })},
		row{"", "Unsqueeze", 1, importUnsqueeze},
	)
}
