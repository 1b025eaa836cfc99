package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// expr appends an operator in the middle of a composite one. The first error is kept, and fails the import of the node; from then on
// nothing more is appended and the results are nil.
func (c *call) expr(o ir.Op, in ...*ir.Value) *ir.Value {
	if c.err != nil {
		return nil
	}
	v, err := c.one(o, in...)
	if err != nil {
		c.err = err
	}
	return v
}

// exprs is expr for operators with several results; after an error all of them are nil.
func (c *call) exprs(o ir.Op, in ...*ir.Value) []*ir.Value {
	if c.err == nil {
		out, err := c.add(o, in...)
		if err == nil {
			return out
		}
		c.err = err
	}
	return make([]*ir.Value, len(c.node.Outputs))
}

// fail keeps an error of a composite operator, as expr does.
func (c *call) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
}

func (c *call) plus(a, b *ir.Value) *ir.Value   { return c.expr(&op.Binary{Fn: op.Add}, a, b) }
func (c *call) minus(a, b *ir.Value) *ir.Value  { return c.expr(&op.Binary{Fn: op.Sub}, a, b) }
func (c *call) times(a, b *ir.Value) *ir.Value  { return c.expr(&op.Binary{Fn: op.Mul}, a, b) }
func (c *call) over(a, b *ir.Value) *ir.Value   { return c.expr(&op.Binary{Fn: op.Div}, a, b) }
func (c *call) equals(a, b *ir.Value) *ir.Value { return c.expr(&op.Binary{Fn: op.Equal}, a, b) }

func (c *call) apply(fn op.UnaryFn, x *ir.Value) *ir.Value { return c.expr(&op.Unary{Fn: fn}, x) }

func (c *call) choose(cond, a, b *ir.Value) *ir.Value { return c.expr(&op.Where{}, cond, a, b) }

func (c *call) to(x *ir.Value, d tensor.DType) *ir.Value {
	if c.err != nil || x.Type.Elem == d {
		return x
	}
	return c.expr(&op.Cast{To: d}, x)
}

// number is a scalar of the element type of like.
func (c *call) number(v float64, like *ir.Value) *ir.Value {
	if c.err != nil {
		return nil
	}
	return c.scalar(v, like)
}

// axis is dimension i of x, counted from the end if negative, as an i64 vector of one element.
func (c *call) axis(x *ir.Value, i int) *ir.Value {
	return c.expr(&op.Shape{Start: i, End: i + 1, HasEnd: i != -1}, x)
}

// pieces cuts the last axis of x in proportion to the weights.
func (c *call) pieces(x *ir.Value, weights ...int64) []*ir.Value {
	sum := int64(0)
	for _, w := range weights {
		sum += w
	}
	unit := c.over(c.axis(x, -1), c.vector(sum))
	out := c.exprs(&op.Split{Axis: -1, Num: len(weights)}, x, c.times(unit, c.vector(weights...)))
	if c.err != nil {
		return make([]*ir.Value, len(weights))
	}
	return out
}

// regroup gives x a shape in which 0 is the dimension of x and -1 what is left over.
func (c *call) regroup(x *ir.Value, shape ...int64) *ir.Value {
	return c.expr(&op.Reshape{}, x, c.vector(shape...))
}

func (c *call) unsqueeze(x *ir.Value, axes ...int64) *ir.Value {
	return c.expr(&op.Unsqueeze{}, x, c.vector(axes...))
}

// count is 0, 1, … up to the number in a vector of one element, as i64.
func (c *call) count(n *ir.Value) *ir.Value {
	return c.expr(&op.Range{}, c.constant(tensor.Scalar(int64(0))), c.regroup(n), c.constant(tensor.Scalar(int64(1))))
}
