package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

func unary(fn op.UnaryFn) importer {
	return simple(1, 1, func(*call) ir.Op { return &op.Unary{Fn: fn} })
}

// unaryAlpha has the parameters alpha and, for Selu, gamma, with these defaults.
func unaryAlpha(fn op.UnaryFn, alpha, gamma float32) importer {
	return simple(1, 1, func(c *call) ir.Op {
		return &op.Unary{Fn: fn, Alpha: c.float("alpha", alpha), Gamma: c.float("gamma", gamma)}
	})
}

// binary also translates the limited broadcast of opset 6 and earlier: attributes broadcast and axis.
func binary(fn op.BinaryFn) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(2, 2); err != nil {
			return nil, err
		}
		a, b := c.in[0], c.in[1]
		if c.version < 7 && c.bool("broadcast", false) && c.has("axis") {
			var err error
			if b, err = c.alignAxis(a, b, int(c.int("axis", 0))); err != nil {
				return nil, err
			}
		}
		if c.err != nil {
			return nil, c.err
		}
		return c.add(&op.Binary{Fn: fn}, a, b)
	}
}

// alignAxis appends axes to b so that its first axis meets axis of a.
func (c *call) alignAxis(a, b *ir.Value, axis int) (*ir.Value, error) {
	ra, oka := a.Type.Rank()
	rb, okb := b.Type.Rank()
	if !oka || !okb {
		return nil, fmt.Errorf("broadcast from axis %d needs inputs of known rank", axis)
	}
	if axis < 0 {
		axis += ra
	}
	if axis < 0 || axis+rb > ra {
		return nil, fmt.Errorf("broadcast from axis %d does not fit ranks %d and %d", axis, ra, rb)
	}
	axes := make([]int64, ra-axis-rb)
	for i := range axes {
		axes[i] = int64(rb + i)
	}
	if len(axes) == 0 {
		return b, nil
	}
	return c.one(&op.Unsqueeze{}, b, c.vector(axes...))
}

// variadic folds any number of inputs by a function of two.
func variadic(fn op.BinaryFn) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, -1); err != nil {
			return nil, err
		}
		acc := c.in[0]
		for i, v := range c.in[1:] {
			if v == nil {
				return nil, fmt.Errorf("input %d is required but absent", i+1)
			}
			var err error
			if acc, err = c.one(&op.Binary{Fn: fn}, acc, v); err != nil {
				return nil, err
			}
		}
		return []*ir.Value{acc}, nil
	}
}

func importMean(c *call) ([]*ir.Value, error) {
	sum, err := variadic(op.Add)(c)
	if err != nil {
		return nil, err
	}
	return c.add(&op.Binary{Fn: op.Div}, sum[0], c.scalar(float64(len(c.in)), sum[0]))
}

// importPRelu also translates opset 6 and earlier, where a slope of more than one element goes along the channels, axis 1.
func importPRelu(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	x, slope := c.in[0], c.in[1]
	if rank, ok := slope.Type.Rank(); c.version < 7 && ok && rank == 1 {
		if n, constant := slope.Type.Dims[0].IsConst(); !constant || n != 1 {
			var err error
			if slope, err = c.alignAxis(x, slope, 1); err != nil {
				return nil, err
			}
		}
	}
	return c.add(&op.Binary{Fn: op.PRelu}, x, slope)
}

func importMod(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	fn := op.Mod
	if c.bool("fmod", false) {
		fn = op.FMod
	}
	return c.add(&op.Binary{Fn: fn}, c.in...)
}

func importBitShift(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	switch d := c.string("direction", ""); d {
	case "LEFT":
		return c.add(&op.Binary{Fn: op.BitShiftLeft}, c.in...)
	case "RIGHT":
		return c.add(&op.Binary{Fn: op.BitShiftRight}, c.in...)
	default:
		return nil, fmt.Errorf(`attribute "direction" must be LEFT or RIGHT, got %q`, d)
	}
}

func importGelu(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	switch a := c.string("approximate", "none"); a {
	case "none":
		return c.add(&op.Unary{Fn: op.Gelu}, c.in[0])
	case "tanh":
		return c.add(&op.Unary{Fn: op.GeluTanh}, c.in[0])
	default:
		return nil, fmt.Errorf(`attribute "approximate" must be none or tanh, got %q`, a)
	}
}

func importIsInf(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	return c.add(&op.Unary{Fn: op.IsInf, Alpha: float32(c.int("detect_negative", 1)), Beta: float32(c.int("detect_positive", 1))}, c.in[0])
}

