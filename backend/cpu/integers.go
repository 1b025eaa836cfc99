package cpu

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// lowerInteger is for functions of one integer, and for limits that are constants.
func lowerInteger(n *ir.Node) kernel {
	switch n.Input(0).Type.Elem {
	case tensor.Int64:
		return mapping(ofInteger[int64](n, math.MinInt64, math.MaxInt64))
	case tensor.Int32:
		return mapping(ofInteger[int32](n, math.MinInt32, math.MaxInt32))
	}
	return nil
}

// ofInteger is the function of a node, nil if there is none here. Integers wrap around.
func ofInteger[T int32 | int64](n *ir.Node, least, most T) func(T) T {
	switch o := n.Op.(type) {
	case *op.Unary:
		switch o.Fn {
		case op.Abs:
			return func(x T) T { return max(x, -x) }
		case op.Neg:
			return func(x T) T { return -x }
		}
	case *op.Clip:
		if !number(n.Input(1)) || !number(n.Input(2)) {
			return nil
		}
		lo, hi := least, most
		if v := n.Input(1); v != nil {
			lo = T(v.Const.Int64(0))
		}
		if v := n.Input(2); v != nil {
			hi = T(v.Const.Int64(0))
		}
		return func(x T) T { return min(max(x, lo), hi) }
	}
	return nil
}

func mapping[T int32 | int64](f func(T) T) kernel {
	if f == nil {
		return nil
	}
	return binder(func(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
		k := &mapped[T]{}
		k.body = func(lo, hi int) {
			for i, v := range k.src[lo:hi] {
				k.dst[lo+i] = f(v)
			}
		}
		return k, sameLen(in[0], out[0])
	})
}

// mapped applies a function to each element.
type mapped[T int32 | int64] struct {
	dst, src []T
	body     func(lo, hi int)
}

func (k *mapped[T]) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = tensor.Data[T](out[0]), tensor.Data[T](in[0])
	x.divide(len(k.dst), 2, k.body)
	return nil
}
