package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// OneHot adds an axis to the first input, the indices, of a size that the second says. The result is the second element of the third input
// where the place on the new axis is the index, and the first element elsewhere. Indices in [-size, 0) count from the end; others out of
// range leave their row empty. Indices of other types are truncated to integers (ONNX OneHot 28).
type OneHot struct{ Axis int }

// Infer implements [ir.Op].
func (o *OneHot) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	elem := c.Type(2).Elem
	if s, ok := c.Type(2).Static(); ok && !slices.Equal(s, []int{2}) {
		return nil, fmt.Errorf("values must be two, off and on, got %v", c.Type(2))
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(elem))}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims)+1)
	if err != nil {
		return nil, err
	}
	depth, err := o.depth(c)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.TensorType(elem, slices.Insert(slices.Clone(t.Dims), axis, depth)...))}, nil
}

func (o *OneHot) depth(c *ir.InferContext) (sym.Expr, error) {
	d := c.Fresh("depth")
	if e, ok := c.Exprs(1); ok && len(e) == 1 {
		d = e[0]
	} else if t := c.Const(1); t != nil && t.Len() == 1 && t.DType() != tensor.String {
		d = sym.Const(t.Int64(0))
	}
	if n, ok := d.IsConst(); ok && n < 0 {
		return d, fmt.Errorf("a depth of %d is no size", n)
	}
	return d, nil
}

// Eval implements [ir.Op].
func (o *OneHot) Eval(c *ir.EvalContext) error {
	x, d, values := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	if x.DType() == tensor.String || d.DType() == tensor.String || d.Len() != 1 || values.Len() != 2 {
		return fmt.Errorf("want numbers as indices, one as depth, two values; got %v%v, %v%v, %v", x.DType(), x.Shape(), d.DType(), d.Shape(), values.Shape())
	}
	axis, err := axisIn(o.Axis, x.Rank()+1)
	if err != nil {
		return err
	}
	depth := d.Int64(0)
	y := c.New(0, values.DType(), slices.Insert(slices.Clone(x.Shape()), axis, int(depth))...)
	for i := range y.Len() {
		y.CopyElement(i, values, 0)
	}
	_, n, inner := split3(y.Shape(), axis)
	for i := range x.Len() {
		k := x.Int64(i)
		if k < 0 {
			k += depth
		}
		if k >= 0 && k < depth {
			y.CopyElement((i/inner*n+int(k))*inner+i%inner, values, 1)
		}
	}
	return nil
}

func init() { ir.Register[OneHot]() }
