package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// multihead holds the operands that Attention, MultiHeadAttention and DecoderMaskedMultiHeadAttention of com.microsoft share.
type multihead struct {
	q, k, v      *ir.Value // [B, rows, H·D], keys and values also [B, H, rows, D]
	mask         *ir.Value // as paddingMask takes it
	bias         *ir.Value // broadcasts to the scores
	pastK, pastV *ir.Value
	pastLength   *ir.Value // of a buffer that has room for the new keys; nil: the past is full
	causal       bool
}

// attend adds the attention; the results are those of [op.Attention].
func (c *call) attend(m multihead) []*ir.Value {
	heads := c.int("num_heads", 0)
	if heads <= 0 || heads > 1<<20 {
		c.fail(`attribute "num_heads" must be positive, got %d`, heads)
	}
	o := &op.Attention{Heads: int(heads), Scale: c.float("scale", 0), Causal: m.causal, Scores: op.MaskedScores}
	in := make([]*ir.Value, op.AttentionCapacity+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = m.q, m.k, m.v
	in[op.AttentionPastK], in[op.AttentionPastV] = m.pastK, m.pastV
	if m.pastK != nil && m.pastLength != nil {
		start := c.regroup(c.to(m.pastLength, tensor.Int64), -1)
		in[op.AttentionStart], in[op.AttentionCapacity] = start, c.vector(0)
		in[op.AttentionLengths] = c.plus(start, c.axis(m.k, -2))
	}
	if m.mask != nil {
		mask, lengths := c.paddingMask(m)
		if lengths != nil {
			in[op.AttentionLengths] = lengths
		}
		in[op.AttentionMask] = mask
	}
	if in[op.AttentionMask] == nil {
		in[op.AttentionMask] = m.bias
	} else if m.bias != nil {
		in[op.AttentionMask] = c.plus(m.bias, in[op.AttentionMask])
	}
	return c.exprs(o, in...)
}

// paddingMask gives what to add to the scores, or the lengths of keys. Masks of integers are [B, T] or [B, S, T], 0 where a key is
// masked, [B, 1, rows, keys] to be cut to the rows at hand, or vectors of the lengths [B], of the ends and then the starts [2·B], or of
// the lengths and then the offsets of keys and queries [3·B + 2].
//
// A masked key gets mask_filter_value, which leaves a query that is left without any key to look at all of them alike. That is kept for
// the masks of rank 2 and more; with lengths, such a query gets zeros.
func (c *call) paddingMask(m multihead) (mask, lengths *ir.Value) {
	t := m.mask.Type
	switch len(t.Dims) {
	case 1:
		batch := m.q.Type.Dims[0]
		switch n := t.Dims[0]; {
		case n.Equal(batch):
			return nil, m.mask
		case n.Equal(batch.Mul(sym.Const(3)).Add(sym.Const(2))):
			return nil, c.expr(&op.Slice{}, m.mask, c.vector(0), c.axis(m.q, 0))
		}
		return c.spanMask(m), nil
	case 2:
		return c.filter(c.unsqueeze(c.shown(m.mask), 1, 2), m.q), nil
	case 3:
		return c.filter(c.unsqueeze(c.shown(m.mask), 1), m.q), nil
	case 4:
		first, keys := c.vector(0), c.axis(m.k, -2)
		if m.pastK != nil {
			first = c.axis(m.pastK, 2)
			keys = c.plus(keys, first)
		}
		last := c.plus(first, c.axis(m.q, 1))
		part := c.expr(&op.Slice{}, m.mask, c.join(first, c.vector(0)), c.join(last, keys), c.vector(2, 3))
		return c.filter(c.shown(part), m.q), nil
	}
	c.fail("a mask of type %v is not supported", t)
	return nil, nil
}

// shown is where a mask of integers is positive.
func (c *call) shown(mask *ir.Value) *ir.Value {
	return c.expr(&op.Binary{Fn: op.Greater}, mask, c.number(0, mask))
}

// filter turns a boolean mask into what is added to scores.
func (c *call) filter(shown, like *ir.Value) *ir.Value {
	return c.choose(shown, c.number(0, like), c.number(float64(c.float("mask_filter_value", -10000)), like))
}

// spanMask is the mask of keys from a start, which may be left out, to an end in each batch.
func (c *call) spanMask(m multihead) *ir.Value {
	keys, batch := c.axis(m.k, -2), c.axis(m.q, 0)
	if m.pastK != nil {
		keys = c.plus(keys, c.axis(m.pastK, 2))
	}
	twice := c.plus(batch, batch)
	spans := c.to(m.mask, tensor.Int64)
	ends := c.expr(&op.Slice{}, spans, c.vector(0), batch)
	zeros := c.expr(&op.ConstantOfShape{Value: tensor.Must([]int64{0}, 1)}, batch)
	starts := c.expr(&op.Slice{}, c.join(spans, zeros), batch, twice)
	at := c.count(keys)
	below := c.expr(&op.Binary{Fn: op.Less}, at, c.unsqueeze(ends, 1))
	above := c.expr(&op.Binary{Fn: op.GreaterOrEqual}, at, c.unsqueeze(starts, 1))
	return c.filter(c.unsqueeze(c.expr(&op.Binary{Fn: op.And}, below, above), 1, 2), m.q)
}

// index is an i64 scalar.
func (c *call) index(i int64) *ir.Value { return c.constant(tensor.Scalar(i)) }

// join is a vector of vectors one after another.
func (c *call) join(parts ...*ir.Value) *ir.Value { return c.expr(&op.Concat{}, parts...) }

// importMultiHead: query may hold all of Q, K and V, [B, rows, H, 3, D], and key both of K and V, [B, rows, H, 2, D].
func importMultiHead(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 10); err != nil {
		return nil, err
	}
	if c.input(9) != nil {
		return nil, fmt.Errorf("cache_indirection is not supported")
	}
	m := multihead{q: c.in[0], k: c.input(1), v: c.input(2), mask: c.input(4), bias: c.input(5), pastK: c.input(6), pastV: c.input(7),
		pastLength: c.input(8), causal: c.bool("unidirectional", false)}
	switch {
	case m.k == nil:
		m.q, m.k, m.v = c.interleaved(c.in[0], 0), c.interleaved(c.in[0], 1), c.interleaved(c.in[0], 2)
	case m.v == nil:
		m.k, m.v = c.interleaved(c.in[1], 0), c.interleaved(c.in[1], 1)
	}
	c.addBias(&m, c.input(3))
	return c.exprsOf(m)
}

