package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Gather, n *ir.Node, _ *Program) kernel {
		if !plain(n) {
			return nil
		}
		return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
			axis := axisOf(o.Axis, in[0].Rank())
			outer, dim, inner := around(in[0].Shape(), axis, axis+1)
			k := &gather{dim: dim, inner: inner * elementSize(in[0].DType())}
			if outer*in[1].Len()*inner != out[0].Len() {
				return nil, fmt.Errorf("shapes %v and %v do not give %v", in[0].Shape(), in[1].Shape(), out[0].Shape())
			}
			k.body = k.rows
			return k, nil
		})
	})
}

// gather copies the slices of an axis that the second input names.
type gather struct {
	dim, inner int // of the axis; bytes of a slice
	dst, src   []byte
	index32    []int32
	index64    []int64
	body       func(lo, hi int)
}

func (k *gather) run(x *exec, in, out []*tensor.Tensor) error {
	k.index32, k.index64 = nil, nil
	if out[0].Len() == 0 {
		return nil
	}
	var err error
	if in[1].DType() == tensor.Int32 {
		k.index32 = tensor.Data[int32](in[1])
		err = move.CheckIndices(k.index32, k.dim)
	} else {
		k.index64 = tensor.Data[int64](in[1])
		err = move.CheckIndices(k.index64, k.dim)
	}
	if err != nil {
		return err
	}
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	x.divide(len(k.dst)/k.inner, 2+float64(k.inner)*byteCost, k.body)
	return nil
}

func (k *gather) rows(lo, hi int) {
	if k.index32 != nil {
		move.GatherRange(k.dst, k.src, k.index32, k.dim, k.inner, lo, hi)
	} else {
		move.GatherRange(k.dst, k.src, k.index64, k.dim, k.inner, lo, hi)
	}
}
