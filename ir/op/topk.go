package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TopK takes the k first elements along an axis in descending order, or ascending if Smallest is set; k is the only element of the second
// input. Results are the elements and, as i64, their places on the axis. Of equal elements the first comes first; NaN counts as larger
// than any number (ONNX TopK 24).
type TopK struct {
	Axis     int
	Smallest bool
}

// Infer implements [ir.Op].
func (o *TopK) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Elem == tensor.String || t.Elem.IsComplex() {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t), ir.Of(ir.UnrankedType(tensor.Int64))}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	k, known := c.Exprs(1)
	if !known {
		k = []sym.Expr{c.Fresh("k")}
	}
	if len(k) != 1 {
		return nil, fmt.Errorf("k must be one integer, got %v", c.Type(1))
	}
	if n, ok := k[0].IsConst(); ok && n < 0 {
		return nil, fmt.Errorf("cannot take %d elements", n)
	}
	t = t.WithDims(replaceDim(t.Dims, axis, k[0])...)
	return []ir.Fact{ir.Of(t), ir.Of(t.WithElem(tensor.Int64))}, nil
}

// replaceDim is a copy of dims with another dimension on one axis.
func replaceDim(dims []sym.Expr, axis int, d sym.Expr) []sym.Expr {
	dims = slices.Clone(dims)
	dims[axis] = d
	return dims
}

// Eval implements [ir.Op].
func (o *TopK) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	k, err := scalarInt(c.Tensor(1), "k")
	if err != nil {
		return err
	}
	if k < 0 || k > int64(x.Dim(axis)) {
		return fmt.Errorf("cannot take %d elements of an axis of %d", k, x.Dim(axis))
	}
	shape := slices.Clone(x.Shape())
	shape[axis] = int(k)
	values, indices := c.New(0, x.DType(), shape...), tensor.Data[int64](c.New(1, tensor.Int64, shape...))
	cmp := totalOrder(x, x)
	outer, dim, inner := split3(x.Shape(), axis)
	places := make([]int, dim)
	for a := range outer {
		for b := range inner {
			for i := range places {
				places[i] = (a*dim+i)*inner + b
			}
			slices.SortStableFunc(places, func(i, j int) int {
				if o.Smallest {
					return cmp(i, j)
				}
				return cmp(j, i)
			})
			for i, p := range places[:k] {
				to := (a*int(k)+i)*inner + b
				values.CopyElement(to, x, p)
				indices[to] = int64((p / inner) % dim)
			}
		}
	}
	return nil
}

// totalOrder is comparer with NaN above all numbers and equal to itself.
func totalOrder(a, b *tensor.Tensor) func(i, j int) int {
	cmp := comparer(a, b)
	if !a.DType().IsFloat() {
		return cmp
	}
	return func(i, j int) int {
		r := cmp(i, j)
		if r != 2 {
			return r
		}
		x, y := a.Float64(i), b.Float64(j)
		switch {
		case x == x:
			return -1
		case y == y:
			return 1
		}
		return 0
	}
}

func init() { ir.Register[TopK]() }
