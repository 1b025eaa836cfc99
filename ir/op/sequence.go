package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// maxItems bounds the number of items that an operator makes a sequence of at once.
const maxItems = 1 << 24

// itemType gives a value taken from a sequence or an optional its type: dimensions that need not be the same for every item are
// new symbols.
func itemType(c *ir.InferContext, t ir.Type) ir.Type {
	if t.Kind != ir.KindTensor || !t.Ranked {
		return t
	}
	dims := slices.Clone(t.Dims)
	for i, d := range dims {
		if d.HasFresh() {
			dims[i] = c.Fresh("item")
		}
	}
	return t.WithDims(dims...)
}

// sequenceOf checks that input i is a sequence and returns the type of its items.
func sequenceOf(c *ir.InferContext, i int) (ir.Type, error) {
	if t := c.Type(i); t.Kind == ir.KindSequence && t.Item != nil {
		return *t.Item, nil
	}
	return ir.Type{}, fmt.Errorf("input %d must be a sequence, got %v", i, c.Type(i))
}

func sequence(c *ir.EvalContext, i int) *tensor.Sequence {
	if s, ok := c.In[i].(*tensor.Sequence); ok {
		return s
	}
	ir.Fail("input %d must be a sequence, got %v", i, ir.TypeOf(c.In[i]))
	return nil
}

// checkItem refuses an item of another element type than the sequence has.
func checkItem(s *tensor.Sequence, v tensor.Value) {
	if t, ok := v.(*tensor.Tensor); ok && s.Elem != tensor.Invalid && t.DType() != s.Elem {
		ir.Fail("a sequence of %v cannot hold %v", s.Elem, ir.TypeOf(v))
	}
	if len(s.Items) > 0 {
		if a, b := ir.TypeOf(s.Items[0]).Kind, ir.TypeOf(v).Kind; a != b {
			ir.Fail("a sequence of %v cannot hold %v", ir.TypeOf(s.Items[0]), ir.TypeOf(v))
		}
	}
}

func elemOf(v tensor.Value) tensor.DType {
	if t, ok := v.(*tensor.Tensor); ok {
		return t.DType()
	}
	return tensor.Invalid
}

// position reads input i, a scalar index among n places; negative ones count from the end.
func position(c *ir.EvalContext, i, n int) int {
	p := c.Tensor(i)
	if !p.DType().IsInteger() || p.Len() != 1 {
		ir.Fail("the position must be one integer, got %v", p)
	}
	k := p.Int64(0)
	if k < int64(-n) || k >= int64(n) {
		ir.Fail("position %d is out of range for %d places", k, n)
	}
	if k < 0 {
		k += int64(n)
	}
	return int(k)
}

// SequenceConstruct makes a sequence of its inputs, which are values of one kind and element type.
type SequenceConstruct struct{}

// Infer implements [ir.Op].
func (o *SequenceConstruct) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, -1); err != nil {
		return nil, err
	}
	item := c.Type(0)
	for i := 1; i < c.NumIn(); i++ {
		if !c.Has(i) {
			return nil, fmt.Errorf("input %d is required but absent", i)
		}
		var err error
		if item, err = unite(c, item, c.Type(i)); err != nil {
			return nil, fmt.Errorf("items differ: %v and %v", c.Type(0), c.Type(i))
		}
	}
	return []ir.Fact{ir.Of(ir.SequenceType(item))}, nil
}

// Eval implements [ir.Op].
func (o *SequenceConstruct) Eval(c *ir.EvalContext) error {
	s := &tensor.Sequence{Elem: elemOf(c.In[0])}
	for _, v := range c.In {
		checkItem(s, v)
		s.Items = append(s.Items, v)
	}
	c.Set(0, s)
	return nil
}

// SequenceEmpty is a sequence without items for tensors of an element type.
type SequenceEmpty struct{ Elem tensor.DType }

// Infer implements [ir.Op].
func (o *SequenceEmpty) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(0, 0); err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.SequenceType(ir.UnrankedType(o.Elem)))}, nil
}

// Eval implements [ir.Op].
func (o *SequenceEmpty) Eval(c *ir.EvalContext) error {
	c.Set(0, &tensor.Sequence{Elem: o.Elem})
	return nil
}

// SequenceLength is the number of items of a sequence, an i64 scalar.
type SequenceLength struct{}

// Infer implements [ir.Op].
func (o *SequenceLength) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	_, err := sequenceOf(c, 0)
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64))}, err
}

// Eval implements [ir.Op].
func (o *SequenceLength) Eval(c *ir.EvalContext) error {
	c.New(0, tensor.Int64).SetInt64(0, int64(len(sequence(c, 0).Items)))
	return nil
}