// importClip: the limits were attributes before opset 11.
func importClip(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 3); err != nil {
		return nil, err
	}
	low, high := c.input(1), c.input(2)
	if c.version < 11 {
		if c.has("min") {
			low = c.scalar(float64(c.float("min", 0)), c.in[0])
		}
		if c.has("max") {
			high = c.scalar(float64(c.float("max", 0)), c.in[0])
		}
	}
	return c.add(&op.Clip{}, c.in[0], low, high)
}

func init() {
	for _, r := range []struct {
		name  string
		since int64
		fn    op.UnaryFn
	}{
		{"Abs", 1, op.Abs}, {"Acos", 7, op.Acos}, {"Acosh", 9, op.Acosh}, {"Asin", 7, op.Asin}, {"Asinh", 9, op.Asinh}, {"Atan", 7, op.Atan},
		{"Atanh", 9, op.Atanh}, {"BitwiseNot", 18, op.BitwiseNot}, {"Ceil", 1, op.Ceil}, {"Cos", 7, op.Cos}, {"Cosh", 9, op.Cosh}, {"Erf", 9, op.Erf},
		{"Exp", 1, op.Exp}, {"Floor", 1, op.Floor}, {"HardSwish", 14, op.HardSwish}, {"IsNaN", 9, op.IsNaN}, {"Log", 1, op.Log}, {"Mish", 18, op.Mish},
		{"Neg", 1, op.Neg}, {"Not", 1, op.Not}, {"Reciprocal", 1, op.Reciprocal}, {"Relu", 1, op.Relu}, {"Round", 11, op.Round},
		{"Sigmoid", 1, op.Sigmoid}, {"Sign", 9, op.Sign}, {"Sin", 7, op.Sin}, {"Sinh", 9, op.Sinh}, {"Softplus", 1, op.Softplus},
		{"Softsign", 1, op.Softsign}, {"Sqrt", 1, op.Sqrt}, {"Tan", 7, op.Tan}, {"Tanh", 1, op.Tanh},
	} {
		register(row{"", r.name, r.since, unary(r.fn)})
	}
	for _, r := range []struct {
		name  string
		since int64
		fn    op.BinaryFn
	}{
		{"Add", 1, op.Add}, {"And", 1, op.And}, {"BitwiseAnd", 18, op.BitwiseAnd}, {"BitwiseOr", 18, op.BitwiseOr}, {"BitwiseXor", 18, op.BitwiseXor},
		{"Div", 1, op.Div}, {"Equal", 1, op.Equal}, {"Greater", 1, op.Greater}, {"GreaterOrEqual", 12, op.GreaterOrEqual}, {"Less", 1, op.Less},
		{"LessOrEqual", 12, op.LessOrEqual}, {"Mul", 1, op.Mul}, {"Or", 1, op.Or}, {"Pow", 1, op.Pow}, {"Sub", 1, op.Sub}, {"Xor", 1, op.Xor},
	} {
		register(row{"", r.name, r.since, binary(r.fn)})
	}
	register(
		row{"", "BitShift", 11, importBitShift},
		row{"", "Celu", 12, unaryAlpha(op.Celu, 1, 0)},
		row{"", "Clip", 1, importClip},
		row{"", "Elu", 1, unaryAlpha(op.Elu, 1, 0)},
		row{"", "Gelu", 20, importGelu},
		row{"", "HardSigmoid", 1, simple(1, 1, func(c *call) ir.Op {
			return &op.Unary{Fn: op.HardSigmoid, Alpha: c.float("alpha", 0.2), Beta: c.float("beta", 0.5)}
		})},
		row{"", "IsInf", 10, importIsInf},
		row{"", "LeakyRelu", 1, unaryAlpha(op.LeakyRelu, 0.01, 0)},
		row{"", "Max", 1, variadic(op.Max)},
		row{"", "Mean", 1, importMean},
		row{"", "Min", 1, variadic(op.Min)},
		row{"", "Mod", 10, importMod},
		row{"", "PRelu", 1, importPRelu},
		row{"", "Selu", 1, unaryAlpha(op.Selu, 1.67326319217681884765625, 1.05070102214813232421875)},
		row{"", "Shrink", 9, simple(1, 1, func(c *call) ir.Op {
			return &op.Unary{Fn: op.Shrink, Alpha: c.float("bias", 0), Beta: c.float("lambd", 0.5)}
		})},
		row{"", "Sum", 1, variadic(op.Add)},
		row{"", "Swish", 24, unaryAlpha(op.Silu, 1, 0)},
		row{"", "ThresholdedRelu", 10, unaryAlpha(op.ThresholdedRelu, 1, 0)},
		row{"", "Where", 9, simple(3, 3, func(*call) ir.Op { return &op.Where{} })},
	)
}
