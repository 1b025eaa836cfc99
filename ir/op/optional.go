package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Optional wraps its input as a value that may be absent; without an input it is an absent value of type Item. Where a value of an
// optional type is expected, a bare element will do.
type Optional struct{ Item ir.Type }

// Infer implements [ir.Op].
func (o *Optional) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(0, 1); err != nil {
		return nil, err
	}
	if !c.Has(0) {
		return []ir.Fact{ir.Of(ir.OptionalType(o.Item))}, nil
	}
	if c.Type(0).Kind == ir.KindOptional {
		return nil, fmt.Errorf("the element must be a tensor or a sequence, got %v", c.Type(0))
	}
	return []ir.Fact{ir.Of(ir.OptionalType(c.Type(0)))}, nil
}

// Eval implements [ir.Op].
func (o *Optional) Eval(c *ir.EvalContext) error {
	v := &tensor.Optional{}
	if c.Has(0) {
		v.Item = c.In[0]
	}
	c.Set(0, v)
	return nil
}

// element is what is in an optional, nil if nothing is; other values are their own element.
func element(v tensor.Value) tensor.Value {
	if o, ok := v.(*tensor.Optional); ok {
		return o.Item
	}
	return v
}

// OptionalHasElement tells whether its input is there, a bool scalar. An absent input is not.
type OptionalHasElement struct{}

// Infer implements [ir.Op].
func (o *OptionalHasElement) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(0, 1); err != nil {
		return nil, err
	}
	if c.Has(0) && c.Type(0).Kind == ir.KindOptional {
		return []ir.Fact{ir.Of(ir.TensorType(tensor.Bool))}, nil
	}
	return []ir.Fact{ir.ConstFact(tensor.Scalar(c.Has(0)))}, nil
}

// Eval implements [ir.Op].
func (o *OptionalHasElement) Eval(c *ir.EvalContext) error {
	tensor.Data[bool](c.New(0, tensor.Bool))[0] = c.Has(0) && element(c.In[0]) != nil
	return nil
}

// OptionalGetElement is the element of an optional, which must have one. Other values pass.
type OptionalGetElement struct{}

// Infer implements [ir.Op].
func (o *OptionalGetElement) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t := c.Type(0)
	if t.Kind == ir.KindOptional && t.Item != nil {
		return []ir.Fact{ir.Of(itemType(c, *t.Item))}, nil
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *OptionalGetElement) Eval(c *ir.EvalContext) error {
	v := element(c.In[0])
	if v == nil {
		return fmt.Errorf("the optional has no element")
	}
	c.Set(0, v)
	return nil
}

func init() {
	ir.Register[Optional]()
	ir.Register[OptionalHasElement]()
	ir.Register[OptionalGetElement]()
}
