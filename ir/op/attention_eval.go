package op

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// headView reads an operand of rank 3 or 4 as [batch, heads, rows, size].
type headView struct {
	t                            *tensor.Tensor
	batch, heads, rows, size     int
	batchStep, headStep, rowStep int
}

func viewHeads(t *tensor.Tensor, what string, heads int) headView {
	switch s := t.Shape(); {
	case len(s) == 4:
		return headView{t, s[0], s[1], s[2], s[3], s[1] * s[2] * s[3], s[2] * s[3], s[3]}
	case len(s) == 3 && heads > 0 && s[2]%heads == 0:
		return headView{t, s[0], heads, s[1], s[2] / heads, s[1] * s[2], s[2] / heads, s[2]}
	}
	ir.Fail("%s of shape %v is not [batch, heads, rows, size] or [batch, rows, %d heads side by side]", what, t.Shape(), heads)
	return headView{}
}

func (v headView) at(b, h, row, k int) float64 {
	return v.t.Float64(v.batchStep*b + v.headStep*h + v.rowStep*row + k)
}

func (v headView) set(b, h, row, k int, x float64) {
	v.t.SetFloat64(v.batchStep*b+v.headStep*h+v.rowStep*row+k, x)
}

// Eval implements [ir.Op].
func (o *Attention) Eval(c *ir.EvalContext) error {
	q := viewHeads(c.Tensor(AttentionQ), "Q", o.Heads)
	k := viewHeads(c.Tensor(AttentionK), "K", o.kvHeads())
	v := viewHeads(c.Tensor(AttentionV), "V", o.kvHeads())
	if q.batch != k.batch || q.batch != v.batch || q.size != k.size || k.heads != v.heads || k.rows != v.rows {
		ir.Fail("shapes %v of Q, %v of K and %v of V do not belong together", q.t.Shape(), k.t.Shape(), v.t.Shape())
	}
	if q.heads > 0 && (k.heads == 0 || q.heads%k.heads != 0) {
		ir.Fail("%d heads of queries are not a multiple of %d heads of keys", q.heads, k.heads)
	}
	past := 0
	if p := c.Tensor(AttentionPastK); p != nil {
		if p.Rank() != 4 {
			ir.Fail("past keys must be [batch, heads, rows, size], got shape %v", p.Shape())
		}
		past = p.Dim(2)
	}
	starts := perBatch(c.Tensor(AttentionStart), q.batch, past)
	k = o.presentOf(c, 1, k, AttentionPastK, starts)
	v = o.presentOf(c, 2, v, AttentionPastV, starts)
	if k.rows != v.rows {
		ir.Fail("%d keys, but %d values", k.rows, v.rows)
	}
	m := newAttentionMask(o, c, starts, [4]int{q.batch, q.heads, q.rows, k.rows})
	shape := []int{q.batch, q.heads, q.rows, v.size}
	if q.t.Rank() == 3 {
		shape = []int{q.batch, q.rows, q.heads * v.size}
	}
	y := viewHeads(c.New(0, q.t.DType(), shape...), "Y", q.heads)
	var stage *tensor.Tensor
	if c.Wants(3) {
		stage = c.New(3, q.t.DType(), q.batch, q.heads, q.rows, k.rows)
	}
	sink := perHead(c.Tensor(AttentionSink), q.heads, math.Inf(-1))
	scale := float64(o.Scale)
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(q.size))
	}
	round := rounder(o.Precision)
	roundScore := round
	if o.Precision == tensor.Invalid && q.t.DType() == tensor.Float32 {
		roundScore = rounder(tensor.Float32) // it counts where a bias such as -1e9 leaves nothing of a score: a query that sees no other keys weighs them alike
	}
	scores := make([]float64, k.rows)
	for b := range q.batch {
		for h := range q.heads {
			group := h / (q.heads / k.heads)
			for i := range q.rows {
				keep := func(at ScoreStage, j int, x float64) {
					if stage != nil && o.Scores == at {
						stage.SetFloat64(((b*q.heads+h)*q.rows+i)*k.rows+j, x)
					}
				}
				for j := range scores {
					dot := 0.0
					for d := range q.size {
						dot += q.at(b, h, i, d) * k.at(b, group, j, d)
					}
					dot *= scale
					keep(ScaledScores, j, dot)
					if o.Softcap > 0 {
						dot = float64(o.Softcap) * math.Tanh(dot/float64(o.Softcap))
					}
					keep(CappedScores, j, dot)
					scores[j] = math.Inf(-1)
					if bias, visible := m.bias(b, h, i, j); visible {
						scores[j] = roundScore(dot + bias)
					}
					keep(MaskedScores, j, scores[j])
				}
				weigh(scores, sink[h], o.Empty)
				for e := range v.size {
					sum := 0.0
					for j, w := range scores {
						if w != 0 {
							sum += round(w) * v.at(b, group, j, e)
						}
					}
					y.set(b, h, i, e, sum)
				}
				for j, w := range scores {
					keep(Weights, j, round(w))
				}
			}
		}
	}
	return nil
}

