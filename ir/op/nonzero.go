package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// NonZero lists the places of the elements that are not zero, false or empty as an i64 matrix [rank, number], in row-major order of the
// elements. The matrix of a scalar has no rows (ONNX NonZero 13).
type NonZero struct{}

// Infer implements [ir.Op].
func (o *NonZero) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	rank := c.Fresh("rank")
	if r, ok := t.Rank(); ok {
		rank = sym.Int(r)
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64, rank, c.Fresh("nonzero")))}, nil
}

// Eval implements [ir.Op].
func (o *NonZero) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	places := nonZero(x)
	y := tensor.Data[int64](c.New(0, tensor.Int64, x.Rank(), len(places)))
	for axis, step := range rowMajor(x.Shape()) {
		row, d := y[axis*len(places):], x.Dim(axis)
		for i, p := range places {
			row[i] = int64(p / step % d)
		}
	}
	return nil
}

// nonZero lists the elements that are not zero.
func nonZero(x *tensor.Tensor) []int {
	switch d := x.DType(); {
	case d == tensor.Bool:
		return nonZeroOf(tensor.Data[bool](x))
	case d == tensor.Float32:
		return nonZeroOf(tensor.Data[float32](x))
	case d == tensor.Int64:
		return nonZeroOf(tensor.Data[int64](x))
	case d == tensor.String:
		return nonZeroOf(x.Strings())
	case d.IsComplex():
		return nonZeroBy(x.Len(), func(i int) bool { return x.Complex128(i) != 0 })
	case d.IsFloat():
		return nonZeroBy(x.Len(), func(i int) bool { return x.Float64(i) != 0 })
	}
	return nonZeroBy(x.Len(), func(i int) bool { return x.Int64(i) != 0 })
}

func nonZeroOf[T comparable](x []T) []int {
	var zero T
	var places []int
	for i, v := range x {
		if v != zero {
			places = append(places, i)
		}
	}
	return places
}

func nonZeroBy(n int, is func(i int) bool) []int {
	var places []int
	for i := range n {
		if is(i) {
			places = append(places, i)
		}
	}
	return places
}

// Compress keeps the slices along an axis for which the second input, a bool vector, is true; those beyond its end are dropped. With
// Flat set it keeps single elements of the flattened first input (ONNX Compress 28).
type Compress struct {
	Axis int
	Flat bool
}

// Infer implements [ir.Op].
func (o *Compress) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if c.Type(1).Elem != tensor.Bool {
		return nil, fmt.Errorf("the condition must be bool, got %v", c.Type(1))
	}
	n := c.Fresh("compress")
	switch {
	case o.Flat:
		return []ir.Fact{ir.Of(t.WithDims(n))}, nil
	case !t.Ranked:
		return []ir.Fact{ir.Of(t)}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(t.WithDims(replaceDim(t.Dims, axis, n)...))}, nil
}

// Eval implements [ir.Op].
func (o *Compress) Eval(c *ir.EvalContext) error {
	x, cond := c.Tensor(0), c.Tensor(1)
	shape, axis := slices.Clone(x.Shape()), 0
	if o.Flat {
		shape = []int{x.Len()}
	} else {
		var err error
		if axis, err = axisIn(o.Axis, x.Rank()); err != nil {
			return err
		}
	}
	outer, dim, inner := split3(shape, axis)
	keep := nonZero(cond)
	if len(keep) > 0 && keep[len(keep)-1] >= dim {
		return fmt.Errorf("element %d of the condition is true, but the axis has %d", keep[len(keep)-1], dim)
	}
	shape[axis] = len(keep)
	y := c.New(0, x.DType(), shape...)
	for a := range outer {
		for i, k := range keep {
			for b := range inner {
				y.CopyElement((a*len(keep)+i)*inner+b, x, (a*dim+k)*inner+b)
			}
		}
	}
	return nil
}

func init() {
	ir.Register[NonZero]()
	ir.Register[Compress]()
}
