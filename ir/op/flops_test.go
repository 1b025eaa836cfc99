package op_test

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

func TestFlops(t *testing.T) {
	type shapes = [][]int
	for _, c := range []struct {
		o       ir.Op
		in, out shapes
		want    int64
	}{
		{&op.MatMul{}, shapes{{3, 5, 7}, {7, 2}}, shapes{{3, 5, 2}}, 2 * 3 * 5 * 7 * 2},
		{&op.MatMul{TransA: true}, shapes{{7, 5}, {7, 2}}, shapes{{5, 2}}, 2 * 5 * 7 * 2},
		{&op.MatMul{}, shapes{{7}, {7}}, shapes{{}}, 14},
		{&op.Gemm{TransA: true, Alpha: 1}, shapes{{7, 5}, {7, 2}, {2}}, shapes{{5, 2}}, 2 * 5 * 7 * 2},
		{&op.Einsum{Equation: "bij,bjk->bik"}, shapes{{3, 5, 7}, {3, 7, 2}}, shapes{{3, 5, 2}}, 2 * 3 * 5 * 7 * 2},
		{&op.Conv{Group: 2}, shapes{{1, 4, 9, 9}, {6, 2, 3, 3}}, shapes{{1, 6, 7, 7}}, 2 * 6 * 49 * 2 * 9},
		{&op.ConvTranspose{}, shapes{{1, 4, 5}, {4, 6, 3}}, shapes{{1, 6, 7}}, 2 * 4 * 5 * 6 * 3},
		{&op.LSTM{}, shapes{{10, 3, 8}, {2, 16, 8}, {2, 16, 4}}, shapes{{10, 2, 3, 4}}, 2 * 10 * 3 * 2 * 16 * (8 + 4)},
		// All 6 pairs of 2 queries and 3 keys; the causal mask leaves 1 + 2 of them.
		{&op.Attention{}, shapes{{1, 4, 2, 8}, {1, 4, 3, 8}, {1, 4, 3, 16}}, shapes{{1, 4, 2, 16}}, 2 * 6 * 4 * (8 + 16)},
		{&op.Attention{Causal: true}, shapes{{1, 4, 2, 8}, {1, 4, 3, 8}, {1, 4, 3, 16}}, shapes{{1, 4, 2, 16}}, 2 * 3 * 4 * (8 + 16)},
		// With 5 past keys the queries see 6 and 7; a window of 4 leaves 4 each.
		{&op.Attention{Causal: true}, shapes{{1, 4, 2, 8}, {1, 2, 2, 8}, {1, 2, 2, 8}, nil, {1, 2, 5, 8}, {1, 2, 5, 8}}, shapes{{1, 4, 2, 8}}, 2 * 13 * 4 * 16},
		{&op.Attention{Causal: true, Left: 4}, shapes{{1, 4, 2, 8}, {1, 2, 2, 8}, {1, 2, 2, 8}, nil, {1, 2, 5, 8}, {1, 2, 5, 8}}, shapes{{1, 4, 2, 8}}, 2 * 8 * 4 * 16},
		{&op.Attention{Heads: 4}, shapes{{1, 0, 32}, {1, 3, 32}, {1, 3, 32}}, shapes{{1, 0, 32}}, 0},
		{&op.Unary{Fn: op.Gelu}, shapes{{2, 3}}, shapes{{2, 3}}, 6},
		{&op.Softmax{}, shapes{{2, 3}}, shapes{{2, 3}}, 24},
		{&op.MaxPool{Window: op.Window{Kernel: []int{2, 2}}}, shapes{{1, 1, 4, 4}}, shapes{{1, 1, 2, 2}}, 16},
		{&op.Transpose{}, shapes{{2, 3}}, shapes{{3, 2}}, 0},
		// Operands that are no tensors, or too few, count nothing.
		{&op.MatMul{}, shapes{nil, nil}, shapes{nil}, 0},
		{&op.Attention{}, nil, nil, 0},
		{&op.LSTM{}, nil, nil, 0},
		{&op.Conv{}, nil, nil, 0},
	} {
		if got := op.Flops(c.o, c.in, c.out); got != c.want {
			t.Errorf("%s of %v: %d operations, want %d", ir.OpName(c.o), c.in, got, c.want)
		}
	}
}
