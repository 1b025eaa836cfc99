package op

import "github.com/gocompile/gocompile/ir"

// Flops counts the arithmetic that an operator does at least for operands of certain shapes, nil where there is no tensor: what throughput is
// measured in. A multiply-add is two operations, a function of one or two elements is one, and conversions are none.
//
// Products, convolutions, recurrences and attention are counted by their multiply-adds alone; of attention those are counted that the causal
// mask, windows and the sizes of operands leave, whatever other masks and lengths say; queries whose position is an input count as the last. Reductions are one operation for each element that is
// read, norms and softmax four. Operators that only move data are none, and so are those that are counted elsewhere (control flow, whose
// bodies are) or not at all (image codecs, text, trees, sorting).
func Flops(o ir.Op, in, out [][]int) int64 {
	switch o := o.(type) {
	case *MatMul:
		return 2 * elements(out, 0) * depth(shapeAt(in, 0), o.TransA)
	case *Gemm:
		return 2 * elements(out, 0) * depth(shapeAt(in, 0), o.TransA)
	case *MatMulInteger, *QLinearMatMul:
		return 2 * elements(out, 0) * depth(shapeAt(in, 0), false)
	case *Einsum:
		return o.flops(in)
	case *Conv, *ConvInteger, *DeformConv:
		return 2 * elements(out, 0) * perFirst(shapeAt(in, 1))
	case *ConvTranspose:
		return 2 * elements(in, 0) * perFirst(shapeAt(in, 1))
	case *Attention:
		return o.flops(in, out)
	case *LinearAttention:
		return o.flops(in)
	case *LSTM, *GRU, *RNN:
		return recurrentFlops(in)
	case *Unary, *Binary:
		return elements(out, 0)
	case *Rotary:
		return 3 * elements(out, 0)
	case *Reduce, *Cumulative:
		return elements(in, 0)
	case *Softmax, *LayerNorm, *RMSNorm, *GroupNorm:
		return 4 * elements(in, 0)
	case *BatchNorm:
		return 2 * elements(out, 0)
	case *MaxPool:
		return elements(out, 0) * product(o.Kernel)
	case *AveragePool:
		return elements(out, 0) * product(o.Kernel)
	case *LpPool:
		return 2 * elements(out, 0) * product(o.Kernel)
	case *LRN:
		return 2 * elements(out, 0) * int64(o.Size)
	}
	return 0
}

func shapeAt(shapes [][]int, i int) []int {
	if i >= len(shapes) {
		return nil
	}
	return shapes[i]
}

// elements is how many elements an operand has, 0 if it is absent.
func elements(shapes [][]int, i int) int64 {
	if s := shapeAt(shapes, i); s != nil {
		return product(s)
	}
	return 0
}

func product(shape []int) int64 {
	n := int64(1)
	for _, d := range shape {
		n *= int64(d)
	}
	return n
}

// perFirst is how many elements belong to one index of the first axis.
func perFirst(shape []int) int64 {
	if len(shape) == 0 {
		return 0
	}
	return product(shape[1:])
}

// depth is the length of the sums of a product with this left operand.
func depth(a []int, trans bool) int64 {
	switch n := len(a); {
	case n == 0:
		return 0
	case trans && n > 1:
		return int64(a[n-2])
	default:
		return int64(a[n-1])
	}
}

// recurrentFlops is for the inputs X, W and R of a recurrent layer.
func recurrentFlops(in [][]int) int64 {
	x, w, r := shapeAt(in, 0), shapeAt(in, 1), shapeAt(in, 2)
	if len(x) != 3 || w == nil || r == nil {
		return 0
	}
	return 2 * int64(x[0]) * int64(x[1]) * (product(w) + product(r))
}

func (o *Einsum) flops(in [][]int) int64 {
	ranks := make([]int, len(in))
	for i, s := range in {
		ranks[i] = len(s)
	}
	labels, _, err := o.Terms(ranks)
	if err != nil {
		return 0
	}
	size := map[rune]int{}
	for i, term := range labels {
		for axis, l := range term {
			size[l] = max(size[l], in[i][axis])
		}
	}
	n := int64(len(in))
	for _, d := range size {
		n *= int64(d)
	}
	return n
}

func (o *Attention) flops(in, out [][]int) int64 {
	q, k, v, past := shapeAt(in, AttentionQ), shapeAt(in, AttentionK), shapeAt(in, AttentionV), shapeAt(in, AttentionPastK)
	if len(q) < 3 || len(k) < 3 || len(v) < 3 {
		return 0
	}
	queries, keys := q[len(q)-2], k[len(k)-2]
	start := 0
	if len(past) == 4 {
		start = past[2]
		keys += start
	}
	if shapeAt(in, AttentionStart) != nil {
		start = keys - queries
	}
	left, right := o.Left, o.Right
	if o.Causal {
		right = 1
	}
	pairs := int64(0) // of a query and a key that takes part
	for i := range queries {
		first, last := 0, keys
		if left > 0 {
			first = max(0, start+i-left+1)
		}
		if right > 0 {
			last = min(keys, start+i+right)
		}
		pairs += int64(max(0, last-first))
	}
	if queries == 0 {
		return 0
	}
	perPair := product(q)/int64(queries) + elements(out, 0)/int64(queries) // of all batches and heads
	return 2 * pairs * perPair
}

func (o *LinearAttention) flops(in [][]int) int64 {
	q, v := shapeAt(in, LinearQ), shapeAt(in, LinearV)
	if len(q) != 3 || len(v) != 3 || o.Heads == 0 || o.KVHeads == 0 {
		return 0
	}
	d, e := int64(q[2]/o.Heads), int64(v[2]/o.KVHeads)
	return 2 * int64(q[0]) * int64(q[1]) * d * e * int64(o.Heads+o.KVHeads)
}
