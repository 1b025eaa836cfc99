package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Shape is the shape of its input, axes Start to End (exclusive), as i64. HasEnd tells an End of 0 from none.
type Shape struct {
	Start, End int
	HasEnd     bool
}

func (o *Shape) slice(rank int) (int, int) {
	clamp := func(a int) int {
		if a < 0 {
			a += rank
		}
		return max(0, min(rank, a))
	}
	lo, hi := clamp(o.Start), rank
	if o.HasEnd {
		hi = clamp(o.End)
	}
	return lo, max(lo, hi)
}

// Infer implements [ir.Op].
func (o *Shape) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64, c.Fresh("rank")))}, nil
	}
	lo, hi := o.slice(len(t.Dims))
	return []ir.Fact{ir.SymFact(tensor.Int64, []int{hi - lo}, append([]sym.Expr{}, t.Dims[lo:hi]...))}, nil
}

// Eval implements [ir.Op].
func (o *Shape) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	lo, hi := o.slice(x.Rank())
	y := tensor.Data[int64](c.New(0, tensor.Int64, hi-lo))
	for i := range y {
		y[i] = int64(x.Dim(lo + i))
	}
	return nil
}

// Size is the number of elements of its input, an i64 scalar.
type Size struct{}

// Infer implements [ir.Op].
func (o *Size) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64))}, nil
	}
	return []ir.Fact{ir.SymFact(tensor.Int64, nil, []sym.Expr{t.NumElements()})}, nil
}

// Eval implements [ir.Op].
func (o *Size) Eval(c *ir.EvalContext) error {
	c.New(0, tensor.Int64).SetInt64(0, int64(c.Tensor(0).Len()))
	return nil
}

// ConstantOfShape is a tensor of the shape that the input, an integer vector, says, filled with the one element of Value (nil: f32
// zero).
type ConstantOfShape struct{ Value *tensor.Tensor }

func (o *ConstantOfShape) value() *tensor.Tensor {
	if o.Value == nil {
		return tensor.New(tensor.Float32, 1)
	}
	return o.Value
}

// Infer implements [ir.Op].
func (o *ConstantOfShape) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	v := o.value()
	if v.Len() != 1 {
		return nil, fmt.Errorf("its value has %d elements instead of one", v.Len())
	}
	return []ir.Fact{shapedFact(c, 0, v.DType(), v)}, nil
}

// shapedFact is the fact of a tensor whose shape input i says; small integer tensors are known to be filled with value.
func shapedFact(c *ir.InferContext, i int, elem tensor.DType, value *tensor.Tensor) ir.Fact {
	dims, ok := c.Exprs(i)
	if !ok {
		if s, ok := c.Type(i).Static(); ok && len(s) == 1 {
			return ir.Of(ir.TensorType(elem, c.FreshDims("shape", s[0])...))
		}
		return ir.Of(ir.UnrankedType(elem))
	}
	f := ir.Of(ir.TensorType(elem, dims...))
	if shape, ok := f.Type.Static(); ok && value != nil && (elem == tensor.Int64 || elem == tensor.Int32) {
		if n, err := tensor.NumElements(shape); err == nil && n <= ir.MaxSymbolic {
			e := make([]sym.Expr, n)
			for k := range e {
				e[k] = sym.Const(value.Int64(0))
			}
			return ir.SymFact(elem, shape, e)
		}
	}
	return f
}

// Eval implements [ir.Op].
func (o *ConstantOfShape) Eval(c *ir.EvalContext) error {
	v := o.value()
	y := c.New(0, v.DType(), tensor.Ints(c.Tensor(0))...)
	for i := range y.Len() {
		y.CopyElement(i, v, 0)
	}
	return nil
}

// Range counts from the first input up to, not including, the second in steps of the third; all are scalars of one type.
type Range struct{}

