package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MatMul multiplies matrices as numpy.matmul: the last two axes are matrices, axes before them broadcast, vectors count as a row on
// the left and a column on the right. TransA and TransB exchange the last two axes of an operand of rank 2 or more. Float16 and
// bfloat16 are summed in float32 or better and rounded once.
type MatMul struct {
	TransA, TransB bool
}

// Infer implements [ir.Op].
func (o *MatMul) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	a, b := c.Type(0), c.Type(1)
	if a.Elem != b.Elem {
		return nil, fmt.Errorf("element types differ: %v and %v", a.Elem, b.Elem)
	}
	if a.Elem == tensor.String || a.Elem == tensor.Bool {
		return nil, fmt.Errorf("does not take elements %v", a.Elem)
	}
	dims, ranked, err := o.dims(a, b)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.Type{Elem: a.Elem, Ranked: ranked, Dims: dims})}, nil
}

func (o *MatMul) dims(a, b ir.Type) ([]sym.Expr, bool, error) {
	if !a.Ranked || !b.Ranked {
		return nil, false, nil
	}
	if len(a.Dims) == 0 || len(b.Dims) == 0 {
		return nil, false, fmt.Errorf("scalars are no matrices: %v and %v", a, b)
	}
	x, y := slices.Clone(a.Dims), slices.Clone(b.Dims)
	vectorA, vectorB := len(x) == 1, len(y) == 1
	switch {
	case vectorA:
		x = []sym.Expr{sym.Const(1), x[0]}
	case o.TransA:
		x[len(x)-1], x[len(x)-2] = x[len(x)-2], x[len(x)-1]
	}
	switch {
	case vectorB:
		y = []sym.Expr{y[0], sym.Const(1)}
	case o.TransB:
		y[len(y)-1], y[len(y)-2] = y[len(y)-2], y[len(y)-1]
	}
	if _, err := sameDim(x[len(x)-1], y[len(y)-2]); err != nil {
		return nil, false, fmt.Errorf("%v and %v cannot be multiplied: %w", a, b, err)
	}
	dims, _, err := inferBroadcast(a.WithDims(x[:len(x)-2]...), b.WithDims(y[:len(y)-2]...))
	if err != nil {
		return nil, false, err
	}
	if !vectorA {
		dims = append(dims, x[len(x)-2])
	}
	if !vectorB {
		dims = append(dims, y[len(y)-1])
	}
	return dims, true, nil
}

// Eval implements [ir.Op].
func (o *MatMul) Eval(c *ir.EvalContext) error {
	a, b := c.Tensor(0), c.Tensor(1)
	x, y := matrices(a, o.TransA, true), matrices(b, o.TransB, false)
	if x.cols != y.rows {
		return fmt.Errorf("shapes %v and %v cannot be multiplied", a.Shape(), b.Shape())
	}
	batch := broadcastShapes(x.batch, y.batch)
	shape := slices.Clone(batch)
	if a.Rank() > 1 {
		shape = append(shape, x.rows)
	}
	if b.Rank() > 1 {
		shape = append(shape, y.cols)
	}
	out := c.New(0, a.DType(), shape...)
	sx, sy := broadcastStrides(x.batch, batch), broadcastStrides(y.batch, batch)
	walk(batch, func(i int, at []int) {
		multiply(out, i*x.rows*y.cols, a, at[0]*x.rows*x.cols, x, b, at[1]*y.rows*y.cols, y)
	}, sx, sy)
	return nil
}

// matrixView sees a tensor as a batch of matrices after transposition.
type matrixView struct {
	batch            []int
	rows, cols       int
	rowStep, colStep int
}

func matrices(t *tensor.Tensor, trans, left bool) matrixView {
	s := t.Shape()
	switch {
	case len(s) == 0:
		ir.Fail("a scalar is no matrix")
	case len(s) == 1 && left:
		return matrixView{rows: 1, cols: s[0], rowStep: s[0], colStep: 1}
	case len(s) == 1:
		return matrixView{rows: s[0], cols: 1, rowStep: 1, colStep: 1}
	}
	r, k := s[len(s)-2], s[len(s)-1]
	if trans {
		return matrixView{s[:len(s)-2], k, r, 1, k}
	}
	return matrixView{s[:len(s)-2], r, k, k, 1}
}

