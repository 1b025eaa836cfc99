package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Attention is scaled dot-product attention, head by head: Y = softmax(cap(Q·Kᵀ·Scale) + bias)·V.
//
// Sizes are B of the batch, H heads of queries, G heads of keys and values (H is a multiple of G: query head h reads key head h/(H/G)), S
// queries, N new keys, P past keys, T keys in all, D and E elements of a head of K and of V. The inputs are those that the constants
// [AttentionQ] and so on describe. The results are
//
//	0  Y           [B, H, S, E], or [B, S, H·E] if Q has rank 3, with the element type of Q
//	1  present K   [B, G, T, D], the keys that were attended to: the past ones with K written into them
//	2  present V   [B, G, T, E]
//	3  scores      [B, H, S, T], as far as they have got at the stage Scores, with the element type of Q
//
// Query i of batch b stands at position Start[b] + i among the keys, where Start is P unless it is given; key j stands at j. With past keys,
// the new ones are written at positions Start[b], Start[b]+1, …, or with Append behind the past ones, and T is P + N, or the larger of P and
// Capacity. Without, T is N.
//
// A key takes part for a query at position p unless one of these masks it:
//
//	Causal   keys after p are masked
//	Left     if > 0: keys up to p - Left are masked, so that Left keys remain, the one at p included
//	Right    if > 0: keys from p + Right on are masked
//	lengths  keys from lengths[b] on are masked
//	mask     keys where a boolean mask is false or a float mask -Inf, and keys beyond the mask's last column, are masked
//
// The weight of a masked key is 0 whatever its score, and NaN and infinities in it and in its values do not reach Y. What becomes of a query without any
// key, Empty says. The bias is the sum of a float mask
// and of -slopes[h]·|p - j|.
//
// Sources: ONNX Attention 23 to 25 and com.microsoft GroupQueryAttention; Press et al., Train Short, Test Long (slopes); Xiao et al., Efficient
// Streaming Language Models with Attention Sinks.
type Attention struct {
	Heads, KVHeads int     // H and G; needed for operands of rank 3 only. KVHeads 0 is as many as Heads
	Scale          float32 // factor of the scores; 0 is 1/√D
	Softcap        float32 // if > 0: scores become Softcap·tanh(score/Softcap)
	Causal         bool
	Append         bool         // new keys follow the P past ones, wherever the queries stand
	Left, Right    int          // the window, in keys to either side, the query's own position included; 0 is no limit
	Empty          EmptyRow     // weights of a query without any key
	Scores         ScoreStage   // of result 3
	Precision      tensor.DType // in which scores and weights are rounded; 0 is the element type of Q
}

// The inputs of [Attention]; all from AttentionMask on are optional.
const (
	AttentionQ        = iota // queries [B, H, S, D] or [B, S, H·D]
	AttentionK               // new keys [B, G, N, D] or [B, N, G·D]
	AttentionV               // new values [B, G, N, E] or [B, N, G·E]
	AttentionMask            // bool or float, broadcasts to [B, H, S, T]; its last axis may be shorter than T if it is not 1
	AttentionPastK           // past keys [B, G, P, D]
	AttentionPastV           // past values [B, G, P, E]
	AttentionLengths         // integers [B] or []: keys that are valid
	AttentionStart           // integers [B] or []: position of the first query, and of the first new key if there are past ones
	AttentionCapacity        // integer [] or [1]: least T with past keys, which then need not grow by N
	AttentionSlopes          // floats [H] of ALiBi
	AttentionSink            // floats [H]: a score that takes its share of the weights and has no value
	attentionInputs
)

// MaxWindow is a window that every key is inside of: larger values of Left and Right mean the same.
const MaxWindow = min(1<<40, math.MaxInt/4)

// EmptyRow says which weights a query has that all keys are masked for. ONNX asks for zeros; a softmax over scores that are all -Inf gives NaN, and
// one over scores that are all the same finite number gives equal weights.
type EmptyRow uint8

