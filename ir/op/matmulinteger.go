package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// isInt8 reports whether d is i8 or u8.
func isInt8(d tensor.DType) bool { return d == tensor.Int8 || d == tensor.Uint8 }

func isFloat8(d tensor.DType) bool { return d.IsFloat() && d.Bits() == 8 && d != tensor.Float8E8M0 }

// MatMulInteger multiplies matrices of 8 bit integers, i8 or u8, as [MatMul] does, after zero points are taken off. Inputs are A, B and, both
// optional, their zero points: one number, one for each row of A or column of B, or a tensor that broadcasts against the operand. Sums are
// exact, i32, and wrap around.
type MatMulInteger struct{}

// Infer implements [ir.Op].
func (o *MatMulInteger) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 4); err != nil {
		return nil, err
	}
	a, b := c.Type(0), c.Type(1)
	for i, t := range []ir.Type{a, b} {
		if !isInt8(t.Elem) && t.Elem != tensor.Invalid {
			return nil, fmt.Errorf("takes elements i8 and u8, got %v", t)
		}
		if err := checkZero(c, 2+i, t.Elem); err != nil {
			return nil, err
		}
	}
	dims, ranked, err := (&MatMul{}).dims(a, b)
	return []ir.Fact{ir.Of(ir.Type{Elem: tensor.Int32, Ranked: ranked, Dims: dims})}, err
}

// Eval implements [ir.Op].
func (o *MatMulInteger) Eval(c *ir.EvalContext) error {
	a := centred(c, c.Tensor(0), c.Tensor(2), true)
	b := centred(c, c.Tensor(1), c.Tensor(3), false)
	m := &ir.EvalContext{In: []tensor.Value{a, b}, Alloc: func(_ int, d tensor.DType, shape []int) (*tensor.Tensor, error) {
		return c.New(0, d, shape...), nil
	}}
	return (&MatMul{}).Eval(m)
}

// perRow gives the scale or zero point of an operand a shape that broadcasts against it: a vector has one element a row of the left
// operand, or one a column of the right.
func perRow(t *tensor.Tensor, left bool) []int {
	if left && t.Rank() == 1 && t.Dim(0) != 1 {
		return []int{t.Dim(0), 1}
	}
	if t.Len() == 1 {
		return nil
	}
	return t.Shape()
}

// centred is x less its zero point: i32 for integers, f32 for float8.
func centred(c *ir.EvalContext, x, zero *tensor.Tensor, left bool) *tensor.Tensor {
	wide := tensor.Int32
	if x.DType().IsFloat() {
		wide = tensor.Float32
	}
	y := c.Temp(wide, x.Shape()...)
	step := make([]int, x.Rank())
	if zero != nil {
		shape := perRow(zero, left)
		if !slices.Equal(broadcastShapes(x.Shape(), shape), x.Shape()) {
			ir.Fail("a zero point of shape %v does not fit an operand of shape %v", zero.Shape(), x.Shape())
		}
		step = broadcastStrides(shape, x.Shape())
	}
	walk(x.Shape(), func(i int, at []int) {
		v := x.Float64(i)
		if zero != nil {
			v -= zero.Float64(at[0])
		}
		y.SetFloat64(i, v)
	}, step)
	return y
}

// QLinearMatMul multiplies quantised matrices, of 8 bit integers or float8, and quantises the product. Inputs are A, its scale and zero point, B, its
// scale and zero point, and the scale and zero point of the result, whose type is that of the last. Scales and zero points are single
// numbers, one for each row (A, result) or column (B), or tensors that broadcast. The product is computed as by [MatMulInteger], and
// multiplied by scaleA·scaleB/scaleY in f32.
type QLinearMatMul struct{}

// Infer implements [ir.Op].
func (o *QLinearMatMul) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(8, 8); err != nil {
		return nil, err
	}
	for _, i := range []int{0, 3, 7} {
		if d := c.Type(i).Elem; !isInt8(d) && !isFloat8(d) && d != tensor.Invalid {
			return nil, fmt.Errorf("input %d must have elements of 8 bits, got %v", i, c.Type(i))
		}
	}
	if a, b := c.Type(0).Elem, c.Type(3).Elem; a.IsFloat() != b.IsFloat() && a != tensor.Invalid && b != tensor.Invalid {
		return nil, fmt.Errorf("integers and floats are not multiplied: %v and %v", a, b)
	}
	for i, zero := range []int{2, 5} {
		if err := checkZero(c, zero, c.Type(3*i).Elem); err != nil {
			return nil, err
		}
	}
	dims, ranked, err := (&MatMul{}).dims(c.Type(0), c.Type(3))
	return []ir.Fact{ir.Of(ir.Type{Elem: c.Type(7).Elem, Ranked: ranked, Dims: dims})}, err
}

// Eval implements [ir.Op].
func (o *QLinearMatMul) Eval(c *ir.EvalContext) error {
	a, b := centred(c, c.Tensor(0), c.Tensor(2), true), centred(c, c.Tensor(3), c.Tensor(5), false)
	m := &ir.EvalContext{In: []tensor.Value{a, b}}
	if err := (&MatMul{}).Eval(m); err != nil {
		return err
	}
	product := m.Out[0].(*tensor.Tensor)
	elem := c.Tensor(7).DType()
	shape := product.Shape()
	y := c.New(0, elem, shape...)
	lo, hi := 0.0, 0.0
	if elem.IsInteger() {
		lo, hi = QuantRange(elem)
	}
	steps := make([][]int, 4)
	for k, i := range []int{1, 4, 6, 7} {
		s := perRow(c.Tensor(i), i != 4)
		if !slices.Equal(broadcastShapes(shape, s), shape) {
			return fmt.Errorf("input %d of shape %v does not fit the result, %v", i, c.Tensor(i).Shape(), shape)
		}
		steps[k] = broadcastStrides(s, shape)
	}
	scaleA, scaleB, scaleY, zero := c.Tensor(1), c.Tensor(4), c.Tensor(6), c.Tensor(7)
	walk(shape, func(i int, at []int) {
		s := float32(scaleA.Float64(at[0])) * float32(scaleB.Float64(at[1])) / float32(scaleY.Float64(at[2]))
		v, z := float64(float32(product.Float64(i))*s), zero.Float64(at[3])
		if elem.IsInteger() {
			y.SetInt64(i, int64(ToQuant(v, z, lo, hi)))
		} else {
			y.SetFloat64(i, v+z)
		}
	}, steps...)
	return nil
}

func init() {
	ir.Register[MatMulInteger]()
	ir.Register[QLinearMatMul]()
}
