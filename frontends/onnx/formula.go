package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// formula writes an operator out as others, one inside the other. The first failure is kept in err; what follows it does nothing.
type formula struct {
	c   *call
	err error
}

func (c *call) formula() *formula { return &formula{c: c} }

// op is the first result of an operator.
func (f *formula) op(o ir.Op, in ...*ir.Value) *ir.Value {
	if f.err != nil {
		return nil
	}
	var v *ir.Value
	v, f.err = f.c.one(o, in...)
	return v
}

func (f *formula) unary(fn op.UnaryFn, x *ir.Value) *ir.Value { return f.op(&op.Unary{Fn: fn}, x) }

func (f *formula) binary(fn op.BinaryFn, a, b *ir.Value) *ir.Value {
	return f.op(&op.Binary{Fn: fn}, a, b)
}

// number applies a function of two to x and a number.
func (f *formula) number(fn op.BinaryFn, x *ir.Value, n float64) *ir.Value {
	if f.err != nil {
		return nil
	}
	return f.binary(fn, x, f.c.scalar(n, x))
}

// cast converts x to another element type, if it is not of that type.
func (f *formula) cast(x *ir.Value, to tensor.DType) *ir.Value {
	if f.err != nil || x.Type.Elem == to {
		return x
	}
	return f.op(&op.Cast{To: to, Saturate: true}, x)
}

// single converts half precision to float32 and leaves other types alone.
func (f *formula) single(x *ir.Value) *ir.Value {
	if f.err == nil && (x.Type.Elem == tensor.Float16 || x.Type.Elem == tensor.BFloat16) {
		return f.cast(x, tensor.Float32)
	}
	return x
}