// The weights of a query without any key.
const (
	EmptyZero EmptyRow = iota // 0
	EmptyMean                 // 1/T for every key, masked as it is, so that Y is the mean of the values
	EmptyNaN                  // NaN
)

// weight of each of n keys.
func (e EmptyRow) weight(n int) float64 {
	switch e {
	case EmptyMean:
		return 1 / float64(n)
	case EmptyNaN:
		return math.NaN()
	}
	return 0
}

// ScoreStage says how far the scores have got that are result 3 of [Attention].
type ScoreStage uint8

// The stages of scores, in order.
const (
	ScaledScores ScoreStage = iota // Q·Kᵀ·Scale
	CappedScores                   // after Softcap
	MaskedScores                   // after the bias; -Inf where a key is masked
	Weights                        // after softmax
)

// attentionDims are the sizes of an operand as symbols.
type attentionDims struct{ batch, heads, rows, size sym.Expr }

// split sees an operand of rank 3 or 4 as [batch, heads, rows, size]; heads is needed for rank 3.
func (o *Attention) split(t ir.Type, what string, heads int) (attentionDims, error) {
	d := t.Dims
	switch {
	case len(d) == 4:
		return attentionDims{d[0], d[1], d[2], d[3]}, nil
	case len(d) == 3 && heads > 0:
		size, ok := sym.DivExact(d[2], sym.Int(heads))
		if !ok {
			if n, known := d[2].IsConst(); known {
				return attentionDims{}, fmt.Errorf("%s %v does not divide into %d heads: %d is not a multiple", what, t, heads, n)
			}
			size = d[2].FloorDiv(int64(heads))
		}
		return attentionDims{d[0], sym.Int(heads), d[1], size}, nil
	case len(d) == 3:
		return attentionDims{}, fmt.Errorf("%s %v has rank 3, but the number of heads is not given", what, t)
	}
	return attentionDims{}, fmt.Errorf("%s must have rank 3 or 4, got %v", what, t)
}

// kvHeads is G as far as it is an attribute.
func (o *Attention) kvHeads() int {
	if o.KVHeads == 0 {
		return o.Heads
	}
	return o.KVHeads
}

// Infer implements [ir.Op].
func (o *Attention) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := o.check(c); err != nil {
		return nil, err
	}
	q, k, v := c.Type(AttentionQ), c.Type(AttentionK), c.Type(AttentionV)
	if !q.Ranked || !k.Ranked || !v.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(q.Elem)), ir.Of(ir.UnrankedType(k.Elem)), ir.Of(ir.UnrankedType(v.Elem)), ir.Of(ir.UnrankedType(q.Elem))}, nil
	}
	dq, err := o.split(q, "Q", o.Heads)
	if err != nil {
		return nil, err
	}
	dk, err := o.split(k, "K", o.kvHeads())
	if err != nil {
		return nil, err
	}
	dv, err := o.split(v, "V", o.kvHeads())
	if err != nil {
		return nil, err
	}
	pair := func(what string, a, b sym.Expr) sym.Expr {
		d, e := sameDim(a, b)
		if e != nil && err == nil {
			err = fmt.Errorf("%s of Q %v, K %v and V %v do not agree: %w", what, q, k, v, e)
		}
		return d
	}
	batch := pair("batches", pair("batches", dq.batch, dk.batch), dv.batch)
	size := pair("sizes of heads", dq.size, dk.size)
	groups := pair("heads", dk.heads, dv.heads)
	total := pair("keys", dk.rows, dv.rows)
	if err != nil {
		return nil, err
	}
	if h, ok := dq.heads.IsConst(); ok {
		if g, ok := groups.IsConst(); ok && (g <= 0 || h%g != 0) {
			return nil, fmt.Errorf("%d heads of queries are not a multiple of %d heads of keys", h, g)
		}
	}
	if c.Has(AttentionPastK) {
		total = o.present(c, total)
		if p := c.Type(AttentionPastK); len(p.Dims) == 4 {
			size = pair("sizes of past heads", size, p.Dims[3])
		}
		if p := c.Type(AttentionPastV); len(p.Dims) == 4 {
			dv.size = pair("sizes of past heads", dv.size, p.Dims[3])
		}
		if err != nil {
			return nil, err
		}
	}
	y := q.WithDims(batch, dq.heads, dq.rows, dv.size)
	if len(q.Dims) == 3 {
		y = q.WithDims(batch, dq.rows, o.hidden(v, dq.heads, dv.size))
	}
	return []ir.Fact{
		ir.Of(y), ir.Of(k.WithDims(batch, groups, total, size)), ir.Of(v.WithDims(batch, groups, total, dv.size)),
		ir.Of(q.WithDims(batch, dq.heads, dq.rows, total)),
	}, nil
}

