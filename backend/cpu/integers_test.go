package cpu_test

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func TestIntegers(t *testing.T) {
	long := tensor.Must([]int64{0, 1, -1, 5, -7, math.MinInt64, math.MaxInt64, 40}, 2, 4)
	short := tensor.Must([]int32{0, 1, -1, 5, -7, math.MinInt32, math.MaxInt32, 40}, 2, 4)
	for _, o := range []ir.Op{&op.Unary{Fn: op.Abs}, &op.Unary{Fn: op.Neg}} {
		agree(t, single(t, tensor.Int64, 2, o), []tensor.Value{long}, []tensor.Value{tensor.New(tensor.Int64, 0, 3)})
		agree(t, single(t, tensor.Int32, 2, o), []tensor.Value{short})
	}
	at := func(v int64) *tensor.Tensor { return tensor.Must([]int64{v}) }
	for _, limits := range [][]*tensor.Tensor{{at(-3)}, {nil, at(6)}, {at(-3), at(6)}, {at(6), at(-3)}} {
		agree(t, single(t, tensor.Int64, 2, &op.Clip{}, limits...), []tensor.Value{long})
	}
	agree(t, single(t, tensor.Int32, 2, &op.Clip{}, tensor.Must([]int32{-3}), tensor.Must([]int32{6})), []tensor.Value{short})
}
