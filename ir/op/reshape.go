package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Identity passes its input on; used for explicit copies of names only.
type Identity struct{}

// Infer implements [ir.Op].
func (o *Identity) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	return []ir.Fact{*c.In[0]}, nil
}

// Eval implements [ir.Op].
func (o *Identity) Eval(c *ir.EvalContext) error {
	c.Set(0, c.In[0])
	return nil
}

// Reshape gives the first input the shape that the second, an integer vector, says. One entry may be −1: what is left over. An
// entry 0 copies the dimension of the input, unless AllowZero is set.
type Reshape struct {
	AllowZero bool
}

// Infer implements [ir.Op].
func (o *Reshape) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	target, known := c.Exprs(1)
	if !known {
		if s, ok := c.Type(1).Static(); ok && len(s) == 1 {
			return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("reshape", s[0])...))}, nil
		}
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	dims := make([]sym.Expr, len(target))
	rest := -1
	for i, e := range target {
		dims[i] = e
		n, ok := e.IsConst()
		switch {
		case ok && n == -1:
			if rest >= 0 {
				return nil, fmt.Errorf("shape %v has more than one -1", target)
			}
			rest = i
		case ok && n < -1:
			return nil, fmt.Errorf("shape %v has a negative dimension", target)
		case ok && n == 0 && !o.AllowZero:
			switch {
			case !t.Ranked:
				dims[i] = c.Fresh("reshape")
			case i >= len(t.Dims):
				return nil, fmt.Errorf("dimension %d of shape %v copies from an input of rank %d", i, target, len(t.Dims))
			default:
				dims[i] = t.Dims[i]
			}
		}
	}
	if rest >= 0 {
		dims[rest] = sym.Const(1)
		if n, ok := sym.DivExact(t.NumElements(), sym.Product(dims...)); ok && t.Ranked {
			dims[rest] = n
		} else if k, ok := sym.Product(dims...).IsConst(); ok && k > 0 && t.Ranked {
			if total, ok := t.NumElements().IsConst(); ok && total%k != 0 {
				return nil, fmt.Errorf("%v cannot become %v", t, target)
			}
			dims[rest] = t.NumElements().FloorDiv(k)
		} else {
			dims[rest] = c.Fresh("reshape")
		}
	} else if t.Ranked {
		have, ok1 := t.NumElements().IsConst()
		want, ok2 := sym.Product(dims...).IsConst()
		if ok1 && ok2 && have != want {
			return nil, fmt.Errorf("%v with %d elements cannot become %v with %d", t, have, target, want)
		}
	}
	f := ir.Of(t.WithDims(dims...))
	if e, ok := c.Exprs(0); ok {
		if shape, ok := f.Type.Static(); ok {
			f = ir.SymFact(t.Elem, shape, e)
		}
	}
	return []ir.Fact{f}, nil
}

// Eval implements [ir.Op].
func (o *Reshape) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	shape := tensor.Ints(c.Tensor(1))
	rest, n := -1, 1
	for i, d := range shape {
		if d == 0 && !o.AllowZero {
			if i >= x.Rank() {
				return fmt.Errorf("dimension %d of shape %v copies from an input of rank %d", i, shape, x.Rank())
			}
			shape[i] = x.Dim(i)
		}
		if d == -1 {
			if rest >= 0 {
				return fmt.Errorf("shape %v has more than one -1", shape)
			}
			rest = i
			continue
		}
		n *= shape[i]
	}
	if rest >= 0 {
		if n == 0 || x.Len()%n != 0 {
			return fmt.Errorf("shape %v cannot become %v", x.Shape(), shape)
		}
		shape[rest] = x.Len() / n
	}
	return setView(c, x, shape)
}

// setView makes result 0 a view of x with another shape.
func setView(c *ir.EvalContext, x *tensor.Tensor, shape []int) error {
	y, err := x.Reshape(shape...)
	if err != nil {
		return err
	}
	c.Set(0, y)
	return nil
}

// viewFact is the fact of a tensor with the same elements and other dimensions.
func viewFact(c *ir.InferContext, dims []sym.Expr) []ir.Fact {
	f := ir.Of(c.Type(0).WithDims(dims...))
	if e, ok := c.Exprs(0); ok {
		if shape, ok := f.Type.Static(); ok {
			f = ir.SymFact(f.Type.Elem, shape, e)
		}
	}
	return []ir.Fact{f}
}

// Unsqueeze inserts dimensions of 1 at the axes of the result that the second input lists.
type Unsqueeze struct{}

