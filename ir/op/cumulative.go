package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Cumulative is the running sum, or product if Product is set, of the first input along the axis that the second input, an integer
// scalar, says. Element k combines elements 0 to k, without the last of them if Exclusive is set, and counted from the end if Reverse is
// set. Its names are CumSum and CumProd (ONNX CumSum 14, CumProd 26).
type Cumulative struct {
	Product   bool `gir:"-"`
	Exclusive bool
	Reverse   bool
}

// OpName implements [ir.Named].
func (o *Cumulative) OpName() string {
	if o.Product {
		return "CumProd"
	}
	return "CumSum"
}

// Infer implements [ir.Op].
func (o *Cumulative) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() && !t.Elem.IsInteger() {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if axis, ok := c.Ints(1); ok && t.Ranked {
		if len(axis) != 1 {
			return nil, fmt.Errorf("the axis must be one integer, got %v", c.Type(1))
		}
		if _, err := axisIn(int(axis[0]), len(t.Dims)); err != nil {
			return nil, err
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *Cumulative) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	a, err := scalarInt(c.Tensor(1), "the axis")
	if err != nil {
		return err
	}
	axis, err := axisIn(int(a), x.Rank())
	if err != nil {
		return err
	}
	y := c.New(0, x.DType(), x.Shape()...)
	integers := x.DType().IsInteger()
	outer, dim, inner := split3(x.Shape(), axis)
	for a := range outer {
		for b := range inner {
			if at := func(k int) int { return (a*dim+k)*inner + b }; integers {
				o.integers(y, x, dim, at)
			} else {
				o.floats(y, x, dim, at)
			}
		}
	}
	return nil
}

func (o *Cumulative) floats(y, x *tensor.Tensor, n int, at func(k int) int) {
	acc := 0.0
	if o.Product {
		acc = 1
	}
	for k := range n {
		if o.Reverse {
			k = n - 1 - k
		}
		before := acc
		if o.Product {
			acc *= x.Float64(at(k))
		} else {
			acc += x.Float64(at(k))
		}
		if o.Exclusive {
			y.SetFloat64(at(k), before)
		} else {
			y.SetFloat64(at(k), acc)
		}
	}
}

func (o *Cumulative) integers(y, x *tensor.Tensor, n int, at func(k int) int) {
	acc := int64(0)
	if o.Product {
		acc = 1
	}
	for k := range n {
		if o.Reverse {
			k = n - 1 - k
		}
		before := acc
		if o.Product {
			acc *= x.Int64(at(k))
		} else {
			acc += x.Int64(at(k))
		}
		if o.Exclusive {
			y.SetInt64(at(k), before)
		} else {
			y.SetInt64(at(k), acc)
		}
	}
}

func init() {
	ir.RegisterNamed("CumSum", func() ir.Op { return &Cumulative{} })
	ir.RegisterNamed("CumProd", func() ir.Op { return &Cumulative{Product: true} })
}
