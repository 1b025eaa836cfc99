package op

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// attentionMask says which keys an attention may see, and what to add to their scores.
type attentionMask struct {
	left, right int // keys that are visible to either side of a query, its own position included; 0 is no limit
	starts      []int
	lengths     []int
	slopes      []float64
	mask        *tensor.Tensor // nil: none
	columns     int            // keys that the mask covers
	step        [4]int         // strides of the mask
}

// newAttentionMask checks the inputs against the sizes, which are [batch, heads, queries, keys].
func newAttentionMask(o *Attention, c *ir.EvalContext, starts []int, sizes [4]int) *attentionMask {
	m := &attentionMask{left: min(o.Left, MaxWindow), right: min(o.Right, MaxWindow), starts: starts, mask: c.Tensor(AttentionMask), columns: sizes[3]}
	if o.Causal {
		m.right = 1
	}
	m.lengths = perBatch(c.Tensor(AttentionLengths), sizes[0], sizes[3])
	m.slopes = perHead(c.Tensor(AttentionSlopes), sizes[1], 0)
	if m.mask == nil {
		return m
	}
	shape := m.mask.Shape()
	if len(shape) > 4 {
		ir.Fail("the mask must have rank 4 at most, got shape %v", shape)
	}
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		axis := i + 4 - len(shape)
		switch {
		case shape[i] == 1:
		case shape[i] == sizes[axis]:
			m.step[axis] = step
		case axis == 3 && shape[i] < sizes[3]:
			m.step[axis], m.columns = step, shape[i]
		default:
			ir.Fail("the mask of shape %v does not broadcast to %v", shape, sizes)
		}
		step *= shape[i]
	}
	return m
}

// bias is what to add to the score of query i and key j, and whether the key is visible at all.
func (m *attentionMask) bias(b, h, i, j int) (float64, bool) {
	p := m.starts[b] + i
	if j >= m.lengths[b] || j >= m.columns || m.left > 0 && j <= p-m.left || m.right > 0 && j-p >= m.right {
		return 0, false
	}
	bias := 0.0
	if m.slopes[h] != 0 {
		bias = -m.slopes[h] * math.Abs(float64(p-j))
	}
	if m.mask != nil {
		x := m.mask.Float64(m.step[0]*b + m.step[1]*h + m.step[2]*i + m.step[3]*j)
		if m.mask.DType() == tensor.Bool {
			return bias, x != 0
		}
		bias += x
	}
	return bias, !math.IsInf(bias, -1)
}

// perBatch reads one integer a batch, or one for all; absent, all are def.
func perBatch(t *tensor.Tensor, batch, def int) []int {
	n := make([]int, batch)
	if t != nil && t.Len() != 1 && t.Len() != batch {
		ir.Fail("shape %v is not one number for each of %d batches", t.Shape(), batch)
	}
	for b := range n {
		n[b] = def
		if t != nil {
			n[b] = int(max(math.MinInt32, min(math.MaxInt32, t.Int64(b%t.Len()))))
		}
	}
	return n
}

// perHead reads one number a head; absent, all are def.
func perHead(t *tensor.Tensor, heads int, def float64) []float64 {
	if t == nil {
		x := make([]float64, heads)
		for h := range x {
			x[h] = def
		}
		return x
	}
	if t.Len() != heads {
		ir.Fail("shape %v is not one number for each of %d heads", t.Shape(), heads)
	}
	return tensor.Float64s(t)
}
