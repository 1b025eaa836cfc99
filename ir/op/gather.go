package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// index reads element i of an index tensor for an axis; negative ones count from the end.
func index(t *tensor.Tensor, i, dim int) int {
	k := t.Int64(i)
	if k < -int64(dim) || k >= int64(dim) {
		ir.Fail("index %d is out of range for an axis of %d", k, dim)
	}
	if k < 0 {
		k += int64(dim)
	}
	return int(k)
}

func checkIndices(t ir.Type) error {
	if t.Elem != tensor.Int64 && t.Elem != tensor.Int32 {
		return fmt.Errorf("indices must be i64 or i32, got %v", t)
	}
	return nil
}

// Gather takes slices of an axis of the first input; the axis is replaced by the axes of the second, the indices.
type Gather struct{ Axis int }

// Infer implements [ir.Op].
func (o *Gather) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if err := checkIndices(c.Type(1)); err != nil {
		return nil, err
	}
	if !t.Ranked || !c.Type(1).Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims := slices.Concat(t.Dims[:axis], c.Type(1).Dims, t.Dims[axis+1:])
	f := ir.Of(t.WithDims(dims...))
	content, ok := c.Exprs(0)
	idx, okIdx := c.Ints(1)
	if shape, static := f.Type.Static(); ok && okIdx && static && len(t.Dims) == 1 {
		part := make([]sym.Expr, len(idx))
		for i, k := range idx {
			if k < 0 {
				k += int64(len(content))
			}
			if k < 0 || k >= int64(len(content)) {
				return nil, fmt.Errorf("index %d is out of range for an axis of %d", idx[i], len(content))
			}
			part[i] = content[k]
		}
		f = ir.SymFact(t.Elem, shape, part)
	}
	return []ir.Fact{f}, nil
}

// Eval implements [ir.Op].
func (o *Gather) Eval(c *ir.EvalContext) error {
	x, idx := c.Tensor(0), c.Tensor(1)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	shape := slices.Concat(x.Shape()[:axis], idx.Shape(), x.Shape()[axis+1:])
	y := c.New(0, x.DType(), shape...)
	outer, dim, inner := split3(x.Shape(), axis)
	for a := range outer {
		for i := range idx.Len() {
			k := index(idx, i, dim)
			for b := range inner {
				y.CopyElement((a*idx.Len()+i)*inner+b, x, (a*dim+k)*inner+b)
			}
		}
	}
	return nil
}

// split3 sees a shape as [outer, dim, inner] around an axis.
func split3(shape []int, axis int) (outer, dim, inner int) {
	outer, inner = 1, 1
	for i, d := range shape {
		switch {
		case i < axis:
			outer *= d
		case i > axis:
			inner *= d
		}
	}
	return outer, shape[axis], inner
}

// GatherElements takes single elements: the index on one axis comes from the second input, the others from the position.
type GatherElements struct{ Axis int }

// Infer implements [ir.Op].
func (o *GatherElements) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, idx := c.Type(0), c.Type(1)
	if err := checkIndices(idx); err != nil {
		return nil, err
	}
	if t.Ranked {
		if _, err := axisIn(o.Axis, len(t.Dims)); err != nil {
			return nil, err
		}
		if idx.Ranked && len(idx.Dims) != len(t.Dims) {
			return nil, fmt.Errorf("ranks differ: %v and %v", t, idx)
		}
	}
	return []ir.Fact{ir.Of(idx.WithElem(t.Elem))}, nil
}

// Eval implements [ir.Op].
func (o *GatherElements) Eval(c *ir.EvalContext) error {
	x, idx := c.Tensor(0), c.Tensor(1)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	if err := checkWithin(idx.Shape(), x.Shape(), axis); err != nil {
		return err
	}
	y := c.New(0, x.DType(), idx.Shape()...)
	strides := rowMajor(x.Shape())
	step := strides[axis]
	strides[axis] = 0
	walk(idx.Shape(), func(i int, at []int) { y.CopyElement(i, x, at[0]+index(idx, i, x.Dim(axis))*step) }, strides)
	return nil
}

// checkWithin reports whether every axis but one of a shape fits into another shape.
func checkWithin(shape, in []int, axis int) error {
	if len(shape) != len(in) {
		return fmt.Errorf("ranks differ: indices %v, data %v", shape, in)
	}
	for i, d := range shape {
		if i != axis && d > in[i] {
			return fmt.Errorf("indices of shape %v reach out of data of shape %v", shape, in)
		}
	}
	return nil
}

// GatherND takes slices by index tuples along the last axis of the second input, behind BatchDims shared axes.
type GatherND struct{ BatchDims int }

// Infer implements [ir.Op].
func (o *GatherND) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, idx := c.Type(0), c.Type(1)
	if err := checkIndices(idx); err != nil {
		return nil, err
	}
	unknown := []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}
	if !t.Ranked || !idx.Ranked {
		return unknown, nil
	}
	if len(idx.Dims) == 0 || o.BatchDims < 0 || o.BatchDims >= len(idx.Dims) {
		return nil, fmt.Errorf("%d batch dimensions do not fit indices %v", o.BatchDims, idx)
	}
	last := len(idx.Dims) - 1
	k, ok := idx.Dims[last].IsConst()
	if !ok {
		return unknown, nil
	}
	if o.BatchDims+int(k) > len(t.Dims) {
		return nil, fmt.Errorf("index tuples of %d are too long for %v", k, t)
	}
	return []ir.Fact{ir.Of(t.WithDims(slices.Concat(idx.Dims[:last], t.Dims[o.BatchDims+int(k):])...))}, nil
}

