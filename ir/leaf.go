package ir

import (
	"fmt"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Const is a value that is part of the model: a weight, a table, a small integer. It has no inputs and one result.
type Const struct {
	Value tensor.Value
}

// Infer implements [Op].
func (o *Const) Infer(*InferContext) ([]Fact, error) {
	if t, ok := o.Value.(*tensor.Tensor); ok {
		return []Fact{ConstFact(t)}, nil
	}
	if o.Value == nil {
		return nil, fmt.Errorf("constant without a value")
	}
	return []Fact{Of(TypeOf(o.Value))}, nil
}

// Eval implements [Op].
func (o *Const) Eval(c *EvalContext) error {
	c.Set(0, o.Value)
	return nil
}

// Dims is an integer tensor computed from dimensions, such as the target of a reshape. It has no inputs and one result,
// and costs nothing when the program runs: its contents are fixed as soon as the input shapes are.
type Dims struct {
	Elem  tensor.DType // Int64 or Int32
	Shape []int        // shape of the result, its element count is len(Exprs)
	Exprs []sym.Expr   // contents in row-major order
}

// Infer implements [Op].
func (o *Dims) Infer(*InferContext) ([]Fact, error) {
	if o.Elem != tensor.Int64 && o.Elem != tensor.Int32 {
		return nil, fmt.Errorf("dimensions are i64 or i32, not %v", o.Elem)
	}
	n, err := tensor.NumElements(o.Shape)
	if err != nil {
		return nil, err
	}
	if n != len(o.Exprs) {
		return nil, fmt.Errorf("shape %v holds %d elements, got %d expressions", o.Shape, n, len(o.Exprs))
	}
	return []Fact{SymFact(o.Elem, o.Shape, o.Exprs)}, nil
}

// Eval implements [Op].
func (o *Dims) Eval(c *EvalContext) error {
	t := c.New(0, o.Elem, o.Shape...)
	for i, e := range o.Exprs {
		n, err := e.Eval(c.Binding)
		if err != nil {
			return err
		}
		t.SetInt64(i, n)
	}
	return nil
}

func init() {
	Register[Const]()
	Register[Dims]()
}