// SequenceAt is the item of a sequence, the first input, at the position that the second says. Negative positions count from the
// end.
type SequenceAt struct{}

// Infer implements [ir.Op].
func (o *SequenceAt) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	item, err := sequenceOf(c, 0)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(itemType(c, item))}, nil
}

// Eval implements [ir.Op].
func (o *SequenceAt) Eval(c *ir.EvalContext) error {
	s := sequence(c, 0)
	c.Set(0, s.Items[position(c, 1, len(s.Items))])
	return nil
}

// SequenceInsert is the sequence that is its first input, with the second inserted before the item at the position that the third
// says, or at the end. Negative positions count from the end of the longer sequence less one, as in Python.
type SequenceInsert struct{}

// Infer implements [ir.Op].
func (o *SequenceInsert) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	item, err := sequenceOf(c, 0)
	if err != nil {
		return nil, err
	}
	if item, err = unite(c, item, c.Type(1)); err != nil {
		return nil, fmt.Errorf("a sequence of %v cannot hold %v", *c.Type(0).Item, c.Type(1))
	}
	return []ir.Fact{ir.Of(ir.SequenceType(item))}, nil
}

// Eval implements [ir.Op].
func (o *SequenceInsert) Eval(c *ir.EvalContext) error {
	s := sequence(c, 0)
	checkItem(s, c.In[1])
	at := len(s.Items)
	if c.Has(2) {
		p := c.Tensor(2)
		if !p.DType().IsInteger() || p.Len() != 1 {
			return fmt.Errorf("the position must be one integer, got %v", p)
		}
		k, n := p.Int64(0), int64(len(s.Items))
		if k < -n || k > n {
			return fmt.Errorf("position %d is out of range for a sequence of %d", k, n)
		}
		if k < 0 {
			k += n
		}
		at = int(k)
	}
	r := &tensor.Sequence{Elem: s.Elem, Items: slices.Insert(slices.Clone(s.Items), at, c.In[1])}
	if r.Elem == tensor.Invalid {
		r.Elem = elemOf(c.In[1])
	}
	c.Set(0, r)
	return nil
}

// SequenceErase is the sequence that is its first input without the item at the position that the second says, or without the
// last.
type SequenceErase struct{}

// Infer implements [ir.Op].
func (o *SequenceErase) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	_, err := sequenceOf(c, 0)
	return []ir.Fact{ir.Of(c.Type(0))}, err
}

// Eval implements [ir.Op].
func (o *SequenceErase) Eval(c *ir.EvalContext) error {
	s := sequence(c, 0)
	at := len(s.Items) - 1
	if c.Has(1) {
		at = position(c, 1, len(s.Items))
	}
	if at < 0 {
		return fmt.Errorf("nothing can be erased from an empty sequence")
	}
	c.Set(0, &tensor.Sequence{Elem: s.Elem, Items: slices.Delete(slices.Clone(s.Items), at, at+1)})
	return nil
}

// SplitToSequence cuts the first input along an axis. The second input says the sizes of the parts: a scalar that of all but the last, a
// vector that of each. Without it every part has one slice, and the axis is left out unless KeepDims is set.
type SplitToSequence struct {
	Axis     int
	KeepDims bool
}

// Infer implements [ir.Op].
func (o *SplitToSequence) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.SequenceType(t))}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims := slices.Clone(t.Dims)
	switch {
	case c.Has(1):
		dims[axis] = c.Fresh("part")
	case o.KeepDims:
		dims[axis] = sym.Const(1)
	default:
		dims = slices.Delete(dims, axis, axis+1)
	}
	return []ir.Fact{ir.Of(ir.SequenceType(t.WithDims(dims...)))}, nil
}

// Eval implements [ir.Op].
func (o *SplitToSequence) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	sizes, err := partSizes(c.Tensor(1), x.Dim(axis))
	if err != nil {
		return err
	}
	s := &tensor.Sequence{Elem: x.DType(), Items: make([]tensor.Value, len(sizes))}
	outer, dim, inner := split3(x.Shape(), axis)
	from := 0
	for i, n := range sizes {
		shape := slices.Clone(x.Shape())
		shape[axis] = n
		if !c.Has(1) && !o.KeepDims {
			shape = slices.Delete(shape, axis, axis+1)
		}
		y := c.Temp(x.DType(), shape...)
		for a := range outer {
			for b := range n * inner {
				y.CopyElement(a*n*inner+b, x, (a*dim+from)*inner+b)
			}
		}
		s.Items[i] = y
		from += n
	}
	c.Set(0, s)
	return nil
}

