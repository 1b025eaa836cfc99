package main

import (
	"math/rand/v2"

	"github.com/gocompile/gocompile/tensor"
)

// variant is the n-th set of inputs made of the recorded ones, which are the 0th: numbers are scaled by ¾ to 1¼, each by a factor of its own, and integers that
// are a sequence, such as tokens, come in another order.
func variant(recorded []*tensor.Tensor, n int) []*tensor.Tensor {
	if n == 0 {
		return recorded
	}
	out := make([]*tensor.Tensor, len(recorded))
	for i, x := range recorded {
		r := rand.New(rand.NewPCG(uint64(n), uint64(i)))
		y := x.Clone()
		switch y.DType() {
		case tensor.Float32:
			for j, v := range tensor.Data[float32](y) {
				tensor.Data[float32](y)[j] = v * (0.75 + 0.5*r.Float32())
			}
		case tensor.Int64:
			shuffle(r, tensor.Data[int64](y))
		case tensor.Int32:
			shuffle(r, tensor.Data[int32](y))
		}
		out[i] = y
	}
	return out
}

func shuffle[T any](r *rand.Rand, x []T) {
	r.Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
}
