package onnx

import (
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