// Infer implements [ir.Op].
func (o *Unsqueeze) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	axes, known := c.Ints(1)
	if !known || !t.Ranked {
		if s, ok := c.Type(1).Static(); ok && t.Ranked && len(s) == 1 {
			return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("unsqueeze", len(t.Dims)+s[0])...))}, nil
		}
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	at, err := axisSet(axes, len(t.Dims)+len(axes))
	if err != nil {
		return nil, err
	}
	dims := make([]sym.Expr, 0, len(at))
	k := 0
	for _, inserted := range at {
		if inserted {
			dims = append(dims, sym.Const(1))
		} else {
			dims = append(dims, t.Dims[k])
			k++
		}
	}
	return viewFact(c, dims), nil
}

// axisSet marks axes of a rank; an axis that is out of range or given twice is an error.
func axisSet(axes []int64, rank int) ([]bool, error) {
	if rank > 1<<16 {
		return nil, fmt.Errorf("rank %d is too large", rank)
	}
	set := make([]bool, rank)
	for _, a := range axes {
		k, err := axisIn(int(a), rank)
		if err != nil {
			return nil, err
		}
		if set[k] {
			return nil, fmt.Errorf("axis %d is given twice", a)
		}
		set[k] = true
	}
	return set, nil
}

// Eval implements [ir.Op].
func (o *Unsqueeze) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axes := tensor.Int64s(c.Tensor(1))
	at, err := axisSet(axes, x.Rank()+len(axes))
	if err != nil {
		return err
	}
	shape := make([]int, 0, len(at))
	k := 0
	for _, inserted := range at {
		if inserted {
			shape = append(shape, 1)
		} else {
			shape = append(shape, x.Dim(k))
			k++
		}
	}
	return setView(c, x, shape)
}

// Squeeze removes the axes that the second input lists, which must have dimension 1; without it, all that do.
type Squeeze struct{}

// Infer implements [ir.Op].
func (o *Squeeze) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	unknown := []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}
	if !t.Ranked {
		return unknown, nil
	}
	var dims []sym.Expr
	if !c.Has(1) {
		for _, d := range t.Dims {
			n, ok := d.IsConst()
			if !ok {
				return unknown, nil
			}
			if n != 1 {
				dims = append(dims, d)
			}
		}
		return viewFact(c, dims), nil
	}
	axes, known := c.Ints(1)
	if !known {
		if s, ok := c.Type(1).Static(); ok && len(s) == 1 && s[0] <= len(t.Dims) {
			return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("squeeze", len(t.Dims)-s[0])...))}, nil
		}
		return unknown, nil
	}
	at, err := axisSet(axes, len(t.Dims))
	if err != nil {
		return nil, err
	}
	for i, removed := range at {
		if !removed {
			dims = append(dims, t.Dims[i])
		} else if n, ok := t.Dims[i].IsConst(); ok && n != 1 {
			return nil, fmt.Errorf("axis %d of %v is not 1", i, t)
		}
	}
	return viewFact(c, dims), nil
}

// Eval implements [ir.Op].
func (o *Squeeze) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	at := make([]bool, x.Rank())
	if c.Has(1) {
		var err error
		if at, err = axisSet(tensor.Int64s(c.Tensor(1)), x.Rank()); err != nil {
			return err
		}
	} else {
		for i, d := range x.Shape() {
			at[i] = d == 1
		}
	}
	shape := []int{}
	for i, d := range x.Shape() {
		switch {
		case !at[i]:
			shape = append(shape, d)
		case d != 1:
			return fmt.Errorf("axis %d of shape %v is not 1", i, x.Shape())
		}
	}
	return setView(c, x, shape)
}

// Flatten makes a matrix of all axes before Axis by all others.
type Flatten struct{ Axis int }

// Infer implements [ir.Op].
func (o *Flatten) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("flatten", 2)...))}, nil
	}
	axis, err := o.axis(len(t.Dims))
	if err != nil {
		return nil, err
	}
	return viewFact(c, []sym.Expr{sym.Product(t.Dims[:axis]...), sym.Product(t.Dims[axis:]...)}), nil
}

func (o *Flatten) axis(rank int) (int, error) {
	if o.Axis < -rank || o.Axis > rank {
		return 0, fmt.Errorf("axis %d is out of range for rank %d", o.Axis, rank)
	}
	if o.Axis < 0 {
		return o.Axis + rank, nil
	}
	return o.Axis, nil
}

// Eval implements [ir.Op].
func (o *Flatten) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := o.axis(x.Rank())
	if err != nil {
		return err
	}
	rows, cols := 1, 1
	for i, d := range x.Shape() {
		if i < axis {
			rows *= d
		} else {
			cols *= d
		}
	}
	return setView(c, x, []int{rows, cols})
}

func init() {
	ir.Register[Identity]()
	ir.Register[Reshape]()
	ir.Register[Unsqueeze]()
	ir.Register[Squeeze]()
	ir.Register[Flatten]()
}