// finite makes the scores of masked keys the lowest number.
func (c *call) finite(scores *ir.Value) *ir.Value {
	return c.expr(&op.Binary{Fn: op.Max}, scores, c.number(-math.MaxFloat32, scores))
}

// exprsOf is attend as the last thing that an importer does.
func (c *call) exprsOf(m multihead) ([]*ir.Value, error) {
	for _, x := range []*ir.Value{m.q, m.k, m.v} {
		if c.err == nil && (x == nil || !x.Type.Ranked) {
			c.fail("queries, keys and values must have a known rank")
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	out := c.attend(m)
	if c.wants(3) && c.err == nil {
		out = slices.Clone(out)
		out[3] = c.finite(out[3])
	}
	return out, nil
}

// interleaved takes entry i of the last axis but one of [B, rows, H, n, D] and joins the heads: [B, rows, H·D].
func (c *call) interleaved(x *ir.Value, i int64) *ir.Value {
	return c.regroup(c.expr(&op.Gather{Axis: 3}, x, c.index(i)), 0, 0, -1)
}

// addBias adds the bias of the projections of Q, K and V, which lie one after another; those of K are as long as those of Q.
func (c *call) addBias(m *multihead, bias *ir.Value) {
	if bias == nil || c.err != nil {
		return
	}
	hidden := c.axis(m.q, -1)
	twice := c.plus(hidden, hidden)
	m.q = c.plus(m.q, c.expr(&op.Slice{}, bias, c.vector(0), hidden))
	if rank, _ := m.k.Type.Rank(); rank == 4 { // projected elsewhere
		return
	}
	m.k = c.plus(m.k, c.expr(&op.Slice{}, bias, hidden, twice))
	m.v = c.plus(m.v, c.expr(&op.Slice{}, bias, twice, c.axis(bias, 0)))
}

// importDecoderMasked: one query a batch.
func importDecoderMasked(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 11); err != nil {
		return nil, err
	}
	if c.input(9) != nil {
		return nil, fmt.Errorf("cache_indirection is not supported")
	}
	m := multihead{q: c.in[0], k: c.input(1), v: c.input(2), mask: c.input(3), bias: c.input(4), pastK: c.input(5), pastV: c.input(6)}
	if c.bool("past_present_share_buffer", false) {
		m.pastLength = c.input(7)
	}
	if m.k == nil {
		p := c.pieces(m.q, 1, 1, 1)
		m.q, m.k, m.v = p[0], p[1], p[2]
	}
	c.addBias(&m, c.input(10))
	return c.exprsOf(m)
}

func init() {
	register(
		row{"com.microsoft", "DecoderMaskedMultiHeadAttention", 1, importDecoderMasked},
		row{"com.microsoft", "MultiHeadAttention", 1, importMultiHead},
	)
}