// partSizes reads the sizes of the parts of an axis.
func partSizes(split *tensor.Tensor, dim int) ([]int, error) {
	size := 1
	if split != nil {
		if !split.DType().IsInteger() || split.Rank() > 1 {
			return nil, fmt.Errorf("the sizes of the parts must be an integer or a vector of them, got %v", split)
		}
		if split.Rank() == 1 {
			sizes, sum := tensor.Ints(split), 0
			for _, n := range sizes {
				if n < 0 || n > dim-sum {
					return nil, fmt.Errorf("parts of %v do not make up an axis of %d", sizes, dim)
				}
				sum += n
			}
			if sum != dim {
				return nil, fmt.Errorf("parts of %v do not make up an axis of %d", sizes, dim)
			}
			return sizes, nil
		}
		if split.Int64(0) < 1 {
			return nil, fmt.Errorf("parts of %d do not make up an axis of %d", split.Int64(0), dim)
		}
		size = int(split.Int64(0))
	}
	if dim/size >= maxItems {
		return nil, fmt.Errorf("an axis of %d in parts of %d makes more than %d items", dim, size, maxItems)
	}
	var sizes []int
	for left := dim; left > 0; left -= size {
		sizes = append(sizes, min(size, left))
	}
	return sizes, nil
}

// ConcatFromSequence joins the tensors of a sequence along an axis, a new one if NewAxis is set.
type ConcatFromSequence struct {
	Axis    int
	NewAxis bool
}

// Infer implements [ir.Op].
func (o *ConcatFromSequence) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	item, err := sequenceOf(c, 0)
	if err != nil {
		return nil, err
	}
	if !item.IsTensor() {
		return nil, fmt.Errorf("only tensors can be joined, got %v", c.Type(0))
	}
	if !item.Ranked {
		return []ir.Fact{ir.Of(item)}, nil
	}
	dims := itemType(c, item).Dims
	rank := len(dims)
	if o.NewAxis {
		rank++
	}
	axis, err := axisIn(o.Axis, rank)
	if err != nil {
		return nil, err
	}
	if o.NewAxis {
		dims = slices.Insert(slices.Clone(dims), axis, c.Fresh("concat"))
	} else {
		dims = slices.Clone(dims)
		dims[axis] = c.Fresh("concat")
	}
	return []ir.Fact{ir.Of(item.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *ConcatFromSequence) Eval(c *ir.EvalContext) error {
	s := sequence(c, 0)
	if len(s.Items) == 0 {
		return fmt.Errorf("an empty sequence has no shape to join")
	}
	items := make([]*tensor.Tensor, len(s.Items))
	total, axis := 0, 0
	for i, v := range s.Items {
		t, ok := v.(*tensor.Tensor)
		if !ok {
			return fmt.Errorf("only tensors can be joined, got %v", ir.TypeOf(v))
		}
		rank, shape := t.Rank(), t.Shape()
		var err error
		if o.NewAxis {
			if axis, err = axisIn(o.Axis, rank+1); err != nil {
				return err
			}
			shape = slices.Insert(slices.Clone(shape), axis, 1)
			if t, err = t.Reshape(shape...); err != nil {
				return err
			}
		} else if axis, err = axisIn(o.Axis, rank); err != nil {
			return err
		}
		items[i] = t
		first := items[0]
		if t.DType() != first.DType() || !equalBut(t.Shape(), first.Shape(), axis) {
			return fmt.Errorf("items of shapes %v and %v do not fit along axis %d", first.Shape(), t.Shape(), axis)
		}
		if total += t.Dim(axis); total < 0 {
			return fmt.Errorf("the joined axis is too long")
		}
	}
	shape := slices.Clone(items[0].Shape())
	shape[axis] = total
	y := c.New(0, items[0].DType(), shape...)
	from := 0
	for _, t := range items {
		outer, n, inner := split3(t.Shape(), axis)
		for a := range outer {
			for b := range n * inner {
				y.CopyElement((a*total+from)*inner+b, t, a*n*inner+b)
			}
		}
		from += n
	}
	return nil
}

// equalBut reports whether two shapes are equal but for one axis.
func equalBut(a, b []int, axis int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if i != axis && a[i] != b[i] {
			return false
		}
	}
	return true
}

func init() {
	ir.Register[SequenceConstruct]()
	ir.Register[SequenceEmpty]()
	ir.Register[SequenceLength]()
	ir.Register[SequenceAt]()
	ir.Register[SequenceInsert]()
	ir.Register[SequenceErase]()
	ir.Register[SplitToSequence]()
	ir.Register[ConcatFromSequence]()
}
