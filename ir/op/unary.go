package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// UnaryFn names an elementwise function of one argument.
type UnaryFn uint8

// Unary applies a function to each element. The result has the shape and element type of the input, except for the
// predicates (IsNaN, IsInf), whose result is bool. Alpha, Beta and Gamma are the parameters of the functions that have any,
// under their ONNX names. Low precision floats are computed in float32 and rounded once.
type Unary struct {
	Fn          UnaryFn `gir:"-"`
	Alpha, Beta float32
	Gamma       float32
}

// OpName implements [ir.Named].
func (o *Unary) OpName() string { return unaryFns[o.Fn].name }

// Infer implements [ir.Op].
func (o *Unary) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !unaryFns[o.Fn].accepts(t.Elem) {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if unaryFns[o.Fn].predicate != nil {
		t = t.WithElem(tensor.Bool)
	}
	f := ir.Of(t)
	if o.Fn == Neg {
		if e, ok := c.Exprs(0); ok {
			neg := make([]sym.Expr, len(e))
			for i := range e {
				neg[i] = e[i].Neg()
			}
			if shape, ok := t.Static(); ok {
				return []ir.Fact{ir.SymFact(t.Elem, shape, neg)}, nil
			}
		}
	}
	return []ir.Fact{f}, nil
}
