package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.GatherND, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			k, err := newTuples(in[0], in[1], o.BatchDims)
			if err == nil && len(k.at)*k.size != len(out[0].Bytes()) {
				err = fmt.Errorf("%d slices of %d bytes do not make up shape %v", len(k.at), k.size, out[0].Shape())
			}
			return gatherTuples{k}, err
		})
	})
	lowerBy(func(o *op.ScatterND, n *ir.Node, _ *Program) kernel {
		if !plain(n) || o.Reduction != "" {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			k, err := newTuples(in[0], in[1], 0)
			if err == nil && (len(k.at)*k.size != len(in[2].Bytes()) || in[0].Len() != out[0].Len()) {
				err = fmt.Errorf("updates of shape %v do not fit %d slices of %d bytes", in[2].Shape(), len(k.at), k.size)
			}
			return scatterTuples{k}, err
		})
	})
	lowerBy(func(o *op.GatherElements, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			return newElements(o.Axis, in[0], in[1], out[0])
		})
	})
}

// tuples are the slices that index tuples name.
type tuples struct {
	where move.Tuples
	at    []int
	size  int // bytes of a slice
}

func newTuples(data, indices *tensor.Tensor, batch int) (*tuples, error) {
	shape, is := data.Shape(), indices.Shape()
	if len(is) == 0 || batch >= len(is) || batch+is[len(is)-1] > len(shape) {
		return nil, fmt.Errorf("indices of shape %v do not fit shape %v", is, shape)
	}
	depth := is[len(is)-1]
	for i, d := range is[:batch] {
		if d != shape[i] {
			return nil, fmt.Errorf("axis %d differs: shapes %v and %v", i, shape, is)
		}
	}
	k := &tuples{size: count(shape[batch+depth:]) * elementSize(data.DType()), at: make([]int, count(is[:len(is)-1]))}
	k.where = move.Tuples{Shape: shape[batch : batch+depth], Steps: dense(shape[batch : batch+depth]), Batch: count(shape[batch : batch+depth])}
	if batch > 0 {
		k.where.PerBatch = count(is[batch : len(is)-1])
	}
	return k, nil
}

func (k *tuples) resolve(indices *tensor.Tensor) error {
	if indices.DType() == tensor.Int32 {
		return move.Resolve(&k.where, k.at, tensor.Data[int32](indices))
	}
	return move.Resolve(&k.where, k.at, tensor.Data[int64](indices))
}

type gatherTuples struct{ *tuples }

func (k gatherTuples) run(_ *exec, in, out []*tensor.Tensor) error {
	if err := k.resolve(in[1]); err != nil {
		return err
	}
	move.Take(out[0].Bytes(), in[0].Bytes(), k.at, k.size)
	return nil
}

type scatterTuples struct{ *tuples }

func (k scatterTuples) run(_ *exec, in, out []*tensor.Tensor) error {
	if err := k.resolve(in[1]); err != nil {
		return err
	}
	copy(out[0].Bytes(), in[0].Bytes())
	move.Put(out[0].Bytes(), in[2].Bytes(), k.at, k.size)
	return nil
}

// elements takes single elements along an axis: the position says the other indices.
type elements struct {
	dim, step, size int
	base            []int // by element of the result: the source at index 0 of the axis
	at              []int
}

func newElements(axis int, data, indices, out *tensor.Tensor) (*elements, error) {
	shape := indices.Shape()
	if len(shape) != data.Rank() || indices.Len() != out.Len() {
		return nil, fmt.Errorf("indices of shape %v for shape %v", shape, data.Shape())
	}
	axis = axisOf(axis, len(shape))
	for i, d := range shape {
		if i != axis && d > data.Dim(i) {
			return nil, fmt.Errorf("indices of shape %v reach out of shape %v", shape, data.Shape())
		}
	}
	steps := dense(data.Shape())
	k := &elements{dim: data.Dim(axis), step: steps[axis], size: elementSize(data.DType()), base: make([]int, indices.Len()), at: make([]int, indices.Len())}
	for i := range k.base {
		for a, rest := len(shape)-1, i; a >= 0; a-- {
			if a != axis {
				k.base[i] += rest % shape[a] * steps[a]
			}
			rest /= shape[a]
		}
	}
	return k, nil
}

func (k *elements) run(_ *exec, in, out []*tensor.Tensor) error {
	for i, base := range k.base {
		index := in[1].Int64(i)
		if index < -int64(k.dim) || index >= int64(k.dim) {
			return &move.IndexError{Position: i, Index: index, Size: k.dim}
		}
		k.at[i] = base + axisOf(int(index), k.dim)*k.step
	}
	move.Take(out[0].Bytes(), in[0].Bytes(), k.at, k.size)
	return nil
}