// weigh turns scores into weights: softmax with one more score, and what empty says where all are -Inf.
func weigh(scores []float64, sink float64, empty EmptyRow) {
	peak := sink
	for _, x := range scores {
		peak = maxNaN(peak, x)
	}
	if math.IsInf(peak, -1) {
		for j := range scores {
			scores[j] = empty.weight(len(scores))
		}
		return
	}
	sum := math.Exp(sink - peak)
	for j, x := range scores {
		scores[j] = math.Exp(x - peak)
		sum += scores[j]
	}
	for j := range scores {
		scores[j] /= sum
	}
}

// presentOf is a view of all keys or values, past and new, as result i; the new ones alone where there is no past.
func (o *Attention) presentOf(c *ir.EvalContext, i int, fresh headView, input int, starts []int) headView {
	past, total := c.Tensor(input), fresh.rows
	if past == nil && !c.Wants(i) {
		return fresh
	}
	if past != nil {
		if s := past.Shape(); len(s) != 4 || s[0] != fresh.batch || s[1] != fresh.heads || s[3] != fresh.size {
			ir.Fail("the past of shape %v does not go with [%d, %d, %d, %d]", s, fresh.batch, fresh.heads, fresh.rows, fresh.size)
		}
		total = past.Dim(2) + fresh.rows
		if n := c.Tensor(AttentionCapacity); n != nil {
			if n.Len() != 1 {
				ir.Fail("the capacity must be one number, got shape %v", n.Shape())
			}
			total = max(past.Dim(2), int(n.Int64(0)))
		}
	}
	all := viewHeads(c.New(i, fresh.t.DType(), fresh.batch, fresh.heads, total, fresh.size), "present", 0)
	for b := range all.batch {
		for h := range all.heads {
			if past != nil {
				for n := range past.Dim(2) * all.size {
					all.t.CopyElement(all.batchStep*b+all.headStep*h+n, past, (b*all.heads+h)*past.Dim(2)*all.size+n)
				}
			}
			first := 0
			switch {
			case past != nil && o.Append:
				first = past.Dim(2)
			case past != nil:
				first = starts[b]
			}
			if first < 0 || fresh.rows > total-first {
				ir.Fail("%d new keys from position %d on do not fit a cache of %d", fresh.rows, first, total)
			}
			for row := range fresh.rows {
				for d := range all.size {
					all.t.CopyElement(all.batchStep*b+all.headStep*h+(first+row)*all.size+d, fresh.t, fresh.batchStep*b+fresh.headStep*h+fresh.rowStep*row+d)
				}
			}
		}
	}
	return all
}

// rounder rounds to an element type; Invalid leaves numbers as they are.
func rounder(d tensor.DType) func(float64) float64 {
	if d == tensor.Invalid || d == tensor.Float64 {
		return func(x float64) float64 { return x }
	}
	t := tensor.New(d)
	return func(x float64) float64 {
		t.SetFloat64(0, x)
		return t.Float64(0)
	}
}