// hidden is H·E, without a division where V has its heads side by side.
func (o *Attention) hidden(v ir.Type, heads, size sym.Expr) sym.Expr {
	if h, ok := heads.IsConst(); ok && len(v.Dims) == 3 && o.kvHeads() > 0 && h%int64(o.kvHeads()) == 0 {
		return v.Dims[2].Mul(sym.Const(h / int64(o.kvHeads())))
	}
	return heads.Mul(size)
}

// present is T where there are past keys and n new ones.
func (o *Attention) present(c *ir.InferContext, n sym.Expr) sym.Expr {
	past := c.Type(AttentionPastK)
	if len(past.Dims) != 4 {
		return c.Fresh("keys")
	}
	if !c.Has(AttentionCapacity) {
		return past.Dims[2].Add(n)
	}
	if e, ok := c.Exprs(AttentionCapacity); ok && len(e) == 1 {
		return sym.Max(past.Dims[2], e[0])
	}
	return c.Fresh("keys")
}

// check looks at what is independent of shapes.
func (o *Attention) check(c *ir.InferContext) error {
	if err := c.Expect(3, attentionInputs); err != nil {
		return err
	}
	if o.Heads < 0 || o.KVHeads < 0 || o.Left < 0 || o.Right < 0 || o.Scores > Weights {
		return fmt.Errorf("attributes must not be negative: %+v", *o)
	}
	for i, what := range []string{"Q", "K", "V"} {
		if t, err := c.Tensor(i); err != nil || !t.Elem.IsFloat() {
			return fmt.Errorf("%s must be a tensor of floats, got %v", what, c.Type(i))
		}
	}
	if o.Precision != tensor.Invalid && !o.Precision.IsFloat() {
		return fmt.Errorf("scores cannot be rounded to %v", o.Precision)
	}
	if c.Has(AttentionPastK) != c.Has(AttentionPastV) {
		return fmt.Errorf("past keys and past values must be given together")
	}
	if o.Append && !c.Has(AttentionPastK) {
		return fmt.Errorf("there are no past keys to append to")
	}
	if p, v := c.Type(AttentionPastK), c.Type(AttentionPastV); c.Has(AttentionPastK) && (p.Elem != c.Type(AttentionK).Elem || v.Elem != c.Type(AttentionV).Elem) {
		return fmt.Errorf("past %v and %v do not have the elements of K %v and V %v", p, v, c.Type(AttentionK), c.Type(AttentionV))
	}
	if t := c.Type(AttentionMask); c.Has(AttentionMask) && (len(t.Dims) > 4 || t.Elem != tensor.Bool && !t.Elem.IsFloat()) {
		return fmt.Errorf("the mask must be bool or float of rank 4 at most, got %v", t)
	}
	for _, i := range []int{AttentionLengths, AttentionStart, AttentionCapacity} {
		if t := c.Type(i); c.Has(i) && (!t.Elem.IsInteger() || len(t.Dims) > 1) {
			return fmt.Errorf("input %d must be an integer vector or scalar, got %v", i, t)
		}
	}
	for _, i := range []int{AttentionSlopes, AttentionSink} {
		if t := c.Type(i); c.Has(i) && (!t.Elem.IsFloat() || t.Ranked && len(t.Dims) != 1) {
			return fmt.Errorf("input %d must be a vector of floats, got %v", i, t)
		}
	}
	return nil
}

func init() { ir.Register[Attention]() }
