package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// ConvInteger is [Conv] of 8 bit integers, i8 or u8, after zero points are taken off, so that padding is zero. Inputs are X, W and, both
// optional, the zero points: one number for X, one or one a channel of the result, `[M]`, for W. Sums are exact, i32, and wrap around.
type ConvInteger struct {
	Window
	Group int
}

// Infer implements [ir.Op].
func (o *ConvInteger) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 4); err != nil {
		return nil, err
	}
	x, w := c.Type(0), c.Type(1)
	for i, t := range []ir.Type{x, w} {
		if !isInt8(t.Elem) {
			return nil, fmt.Errorf("takes elements i8 and u8, got %v", t)
		}
		if c.Has(i+2) && c.Type(i+2).Elem != t.Elem {
			return nil, fmt.Errorf("the zero point of %v is %v", t, c.Type(i+2))
		}
	}
	dims, err := o.infer(x, w, o.Group)
	return []ir.Fact{ir.Of(ir.Type{Elem: tensor.Int32, Ranked: dims != nil, Dims: dims})}, err
}

// Eval implements [ir.Op].
func (o *ConvInteger) Eval(c *ir.EvalContext) error {
	x, w := c.Tensor(0), c.Tensor(1)
	p := o.plan(x.Shape(), w.Shape(), o.Group)
	y := tensor.Data[int32](c.New(0, tensor.Int32, p.shape...))
	a, b := lessZero(x, c.Tensor(2), 1), lessZero(w, c.Tensor(3), w.Dim(0))
	if len(y) > 0 {
		convolve(p, a, b, func(i, _ int, sum int64) { y[i] = int32(sum) })
	}
	return nil
}

// lessZero is x less its zero point: none, one number, or one for each of n parts of equal size.
func lessZero(x, zero *tensor.Tensor, n int) []int64 {
	v := make([]int64, x.Len())
	if zero != nil && zero.Len() != 1 && (zero.Rank() != 1 || zero.Len() != n) {
		ir.Fail("a zero point of shape %v must be one number, or a vector of %d", zero.Shape(), n)
	}
	for i := range v {
		v[i] = x.Int64(i)
		switch {
		case zero == nil:
		case zero.Len() == 1:
			v[i] -= zero.Int64(0)
		default:
			v[i] -= zero.Int64(i / (len(v) / n))
		}
	}
	return v
}

func init() { ir.Register[ConvInteger]() }
