package export

import (
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// unary lists the functions with parameters, or with another name in ONNX.
var unary = map[op.UnaryFn]struct {
	name  string
	attrs func(o *op.Unary) []*proto.Attribute
}{
	op.Celu:     {"Celu", alpha},
	op.Elu:      {"Elu", alpha},
	op.Gelu:     {"Gelu", func(*op.Unary) []*proto.Attribute { return nil }},
	op.GeluTanh: {"Gelu", func(*op.Unary) []*proto.Attribute { return attrs(text("approximate", "tanh")) }},
	op.HardSigmoid: {"HardSigmoid", func(o *op.Unary) []*proto.Attribute {
		return attrs(float("alpha", o.Alpha), float("beta", o.Beta))
	}},
	op.IsInf: {"IsInf", func(o *op.Unary) []*proto.Attribute {
		return attrs(flag("detect_negative", o.Alpha != 0), flag("detect_positive", o.Beta != 0))
	}},
	op.LeakyRelu: {"LeakyRelu", alpha},
	op.Selu: {"Selu", func(o *op.Unary) []*proto.Attribute {
		return attrs(float("alpha", o.Alpha), float("gamma", o.Gamma))
	}},
	op.Shrink: {"Shrink", func(o *op.Unary) []*proto.Attribute {
		return attrs(float("bias", o.Alpha), float("lambd", o.Beta))
	}},
	op.Silu:            {"Swish", alpha},
	op.ThresholdedRelu: {"ThresholdedRelu", alpha},
}

func alpha(o *op.Unary) []*proto.Attribute { return attrs(float("alpha", o.Alpha)) }

func writeUnary(c *call) error {
	o := c.node.Op.(*op.Unary)
	row, ok := unary[o.Fn]
	switch {
	case !ok:
		c.as(ir.OpName(o), nil, c.in(0))
	case o.Fn == op.Silu && c.options.Contrib:
		c.as(microsoft+"::QuickGelu", alpha(o), c.in(0))
	case !c.has(since[row.name]):
		return c.olderUnary(o)
	default:
		c.as(row.name, row.attrs(o), c.in(0))
	}
	return nil
}

func writeBinary(c *call) error {
	switch o := c.node.Op.(*op.Binary); o.Fn {
	case op.BitShiftLeft:
		c.as("BitShift", attrs(text("direction", "LEFT")), c.ins()...)
	case op.BitShiftRight:
		c.as("BitShift", attrs(text("direction", "RIGHT")), c.ins()...)
	case op.FMod:
		c.as("Mod", attrs(integer("fmod", 1)), c.ins()...)
	case op.Mod:
		if c.typ(0).Elem.IsFloat() { // ONNX has only the sign of the dividend for floats: a − floor(a/b)·b
			c.floored()
			return nil
		}
		c.as("Mod", nil, c.ins()...)
	default:
		c.as(ir.OpName(o), nil, c.ins()...)
	}
	return nil
}

// floored has the sign of the divisor, also where it is zero.
func (c *call) floored() {
	a, b := c.in(0), c.in(1)
	r := c.emit("Mod", attrs(integer("fmod", 1)), a, b)
	zero := c.scalar(0, c.typ(0).Elem)
	differ := c.emit("Xor", nil, c.emit("Less", nil, r, zero), c.emit("Less", nil, b, zero))
	wrong := c.emit("And", nil, differ, c.emit("Not", nil, c.emit("Equal", nil, r, zero)))
	r = c.emit("Where", nil, wrong, c.plus(r, b), r)
	c.as("Mul", nil, c.emit("Abs", nil, r), c.emit("Sign", nil, b))
}

func init() {
	for _, name := range ir.OpNames() {
		o, err := ir.NewOp(name)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		switch o.(type) {
		case *op.Unary:
			spell(name, writeUnary)
		case *op.Binary:
			spell(name, writeBinary)
		case *op.Reduce:
			spell(name, same(name, func(o *op.Reduce) []*proto.Attribute {
				return attrs(flag("keepdims", o.KeepDims), flag("noop_with_empty_axes", o.NoopWithEmptyAxes))
			}))
		}
	}
	spell("Clip", same[*op.Clip]("Clip", nil))
	spell("Where", same[*op.Where]("Where", nil))
	spell("Cast", same("Cast", func(o *op.Cast) []*proto.Attribute {
		return attrs(integer("to", int(o.To)), when(!o.Saturate && isFloat8(o), integer("saturate", 0)), when(o.Round != "", text("round_mode", o.Round)))
	}))
	spell("Arg", func(c *call) error {
		o := c.node.Op.(*op.Arg)
		name := "ArgMax"
		if o.Min {
			name = "ArgMin"
		}
		c.as(name, attrs(integer("axis", o.Axis), flag("keepdims", o.KeepDims), flag("select_last_index", o.Last)), c.in(0))
		return nil
	})
	spell("Softmax", func(c *call) error {
		o := c.node.Op.(*op.Softmax)
		name := "Softmax"
		if o.Log {
			name = "LogSoftmax"
		}
		c.as(name, attrs(integer("axis", o.Axis)), c.in(0))
		return nil
	})
}

func isFloat8(o *op.Cast) bool { return o.To.IsFloat() && o.To.Bits() == 8 }