// multiply computes one matrix of a batch, out[at:] = a[atA:]·b[atB:].
func multiply(out *tensor.Tensor, at int, a *tensor.Tensor, atA int, x matrixView, b *tensor.Tensor, atB int, y matrixView) {
	switch d := out.DType(); {
	case d.IsFloat():
		p, q := tensor.Float64s(slice(a, atA, x.rows*x.cols)), tensor.Float64s(slice(b, atB, y.rows*y.cols))
		for i := range x.rows {
			for j := range y.cols {
				sum := 0.0
				for k := range x.cols {
					sum += p[i*x.rowStep+k*x.colStep] * q[k*y.rowStep+j*y.colStep]
				}
				out.SetFloat64(at+i*y.cols+j, sum)
			}
		}
	case d.IsComplex():
		for i := range x.rows {
			for j := range y.cols {
				sum := complex128(0)
				for k := range x.cols {
					sum += a.Complex128(atA+i*x.rowStep+k*x.colStep) * b.Complex128(atB+k*y.rowStep+j*y.colStep)
				}
				out.SetComplex128(at+i*y.cols+j, sum)
			}
		}
	default:
		for i := range x.rows {
			for j := range y.cols {
				sum := int64(0)
				for k := range x.cols {
					sum += a.Int64(atA+i*x.rowStep+k*x.colStep) * b.Int64(atB+k*y.rowStep+j*y.colStep)
				}
				out.SetInt64(at+i*y.cols+j, sum)
			}
		}
	}
}

// slice is a copy of n elements as a vector.
func slice(t *tensor.Tensor, at, n int) *tensor.Tensor {
	s := tensor.New(t.DType(), n)
	for i := range n {
		s.CopyElement(i, t, at+i)
	}
	return s
}

// Gemm is Alpha·A·B + Beta·C for matrices; TransA and TransB transpose them first. C is optional and broadcasts.
type Gemm struct {
	Alpha, Beta    float32
	TransA, TransB bool
}

// Infer implements [ir.Op].
func (o *Gemm) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	a, b := c.Type(0), c.Type(1)
	if a.Elem != b.Elem || c.Has(2) && c.Type(2).Elem != a.Elem {
		return nil, fmt.Errorf("element types differ: %v, %v, %v", a.Elem, b.Elem, c.Type(2).Elem)
	}
	if a.Ranked && len(a.Dims) != 2 || b.Ranked && len(b.Dims) != 2 {
		return nil, fmt.Errorf("takes matrices, got %v and %v", a, b)
	}
	if !a.Ranked || !b.Ranked {
		return []ir.Fact{ir.Of(a.WithDims(c.FreshDims("gemm", 2)...))}, nil
	}
	dims, _, err := (&MatMul{TransA: o.TransA, TransB: o.TransB}).dims(a, b)
	if err != nil {
		return nil, err
	}
	if c.Has(2) {
		if _, _, err := inferBroadcast(a.WithDims(dims...), c.Type(2)); err != nil {
			return nil, err
		}
	}
	return []ir.Fact{ir.Of(a.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Gemm) Eval(c *ir.EvalContext) error {
	a, b := c.Tensor(0), c.Tensor(1)
	if a.Rank() != 2 || b.Rank() != 2 {
		return fmt.Errorf("takes matrices, got shapes %v and %v", a.Shape(), b.Shape())
	}
	x, y := matrices(a, o.TransA, true), matrices(b, o.TransB, false)
	if x.cols != y.rows {
		return fmt.Errorf("shapes %v and %v cannot be multiplied", a.Shape(), b.Shape())
	}
	wide := tensor.Float64
	if a.DType().IsInteger() {
		wide = tensor.Int64
	}
	shape := []int{x.rows, y.cols}
	product := c.Temp(wide, shape...)
	multiply(product, 0, a, 0, x, b, 0, y)
	out := c.New(0, a.DType(), shape...)
	bias, step := c.Tensor(2), []int{0, 0}
	if bias != nil {
		if !slices.Equal(broadcastShapes(shape, bias.Shape()), shape) {
			return fmt.Errorf("bias of shape %v does not broadcast to %v", bias.Shape(), shape)
		}
		step = broadcastStrides(bias.Shape(), shape)
	}
	walk(shape, func(i int, at []int) {
		v := float64(o.Alpha) * product.Float64(i)
		if bias != nil {
			v += float64(o.Beta) * bias.Float64(at[0])
		}
		out.SetFloat64(i, v)
	}, step)
	return nil
}

func init() {
	ir.Register[MatMul]()
	ir.Register[Gemm]()
}
