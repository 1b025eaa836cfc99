package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/kernel/rows"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Softmax, n *ir.Node, _ *Program) kernel {
		if n.Input(0).Type.Elem != tensor.Float32 {
			return nil
		}
		return binder(func(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
			if in[0].Rank() == 0 {
				return nil, fmt.Errorf("a scalar has no axis %d", o.Axis)
			}
			axis := axisOf(o.Axis, in[0].Rank())
			outer, n, inner := around(in[0].Shape(), axis, axis+1)
			k := &softmax{log: o.Log, outer: outer, inner: inner, scores: rows.Scores{N: n}}
			if inner > 1 && n > 1 {
				k.to, k.from = move.NewTranspose([]int{n, inner}, []int{1, 0}), move.NewTranspose([]int{inner, n}, []int{1, 0})
			}
			k.body = k.rows
			return k, nil
		})
	})
}

// softmax normalises along an axis of [outer, n, inner].
type softmax struct {
	log          bool
	outer, inner int
	scores       rows.Scores
	to, from     *move.View // of an axis that is not the last: [n, inner] to [inner, n], and back
	dst, src     []float32
	body         func(lo, hi int)
}

func (k *softmax) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = f32(out[0]), f32(in[0])
	if len(k.dst) == 0 {
		return nil
	}
	n := k.scores.N
	if k.to == nil {
		x.divide(k.outer*k.inner, float64(n)*expCost, k.body)
		return nil
	}
	size := n * k.inner
	turned := x.floats(size)
	for i := range k.outer {
		k.to.Run(floatBytes(turned), floatBytes(k.src[i*size:(i+1)*size]), 4, 0, k.to.Rows())
		k.apply(turned, turned)
		k.from.Run(floatBytes(k.dst[i*size:(i+1)*size]), floatBytes(turned), 4, 0, k.from.Rows())
	}
	return nil
}

func (k *softmax) rows(lo, hi int) {
	n := k.scores.N
	k.apply(k.dst[lo*n:hi*n], k.src[lo*n:hi*n])
}

func (k *softmax) apply(dst, src []float32) {
	if k.log {
		k.scores.LogSoftmax(dst, src)
	} else {
		k.scores.Softmax(dst, src)
	}
}

// expCost is the time that an exponential takes, in nanoseconds.
const expCost = 1.5
