package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// QuantRange is the range of an integer type of at most 32 bits.
func QuantRange(d tensor.DType) (lo, hi float64) {
	if d.IsSigned() {
		hi = math.Ldexp(1, d.Bits()-1) - 1
		return -hi - 1, hi
	}
	return 0, math.Ldexp(1, d.Bits()) - 1
}

// ToQuant is the integer nearest to v, ties to even, plus a zero point, saturated to [lo, hi]. NaN counts as less than everything.
func ToQuant(v, zero, lo, hi float64) float64 {
	r := math.RoundToEven(v) + zero
	if !(r > lo) {
		return lo
	}
	return min(r, hi)
}

// isQuant reports whether tensors can be quantised to elements d: integers of up to 16 bits, floats of up to 8 bits but for plain exponents.
func isQuant(d tensor.DType) bool {
	switch {
	case d.IsInteger():
		return d.Bits() <= 16
	case d.IsFloat():
		return d.Bits() <= 8 && d != tensor.Float8E8M0
	}
	return false
}

// scaleAt returns which element of a scale, and of a zero point of the same shape, belongs to element i of a tensor: a single one; one
// for each index of the axis; or, if block is not 0, one for each block of so many along the axis.
func scaleAt(shape, scale []int, axis, block int) (func(i int) int, error) {
	if n, err := tensor.NumElements(scale); err == nil && n == 1 && block == 0 {
		return func(int) int { return 0 }, nil
	}
	axis, err := axisIn(axis, len(shape))
	if err != nil {
		return nil, err
	}
	_, dim, inner := split3(shape, axis)
	if block == 0 {
		if len(scale) != 1 || scale[0] != dim {
			return nil, fmt.Errorf("scale of shape %v fits neither shape %v as a whole nor its axis %d", scale, shape, axis)
		}
		return func(i int) int { return i / inner % dim }, nil
	}
	if block < 0 || !equalBut(scale, shape, axis) || scale[axis] != (dim+block-1)/block {
		return nil, fmt.Errorf("scale of shape %v does not fit blocks of %d along axis %d of shape %v", scale, block, axis, shape)
	}
	blocks := scale[axis]
	return func(i int) int { return (i/inner/dim*blocks+i/inner%dim/block)*inner + i%inner }, nil
}

// checkZero checks that input i, a zero point, has elements d.
func checkZero(c *ir.InferContext, i int, d tensor.DType) error {
	if z := c.Type(i).Elem; c.Has(i) && z != d && z != tensor.Invalid && d != tensor.Invalid {
		return fmt.Errorf("the zero point is %v, want %v", z, d)
	}
	return nil
}

// sameShape checks that a zero point, if there is one, has the shape of the scale.
func sameShape(scale, zero *tensor.Tensor) error {
	if zero != nil && zero.Len() != scale.Len() {
		return fmt.Errorf("a zero point of shape %v does not fit a scale of shape %v", zero.Shape(), scale.Shape())
	}
	return nil
}

// QuantizeLinear is saturate(round(x / scale) + zero point), ties to even. Inputs are x, the scale and, optional, the zero point in
// the shape of the scale: one element, one for each index of Axis, or one for each block of BlockSize along Axis. The result has
// elements Elem; Invalid means those of the zero point, or u8. The quotient is rounded to Precision; Invalid means the type of the scale, or
// f32 where that is no type to compute in. NaN becomes the least integer. For float8 Saturate says what becomes of numbers out of range.
type QuantizeLinear struct {
	Axis, BlockSize int
	Saturate        bool
	Elem, Precision tensor.DType
}

func (o *QuantizeLinear) elem(zero tensor.DType) tensor.DType {
	switch {
	case o.Elem != tensor.Invalid:
		return o.Elem
	case zero != tensor.Invalid:
		return zero
	}
	return tensor.Uint8
}

func (o *QuantizeLinear) precision(scale tensor.DType) tensor.DType {
	switch {
	case o.Precision != tensor.Invalid:
		return o.Precision
	case scale.IsFloat() && scale.Bits() >= 16:
		return scale
	}
	return tensor.Float32
}

// Infer implements [ir.Op].
func (o *QuantizeLinear) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	x, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !x.Elem.IsFloat() && !x.Elem.IsInteger() && x.Elem != tensor.Invalid {
		return nil, fmt.Errorf("cannot quantise elements %v", x.Elem)
	}
	if p := o.Precision; p != tensor.Invalid && !p.IsFloat() {
		return nil, fmt.Errorf("cannot divide with precision %v", p)
	}
	elem := o.elem(c.Type(2).Elem)
	if !isQuant(elem) {
		return nil, fmt.Errorf("cannot quantise to %v", elem)
	}
	return []ir.Fact{ir.Of(x.WithElem(elem))}, checkZero(c, 2, elem)
}

