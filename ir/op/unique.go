package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Unique keeps one of each group of equal slices along an axis, or of equal elements of the flattened input if Flat is set, in ascending
// order if Sorted is set and in the order of their first places otherwise. Further results, i64 vectors, are: the first place of each, for
// each slice of the input the place of its like in the result, and how often each occurs. Slices are ordered by their first elements
// that differ; NaN equals itself and is larger than any number (ONNX Unique 28).
type Unique struct {
	Axis   int
	Flat   bool
	Sorted bool
}

// Infer implements [ir.Op].
func (o *Unique) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Elem.IsComplex() {
		return nil, fmt.Errorf("elements %v have no order", t.Elem)
	}
	n := c.Fresh("unique")
	vector := func(d sym.Expr) ir.Fact { return ir.Of(ir.TensorType(tensor.Int64, d)) }
	facts := func(t ir.Type, all sym.Expr) []ir.Fact { return []ir.Fact{ir.Of(t), vector(n), vector(all), vector(n)} }
	switch {
	case o.Flat && t.Ranked:
		return facts(t.WithDims(n), t.NumElements()), nil
	case o.Flat:
		return facts(t.WithDims(n), c.Fresh("elements")), nil
	case !t.Ranked:
		return facts(t, c.Fresh("slices")), nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	return facts(t.WithDims(replaceDim(t.Dims, axis, n)...), t.Dims[axis]), nil
}

// Eval implements [ir.Op].
func (o *Unique) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if x.DType().IsComplex() {
		return fmt.Errorf("elements %v have no order", x.DType())
	}
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
	cmp := totalOrder(x, x)
	compareSlices := func(i, j int) int {
		for a := range outer {
			for b := range inner {
				if r := cmp((a*dim+i)*inner+b, (a*dim+j)*inner+b); r != 0 {
					return r
				}
			}
		}
		return 0
	}
	order := make([]int, dim)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compareSlices)
	var groups [][]int // of equal slices, in ascending order
	for start := 0; start < dim; {
		end := start + 1
		for end < dim && compareSlices(order[start], order[end]) == 0 {
			end++
		}
		groups = append(groups, order[start:end])
		start = end
	}
	if !o.Sorted {
		slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
	}
	n := len(groups)
	shape[axis] = n
	y := c.New(0, x.DType(), shape...)
	first, inverse, counts := tensor.Data[int64](c.New(1, tensor.Int64, n)), tensor.Data[int64](c.New(2, tensor.Int64, dim)), tensor.Data[int64](c.New(3, tensor.Int64, n))
	for k, g := range groups {
		first[k], counts[k] = int64(g[0]), int64(len(g))
		for _, i := range g {
			inverse[i] = int64(k)
		}
		for a := range outer {
			for b := range inner {
				y.CopyElement((a*n+k)*inner+b, x, (a*dim+g[0])*inner+b)
			}
		}
	}
	return nil
}

func init() { ir.Register[Unique]() }