// Eval implements [ir.Op].
func (o *GatherND) Eval(c *ir.EvalContext) error {
	x, idx := c.Tensor(0), c.Tensor(1)
	g, err := newTuples(x.Shape(), idx, o.BatchDims)
	if err != nil {
		return err
	}
	y := c.New(0, x.DType(), slices.Concat(idx.Shape()[:idx.Rank()-1], x.Shape()[o.BatchDims+g.k:])...)
	for i := range g.n {
		from := g.offset(i)
		for b := range g.inner {
			y.CopyElement(i*g.inner+b, x, from+b)
		}
	}
	return nil
}

// tuples reads index tuples into a tensor.
type tuples struct {
	idx         *tensor.Tensor
	shape       []int
	strides     []int
	n, k, inner int
	batch       int // leading axes shared
	perBatch    int // tuples a batch
}

func newTuples(shape []int, idx *tensor.Tensor, batch int) (*tuples, error) {
	if idx.Rank() == 0 || batch >= idx.Rank() {
		return nil, fmt.Errorf("indices of shape %v are no tuples", idx.Shape())
	}
	g := &tuples{idx: idx, shape: shape, strides: rowMajor(shape), n: 1, k: idx.Dim(idx.Rank() - 1), inner: 1, batch: batch, perBatch: 1}
	if batch+g.k > len(shape) {
		return nil, fmt.Errorf("index tuples of %d are too long for shape %v", g.k, shape)
	}
	for i, d := range idx.Shape()[:idx.Rank()-1] {
		g.n *= d
		if i >= batch {
			g.perBatch *= d
		} else if d != shape[i] {
			return nil, fmt.Errorf("batch axis %d differs: %d and %d", i, d, shape[i])
		}
	}
	for _, d := range shape[batch+g.k:] {
		g.inner *= d
	}
	return g, nil
}

func (g *tuples) offset(i int) int {
	at := 0
	if g.batch > 0 {
		at = i / g.perBatch * g.strides[g.batch-1]
	}
	for j := range g.k {
		at += index(g.idx, i*g.k+j, g.shape[g.batch+j]) * g.strides[g.batch+j]
	}
	return at
}

// ScatterElements is the first input with single elements replaced, or combined by Reduction ("add", "mul", "max", "min"; ""
// replaces): the index on one axis comes from the second input, the element from the third.
type ScatterElements struct {
	Axis      int
	Reduction string
}

// Infer implements [ir.Op].
func (o *ScatterElements) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	if err := checkIndices(c.Type(1)); err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(c.Type(0))}, checkReduction(o.Reduction)
}

func checkReduction(r string) error {
	switch r {
	case "", "add", "mul", "max", "min":
		return nil
	}
	return fmt.Errorf("reduction %q is unknown", r)
}

// reduceElement combines element i of y with element k of x.
func reduceElement(reduction string, y *tensor.Tensor, i int, x *tensor.Tensor, k int) {
	fn := map[string]BinaryFn{"add": Add, "mul": Mul, "max": Max, "min": Min}
	f, ok := fn[reduction]
	switch {
	case !ok:
		y.CopyElement(i, x, k)
	case y.DType().IsFloat():
		y.SetFloat64(i, binaryFns[f].float(y.Float64(i), x.Float64(k)))
	case y.DType() == tensor.Bool:
		if f == Add || f == Max {
			y.SetInt64(i, y.Int64(i)|x.Int64(k))
		} else {
			y.SetInt64(i, y.Int64(i)&x.Int64(k))
		}
	default:
		y.SetInt64(i, binaryFns[f].integer(y.Int64(i), x.Int64(k)))
	}
}

// Eval implements [ir.Op].
func (o *ScatterElements) Eval(c *ir.EvalContext) error {
	x, idx, updates := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	if err := checkWithin(idx.Shape(), x.Shape(), axis); err != nil {
		return err
	}
	if !slices.Equal(idx.Shape(), updates.Shape()) {
		return fmt.Errorf("indices have shape %v, updates %v", idx.Shape(), updates.Shape())
	}
	y := c.New(0, x.DType(), x.Shape()...)
	y.CopyFrom(x)
	strides := rowMajor(x.Shape())
	step := strides[axis]
	strides[axis] = 0
	walk(idx.Shape(), func(i int, at []int) {
		reduceElement(o.Reduction, y, at[0]+index(idx, i, x.Dim(axis))*step, updates, i)
	}, strides)
	return nil
}

// ScatterND is the first input with slices replaced, or combined by Reduction: where, index tuples along the last axis of the second
// input say; by what, the third.
type ScatterND struct{ Reduction string }

// Infer implements [ir.Op].
func (o *ScatterND) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	if err := checkIndices(c.Type(1)); err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(c.Type(0))}, checkReduction(o.Reduction)
}

// Eval implements [ir.Op].
func (o *ScatterND) Eval(c *ir.EvalContext) error {
	x, idx, updates := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	g, err := newTuples(x.Shape(), idx, 0)
	if err != nil {
		return err
	}
	if updates.Len() != g.n*g.inner {
		return fmt.Errorf("updates of shape %v do not fit %d slices of %d", updates.Shape(), g.n, g.inner)
	}
	y := c.New(0, x.DType(), x.Shape()...)
	y.CopyFrom(x)
	for i := range g.n {
		at := g.offset(i)
		for b := range g.inner {
			reduceElement(o.Reduction, y, at+b, updates, i*g.inner+b)
		}
	}
	return nil
}

func init() {
	ir.Register[Gather]()
	ir.Register[GatherElements]()
	ir.Register[GatherND]()
	ir.Register[ScatterElements]()
	ir.Register[ScatterND]()
}