// Eval implements [ir.Op].
func (o *QuantizeLinear) Eval(c *ir.EvalContext) error {
	x, scale, zero := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	if err := sameShape(scale, zero); err != nil {
		return err
	}
	at, err := scaleAt(x.Shape(), scale.Shape(), o.Axis, o.BlockSize)
	if err != nil {
		return err
	}
	elem := o.elem(tensor.Invalid)
	if zero != nil {
		elem = o.elem(zero.DType())
	}
	y := c.New(0, elem, x.Shape()...)
	lo, hi := QuantRange(elem)
	round := tensor.New(o.precision(scale.DType()), 1)
	in := func(v float64) float64 { round.SetFloat64(0, v); return round.Float64(0) }
	for i := range x.Len() {
		k := at(i)
		q, z := in(in(x.Float64(i))/in(scale.Float64(k))), 0.0
		if zero != nil {
			z = zero.Float64(k)
		}
		switch {
		case elem.IsInteger():
			y.SetInt64(i, int64(ToQuant(q, z, lo, hi)))
			continue
		case z != 0:
			q += z
		}
		if o.Saturate || elem.IsPacked() {
			y.SetFloat64(i, q)
		} else {
			y.Bytes()[i] = uint8(tensor.EncodeFloat(elem, q, false))
		}
	}
	return nil
}

// DequantizeLinear is (x − zero point) · scale, computed in f32 and rounded to Elem; Invalid means the type of the scale. The inputs are as
// those of [QuantizeLinear].
//
// RoundLeft permits products that have the result on their right to round what is on their left to 8 bits, symmetrically and with a scale for each block of a row,
// and to multiply integers. A back end may do so or not; Eval never does.
type DequantizeLinear struct {
	Axis, BlockSize int
	Elem            tensor.DType
	RoundLeft       bool
}

func (o *DequantizeLinear) elem(scale tensor.DType) tensor.DType {
	if o.Elem != tensor.Invalid {
		return o.Elem
	}
	return scale
}

// Infer implements [ir.Op].
func (o *DequantizeLinear) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	x, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !isQuant(x.Elem) && x.Elem != tensor.Int32 && x.Elem != tensor.Invalid {
		return nil, fmt.Errorf("cannot dequantise elements %v", x.Elem)
	}
	elem := o.elem(c.Type(1).Elem)
	if elem != tensor.Invalid && (!elem.IsFloat() || elem.Bits() < 16) {
		return nil, fmt.Errorf("cannot dequantise to %v", elem)
	}
	return []ir.Fact{ir.Of(x.WithElem(elem))}, checkZero(c, 2, x.Elem)
}

// Eval implements [ir.Op].
func (o *DequantizeLinear) Eval(c *ir.EvalContext) error {
	x, scale, zero := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	if err := sameShape(scale, zero); err != nil {
		return err
	}
	at, err := scaleAt(x.Shape(), scale.Shape(), o.Axis, o.BlockSize)
	if err != nil {
		return err
	}
	y := c.New(0, o.elem(scale.DType()), x.Shape()...)
	for i := range x.Len() {
		k := at(i)
		v := x.Float64(i)
		if zero != nil {
			v -= zero.Float64(k)
		}
		y.SetFloat64(i, float64(float32(v)*float32(scale.Float64(k))))
	}
	return nil
}

// DynamicQuantizeLinear quantises f32 numbers to u8 with a scale and a zero point, the second and third result, that make the most
// of their range, zero included: scale = (max − min) / 255, or 1 / 255 if all numbers are zero. NaN does not count, and becomes 0.
type DynamicQuantizeLinear struct{}

// Infer implements [ir.Op].
func (o *DynamicQuantizeLinear) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	x, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if x.Elem != tensor.Float32 && x.Elem != tensor.Invalid {
		return nil, fmt.Errorf("takes elements f32, got %v", x.Elem)
	}
	return []ir.Fact{ir.Of(x.WithElem(tensor.Uint8)), ir.Of(ir.TensorType(tensor.Float32)), ir.Of(ir.TensorType(tensor.Uint8))}, nil
}

// DynamicScale is the scale and zero point for numbers between lo and hi.
func DynamicScale(lo, hi float32) (scale float32, zero uint8) {
	lo, hi = min(lo, 0), max(hi, 0)
	scale = hi - lo
	if scale == 0 {
		scale = 1
	}
	scale /= 255
	return scale, uint8(ToQuant(float64(0-lo/scale), 0, 0, 255))
}

// Eval implements [ir.Op].
func (o *DynamicQuantizeLinear) Eval(c *ir.EvalContext) error {
	x := tensor.Data[float32](c.Tensor(0))
	lo, hi := float32(0), float32(0)
	for _, v := range x {
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	scale, zero := DynamicScale(lo, hi)
	y := tensor.Data[uint8](c.New(0, tensor.Uint8, c.Tensor(0).Shape()...))
	for i, v := range x {
		y[i] = uint8(ToQuant(float64(v/scale), float64(zero), 0, 255))
	}
	c.New(1, tensor.Float32).SetFloat64(0, float64(scale))
	c.New(2, tensor.Uint8).SetInt64(0, int64(zero))
	return nil
}

func init() {
	ir.Register[QuantizeLinear]()
	ir.Register[DequantizeLinear]()
	ir.Register[DynamicQuantizeLinear]()
}
