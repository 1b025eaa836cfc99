package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// builder adds operators with one result and remembers the first error, after which it does nothing: importers that expand an
// operator into several check once at the end.
type builder struct {
	*call
	err error
}

// add appends an operator and returns its result.
func (b *builder) add(o ir.Op, in ...*ir.Value) *ir.Value {
	if b.err != nil {
		return nil
	}
	var v *ir.Value
	v, b.err = b.call.one(o, in...)
	return v
}

// fail remembers an error.
func (b *builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf(format, args...)
	}
}

// result is what an importer returns.
func (b *builder) result(v ...*ir.Value) ([]*ir.Value, error) {
	if b.err == nil {
		b.err = b.call.err
	}
	return v, b.err
}

// dim is dimension axis ≥ 0 of x, an i64 vector of one element.
func (b *builder) dim(x *ir.Value, axis int) *ir.Value {
	return b.add(&op.Shape{Start: axis, End: axis + 1, HasEnd: true}, x)
}

// binary is a function of two values.
func (b *builder) binary(fn op.BinaryFn, x, y *ir.Value) *ir.Value {
	return b.add(&op.Binary{Fn: fn}, x, y)
}

// num is an i64 vector of one element.
func (b *builder) num(n int64) *ir.Value { return b.vector(n) }

// reshape gives x a shape of one-element vectors, none of which has a special meaning.
func (b *builder) reshape(x *ir.Value, dims ...*ir.Value) *ir.Value {
	return b.add(&op.Reshape{AllowZero: true}, x, b.add(&op.Concat{}, dims...))
}
