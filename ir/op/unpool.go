package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MaxUnpool undoes [MaxPool]: the elements of the first input go where the second, its offsets, says, all others are zero. Offsets are those in
// a tensor of the shape before pooling, Stride·(in − 1) + kernel − padding an axis. The optional third input is the shape of the result, in whose
// first corner that tensor is put.
type MaxUnpool struct{ Window }

// Infer implements [ir.Op].
func (o *MaxUnpool) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	t := c.Type(0)
	if c.Type(1).Elem != tensor.Int64 {
		return nil, fmt.Errorf("offsets must be i64, got %v", c.Type(1))
	}
	if err := spatial(t); err != nil {
		return nil, err
	}
	if err := o.check(len(o.Kernel)); err != nil {
		return nil, err
	}
	if t.Ranked && len(t.Dims) != len(o.Kernel)+2 {
		return nil, fmt.Errorf("a kernel of %v does not suit %v", o.Kernel, t)
	}
	if c.Has(2) {
		return []ir.Fact{shapedFact(c, 2, t.Elem, nil)}, nil
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("unpool", len(o.Kernel)+2)...))}, nil
	}
	dims := slices.Clone(t.Dims)
	for i, n := range t.Dims[2:] {
		dims[i+2] = n.Sub(sym.Const(1)).Mul(sym.Int(numberOr(o.Strides, i, 1))).Add(sym.Int(o.Kernel[i] - o.before(i) - o.after(i)))
		if k, ok := dims[i+2].IsConst(); ok && k < 0 {
			return nil, fmt.Errorf("spatial axis %d would have %d elements", i, k)
		}
	}
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *MaxUnpool) Eval(c *ir.EvalContext) error {
	x, where := c.Tensor(0), c.Tensor(1)
	batch, channels, space := spatialShape(x.Shape())
	if err := o.check(len(space)); err != nil {
		return err
	}
	if len(o.Kernel) != len(space) || !slices.Equal(x.Shape(), where.Shape()) {
		return fmt.Errorf("data of shape %v, offsets of shape %v and a kernel of %v do not fit together", x.Shape(), where.Shape(), o.Kernel)
	}
	shape := []int{batch, channels}
	for i, n := range space {
		shape = append(shape, (n-1)*numberOr(o.Strides, i, 1)+o.Kernel[i]-o.before(i)-o.after(i))
	}
	result := shape
	if t := c.Tensor(2); t != nil {
		if result = tensor.Ints(t); len(result) != len(shape) {
			return fmt.Errorf("a result of shape %v must have rank %d", result, len(shape))
		}
	}
	y := c.New(0, x.DType(), result...)
	total, err := tensor.NumElements(shape)
	if err != nil {
		return err
	}
	steps := rowMajor(result)
	for i := range x.Len() {
		at := where.Int64(i)
		if at < 0 || at >= int64(total) {
			return fmt.Errorf("offset %d lies outside of shape %v", at, shape)
		}
		to, rest, inside := 0, int(at), true
		for d := len(shape) - 1; d >= 0; d-- {
			k := rest % shape[d]
			rest /= shape[d]
			inside = inside && k < result[d]
			to += k * steps[d]
		}
		if inside {
			y.CopyElement(to, x, i)
		}
	}
	return nil
}

func init() { ir.Register[MaxUnpool]() }