// Infer implements [ir.Op].
func (o *Range) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	elem := c.Type(0).Elem
	start, ok1 := c.Exprs(0)
	limit, ok2 := c.Exprs(1)
	delta, ok3 := c.Ints(2)
	if ok1 && ok2 && ok3 && len(start) == 1 && len(limit) == 1 && len(delta) == 1 {
		step := delta[0]
		if step == 0 {
			return nil, fmt.Errorf("a range cannot advance in steps of 0")
		}
		span := limit[0].Sub(start[0])
		if step < 0 {
			span, step = span.Neg(), -step
		}
		n := sym.Max(sym.Const(0), span.CeilDiv(step))
		if k, ok := n.IsConst(); ok && k <= ir.MaxSymbolic && elem.IsInteger() {
			e := make([]sym.Expr, k)
			for i := range e {
				e[i] = start[0].Add(sym.Const(int64(i) * delta[0]))
			}
			return []ir.Fact{ir.SymFact(elem, []int{int(k)}, e)}, nil
		}
		return []ir.Fact{ir.Of(ir.TensorType(elem, n))}, nil
	}
	return []ir.Fact{ir.Of(ir.TensorType(elem, c.Fresh("range")))}, nil
}

// Eval implements [ir.Op].
func (o *Range) Eval(c *ir.EvalContext) error {
	start, limit, delta := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	if start.Len() != 1 || limit.Len() != 1 || delta.Len() != 1 {
		return fmt.Errorf("start, limit and delta must be scalars, got shapes %v, %v, %v", start.Shape(), limit.Shape(), delta.Shape())
	}
	d := start.DType()
	if d.IsInteger() {
		a, b, s := start.Int64(0), limit.Int64(0), delta.Int64(0)
		if s == 0 {
			return fmt.Errorf("a range cannot advance in steps of 0")
		}
		n, ok := sym.Const(b).Sub(sym.Const(a)).TruncDiv(s).IsConst()
		if !ok {
			return fmt.Errorf("range from %d to %d in steps of %d is too long", a, b, s)
		}
		if n >= 0 && a+n*s != b && (b-a < 0) == (s < 0) {
			n++
		}
		y := c.New(0, d, int(max(0, n)))
		for i := range y.Len() {
			y.SetInt64(i, a+int64(i)*s)
		}
		return nil
	}
	a, b, s := start.Float64(0), limit.Float64(0), delta.Float64(0)
	n := math.Ceil((b - a) / s)
	if s == 0 || n != n || n > ir.DefaultMaxBytes {
		return fmt.Errorf("range from %v to %v in steps of %v has no length", a, b, s)
	}
	y := c.New(0, d, int(max(0, n)))
	for i := range y.Len() {
		y.SetFloat64(i, a+float64(i)*s)
	}
	return nil
}

// Expand broadcasts the first input against the shape that the second, an integer vector, says.
type Expand struct{}

// Infer implements [ir.Op].
func (o *Expand) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	target, known := c.Exprs(1)
	if !known {
		if s, ok := c.Type(1).Static(); ok && t.Ranked && len(s) == 1 {
			return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("expand", max(s[0], len(t.Dims)))...))}, nil
		}
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	dims, ranked, err := inferBroadcast(t, ir.TensorType(t.Elem, target...))
	if err != nil {
		return nil, err
	}
	f := ir.Of(ir.Type{Elem: t.Elem, Ranked: ranked, Dims: dims})
	if e, ok := c.Exprs(0); ok && len(e) == 1 {
		if shape, ok := f.Type.Static(); ok {
			if n, err := tensor.NumElements(shape); err == nil && n <= ir.MaxSymbolic {
				all := make([]sym.Expr, n)
				for i := range all {
					all[i] = e[0]
				}
				f = ir.SymFact(t.Elem, shape, all)
			}
		}
	}
	return []ir.Fact{f}, nil
}

// Eval implements [ir.Op].
func (o *Expand) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	shape := broadcastShapes(x.Shape(), tensor.Ints(c.Tensor(1)))
	y := c.New(0, x.DType(), shape...)
	copyWalk(y, x, 0, shape, broadcastStrides(x.Shape(), shape))
	return nil
}

func init() {
	ir.Register[Shape]()
	ir.Register[Size]()
	ir.Register[ConstantOfShape]()
	ir.Register[Range]()
	ir.Register[Expand]()
}
