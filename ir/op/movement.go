package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Transpose permutes axes: axis i of the result is axis Perm[i] of the input. An empty Perm reverses them.
type Transpose struct{ Perm []int }

func (o *Transpose) perm(rank int) ([]int, error) {
	if len(o.Perm) == 0 {
		p := make([]int, rank)
		for i := range p {
			p[i] = rank - 1 - i
		}
		return p, nil
	}
	if len(o.Perm) != rank {
		return nil, fmt.Errorf("permutation %v is not one of rank %d", o.Perm, rank)
	}
	p, seen := slices.Clone(o.Perm), make([]bool, rank)
	for i, a := range p {
		if a < 0 || a >= rank || seen[a] {
			return nil, fmt.Errorf("permutation %v is not one of rank %d", o.Perm, rank)
		}
		p[i], seen[a] = a, true
	}
	return p, nil
}

// Infer implements [ir.Op].
func (o *Transpose) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		if len(o.Perm) > 0 {
			return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("transpose", len(o.Perm))...))}, nil
		}
		return []ir.Fact{ir.Of(t)}, nil
	}
	p, err := o.perm(len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims := make([]sym.Expr, len(p))
	for i, a := range p {
		dims[i] = t.Dims[a]
	}
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Transpose) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	p, err := o.perm(x.Rank())
	if err != nil {
		return err
	}
	in := rowMajor(x.Shape())
	shape, strides := make([]int, len(p)), make([]int, len(p))
	for i, a := range p {
		shape[i], strides[i] = x.Dim(a), in[a]
	}
	y := c.New(0, x.DType(), shape...)
	copyWalk(y, x, 0, shape, strides)
	return nil
}

// Concat joins tensors along an axis.
type Concat struct{ Axis int }

// Infer implements [ir.Op].
func (o *Concat) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, -1); err != nil {
		return nil, err
	}
	var dims []sym.Expr
	elem := c.Type(0).Elem
	total, axis := sym.Expr{}, 0
	var exprs []sym.Expr
	known := true
	for i := range c.NumIn() {
		t, err := c.Tensor(i)
		if err != nil {
			return nil, err
		}
		if t.Elem != elem {
			return nil, fmt.Errorf("element types differ: %v and %v", elem, t.Elem)
		}
		if !t.Ranked {
			return []ir.Fact{ir.Of(t)}, nil
		}
		if i == 0 {
			if axis, err = axisIn(o.Axis, len(t.Dims)); err != nil {
				return nil, err
			}
			dims = slices.Clone(t.Dims)
		}
		if len(t.Dims) != len(dims) {
			return nil, fmt.Errorf("ranks differ: %v and %v", c.Type(0), t)
		}
		for k, d := range t.Dims {
			if k == axis {
				total = total.Add(d)
				continue
			}
			if dims[k], err = sameDim(dims[k], d); err != nil {
				return nil, fmt.Errorf("axis %d differs: %v and %v", k, c.Type(0), t)
			}
		}
		e, ok := c.Exprs(i)
		known = known && ok && len(dims) == 1
		exprs = append(exprs, e...)
	}
	dims[axis] = total
	if known {
		return []ir.Fact{ir.SymFact(elem, []int{len(exprs)}, exprs)}, nil
	}
	return []ir.Fact{ir.Of(ir.TensorType(elem, dims...))}, nil
}

// sameDim merges what two expressions for one dimension say; different constants are an error.
func sameDim(a, b sym.Expr) (sym.Expr, error) {
	x, constA := a.IsConst()
	y, constB := b.IsConst()
	switch {
	case constA && constB && x != y:
		return a, fmt.Errorf("dimensions %d and %d differ", x, y)
	case constB || !constA && a.HasFresh() && !b.HasFresh():
		return b, nil
	}
	return a, nil
}

// Eval implements [ir.Op].
func (o *Concat) Eval(c *ir.EvalContext) error {
	first := c.Tensor(0)
	axis, err := axisIn(o.Axis, first.Rank())
	if err != nil {
		return err
	}
	shape := slices.Clone(first.Shape())
	for i := 1; i < c.NumIn(); i++ {
		x := c.Tensor(i)
		if x == nil || x.Rank() != len(shape) {
			return fmt.Errorf("input %d does not have rank %d", i, len(shape))
		}
		for k, d := range x.Shape() {
			if k != axis && d != shape[k] {
				return fmt.Errorf("input %d of shape %v does not fit %v", i, x.Shape(), first.Shape())
			}
		}
		shape[axis] += x.Dim(axis)
	}
	y := c.New(0, first.DType(), shape...)
	outer, all, inner := split3(shape, axis)
	offset := 0
	for i := range c.NumIn() {
		x := c.Tensor(i)
		run := x.Dim(axis) * inner
		for k := range outer {
			copyElements(y, k*all*inner+offset, x, k*run, run)
		}
		offset += run
	}
	return nil
}

