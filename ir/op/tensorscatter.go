package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// TensorScatter writes the second input, [B, D…, L, D…], into a copy of the first, a cache [B, D…, S, D…], along an axis that is not 0.
// The optional third input, i64 [B], says at which place of the axis the update of each sample begins, 0 where it is absent. With
// Circular set, places are taken modulo S; otherwise an update must fit (ONNX TensorScatter 24).
type TensorScatter struct {
	Axis     int
	Circular bool
}

func (o *TensorScatter) axis(rank int) (int, error) {
	axis, err := axisIn(o.Axis, rank)
	if err == nil && axis == 0 {
		err = fmt.Errorf("axis 0 is the batch and cannot be the axis of sequences")
	}
	return axis, err
}

// Infer implements [ir.Op].
func (o *TensorScatter) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if u := c.Type(1).Elem; u != t.Elem {
		return nil, fmt.Errorf("element types differ: %v and %v", t.Elem, u)
	}
	if t.Ranked {
		_, err = o.axis(len(t.Dims))
	}
	return []ir.Fact{ir.Of(t)}, err
}

// Eval implements [ir.Op].
func (o *TensorScatter) Eval(c *ir.EvalContext) error {
	cache, update, at := c.Tensor(0), c.Tensor(1), c.Tensor(2)
	axis, err := o.axis(cache.Rank())
	if err != nil {
		return err
	}
	fits := slices.Clone(cache.Shape())
	if update.Rank() == len(fits) {
		fits[axis] = update.Dim(axis)
	}
	if !slices.Equal(fits, update.Shape()) || update.Dim(axis) > cache.Dim(axis) {
		return fmt.Errorf("an update of shape %v does not fit a cache of shape %v along axis %d", update.Shape(), cache.Shape(), axis)
	}
	if at != nil && (at.Len() != cache.Dim(0) || !at.DType().IsInteger()) {
		return fmt.Errorf("write indices %v%v are not one for each of %d samples", at.DType(), at.Shape(), cache.Dim(0))
	}
	y := c.New(0, cache.DType(), cache.Shape()...)
	y.CopyFrom(cache)
	outer, length, inner := split3(update.Shape(), axis)
	size := cache.Dim(axis)
	perSample := outer / max(1, cache.Dim(0))
	for a := range outer {
		start, err := o.start(at, a/perSample, length, size)
		if err != nil {
			return err
		}
		for i := range length {
			place := (start + i) % size
			for b := range inner {
				y.CopyElement((a*size+place)*inner+b, update, (a*length+i)*inner+b)
			}
		}
	}
	return nil
}

func (o *TensorScatter) start(at *tensor.Tensor, sample, length, size int) (int, error) {
	if at == nil {
		return 0, nil
	}
	n := at.Int64(sample)
	if o.Circular && size > 0 {
		return int(modInt(n, int64(size))), nil
	}
	if n < 0 || n > int64(size-length) {
		return 0, fmt.Errorf("an update of %d from place %d does not fit into %d", length, n, size)
	}
	return int(n), nil
}

func init() { ir.Register[TensorScatter]() }
