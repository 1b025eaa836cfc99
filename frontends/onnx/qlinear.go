package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// Operators of onnxruntime on integers with a scale and a zero point: the numbers that these stand for go through the operator of that name, and the result is
// quantised again.

// real is the numbers that input i stands for, of which the scale is input s and the zero point the one behind it.
func (c *call) real(i, s int) *ir.Value {
	x := c.input(i)
	if x == nil || c.input(s) == nil {
		c.fail("inputs %d and %d, integers and their scale, are required", i, s)
		return nil
	}
	return c.expr(&op.DequantizeLinear{}, x, c.lone(s), c.lone(s+1))
}

// lone is input i, of one element, without axes, nil if it is absent.
func (c *call) lone(i int) *ir.Value {
	if v := c.input(i); v != nil {
		return c.regroup(v)
	}
	return nil
}

// requantised is y in integers whose scale is input s and whose zero point is the one behind it.
func (c *call) requantised(y *ir.Value, s int) ([]*ir.Value, error) {
	if c.input(s) == nil {
		c.fail("input %d, a scale, is required", s)
		return nil, c.err
	}
	q := &op.QuantizeLinear{Saturate: true}
	if c.input(s+1) == nil {
		q.Elem = c.in[0].Type.Elem
	}
	y = c.expr(q, y, c.lone(s), c.lone(s+1))
	return []*ir.Value{y}, c.err
}

// qLinear is an operator of one or two inputs, each followed by its scale and zero point, and by those of the result.
func qLinear(operands int, f func(c *call, x []*ir.Value) *ir.Value) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(2, 3*operands+2); err != nil {
			return nil, err
		}
		var x []*ir.Value
		for i := range operands {
			x = append(x, c.real(3*i, 3*i+1))
		}
		if c.err != nil {
			return nil, c.err
		}
		return c.requantised(f(c, x), 3*operands)
	}
}

func qLinearGlobalPool(c *call, x []*ir.Value) *ir.Value {
	rank, ok := x[0].Type.Rank()
	if !ok || rank < 3 {
		c.fail("takes an input of known rank, at least 3, got %v", x[0].Type)
		return nil
	}
	first := int64(2)
	if c.bool("channels_last", false) {
		first = 1
	}
	var axes []int64
	for i := range rank - 2 {
		axes = append(axes, first+int64(i))
	}
	return c.expr(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, x[0], c.vector(axes...))
}

// importQLinearConcat: the scale and the zero point of the result come first.
func importQLinearConcat(c *call) ([]*ir.Value, error) {
	if err := c.expect(4, -1); err != nil {
		return nil, err
	}
	c.require("axis")
	var x []*ir.Value
	for i := 2; i < len(c.in); i += 3 {
		x = append(x, c.real(i, i+1))
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.requantised(c.expr(&op.Concat{Axis: int(c.int("axis", 0))}, x...), 0)
}

// importQGemm: the bias is integers of the scale of the product.
func importQGemm(c *call) ([]*ir.Value, error) {
	if err := c.expect(6, 9); err != nil {
		return nil, err
	}
	a, b := c.in[0], c.in[3]
	for _, t := range []struct {
		v    **ir.Value
		name string
	}{{&a, "transA"}, {&b, "transB"}} {
		if c.bool(t.name, false) {
			*t.v = c.expr(&op.Transpose{Perm: []int{1, 0}}, *t.v)
		}
	}
	sum := c.expr(&op.MatMulInteger{}, a, b, c.lone(2), c.input(5))
	if bias := c.input(6); bias != nil {
		sum = c.plus(sum, bias)
	}
	if c.err != nil {
		return nil, c.err
	}
	scale := c.times(c.times(c.in[1], c.in[4]), c.number(float64(c.float("alpha", 1)), c.in[1]))
	y := c.times(c.to(sum, tensor.Float32), scale)
	if c.input(7) == nil {
		return []*ir.Value{y}, c.err
	}
	return c.requantised(y, 7)
}

func init() {
	binary := func(fn op.BinaryFn) importer {
		return qLinear(2, func(c *call, x []*ir.Value) *ir.Value { return c.expr(&op.Binary{Fn: fn}, x...) })
	}
	register(
		row{"com.microsoft", "QGemm", 1, importQGemm},
		row{"com.microsoft", "QLinearAdd", 1, binary(op.Add)},
		row{"com.microsoft", "QLinearConcat", 1, importQLinearConcat},
		row{"com.microsoft", "QLinearGlobalAveragePool", 1, qLinear(1, qLinearGlobalPool)},
		row{"com.microsoft", "QLinearLeakyRelu", 1, qLinear(1, func(c *call, x []*ir.Value) *ir.Value {
			return c.expr(&op.Unary{Fn: op.LeakyRelu, Alpha: c.float("alpha", 0.01)}, x[0])
		})},
		row{"com.microsoft", "QLinearMul", 1, binary(op.Mul)},
		row{"com.microsoft", "QLinearSigmoid", 1, qLinear(1, func(c *call, x []*ir.Value) *ir.Value { return c.apply(op.Sigmoid, x[0]) })},
	)
}