// Split cuts a tensor along an axis into Num pieces: of the lengths that the second input says, or, without it, of equal
// lengths except that the last may be shorter.
type Split struct {
	Axis int
	Num  int
}

// Infer implements [ir.Op].
func (o *Split) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if o.Num <= 0 || o.Num > 1<<20 {
		return nil, fmt.Errorf("cannot split into %d pieces", o.Num)
	}
	out := make([]ir.Fact, o.Num)
	if !t.Ranked {
		for i := range out {
			out[i] = ir.Of(t)
		}
		return out, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	sizes, known := c.Exprs(1)
	if c.Has(1) && known && len(sizes) != o.Num {
		return nil, fmt.Errorf("%d lengths are given for %d pieces", len(sizes), o.Num)
	}
	content, hasContent := c.Exprs(0)
	at := 0
	for i := range out {
		dims := slices.Clone(t.Dims)
		switch {
		case known:
			dims[axis] = sizes[i]
		case c.Has(1):
			dims[axis] = c.Fresh("split")
		default:
			each := t.Dims[axis].CeilDiv(int64(o.Num))
			dims[axis] = each
			if i == o.Num-1 {
				dims[axis] = sym.Max(sym.Const(0), t.Dims[axis].Sub(each.Mul(sym.Int(o.Num-1))))
				if q, ok := sym.DivExact(t.Dims[axis], sym.Int(o.Num)); ok {
					dims[axis] = q
				}
			}
		}
		out[i] = ir.Of(t.WithDims(dims...))
		if shape, ok := out[i].Type.Static(); ok && hasContent && len(dims) == 1 && at+shape[0] <= len(content) {
			out[i] = ir.SymFact(t.Elem, shape, content[at:at+shape[0]])
			at += shape[0]
		}
	}
	return out, nil
}

// Eval implements [ir.Op].
func (o *Split) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	sizes := make([]int, o.Num)
	if c.Has(1) {
		if sizes = tensor.Ints(c.Tensor(1)); len(sizes) != o.Num {
			return fmt.Errorf("%d lengths are given for %d pieces", len(sizes), o.Num)
		}
	} else {
		each := (x.Dim(axis) + o.Num - 1) / o.Num
		for i := range sizes {
			sizes[i] = max(0, min(each, x.Dim(axis)-i*each))
		}
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	if total != x.Dim(axis) {
		return fmt.Errorf("lengths %v do not add up to %d", sizes, x.Dim(axis))
	}
	strides := rowMajor(x.Shape())
	offset := 0
	for i, n := range sizes {
		shape := slices.Clone(x.Shape())
		shape[axis] = n
		y := c.New(i, x.DType(), shape...)
		copyWalk(y, x, offset, shape, strides)
		offset += n * strides[axis]
	}
	return nil
}

// Tile repeats a tensor along each axis as often as the second input, an integer vector, says.
type Tile struct{}

// Infer implements [ir.Op].
func (o *Tile) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil || !t.Ranked {
		return []ir.Fact{ir.Of(t)}, err
	}
	repeats, ok := c.Exprs(1)
	if !ok {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("tile", len(t.Dims))...))}, nil
	}
	if len(repeats) != len(t.Dims) {
		return nil, fmt.Errorf("%d repeats for rank %d", len(repeats), len(t.Dims))
	}
	dims := make([]sym.Expr, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = d.Mul(repeats[i])
	}
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Tile) Eval(c *ir.EvalContext) error {
	x, repeats := c.Tensor(0), tensor.Ints(c.Tensor(1))
	if len(repeats) != x.Rank() {
		return fmt.Errorf("%d repeats for rank %d", len(repeats), x.Rank())
	}
	// Seen as [r0, d0, r1, d1, …], the repeats are broadcast axes.
	var shape, wide, strides []int
	in := rowMajor(x.Shape())
	for i, d := range x.Shape() {
		shape = append(shape, d*repeats[i])
		wide = append(wide, repeats[i], d)
		strides = append(strides, 0, in[i])
	}
	y := c.New(0, x.DType(), shape...)
	walk(wide, func(k int, at []int) { y.CopyElement(k, x, at[0]) }, strides)
	return nil
}

func init() {
	ir.Register[Transpose]()
	ir.Register[Concat]()
	ir.Register[Split]()
	ir.Register[Tile]()
}
