package onnx

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// The inputs of com.microsoft GroupQueryAttention.
const (
	gqaQuery = iota // all of Q, K and V side by side if there is no key
	gqaKey
	gqaValue
	gqaPastKey
	gqaPastValue
	gqaLengths // [B]: keys in all, less one
	gqaTotal   // the largest number of keys in all
	gqaCos
	gqaSin
	gqaPositions
	gqaBias
	gqaSink
	gqaScaleK
	gqaScaleV
	gqaNormQ
	gqaNormK
	gqaQueries // [B]: queries that are valid
	gqaInputs
)

// importGroupQuery: new keys are written behind those that each batch has already, which leaves room if the buffer of the past is larger.
// In a batch that is shorter than the others on a first call, the queries behind its end see what the operator leaves unspecified.
func importGroupQuery(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, gqaInputs); err != nil {
		return nil, err
	}
	heads, groups := c.int("num_heads", 0), c.int("kv_num_heads", 0)
	if c.input(gqaLengths) == nil || c.input(gqaTotal) == nil || heads <= 0 || groups <= 0 || heads > 1<<20 || groups > heads {
		return nil, fmt.Errorf("needs the lengths of keys and more than %d heads of queries and %d of keys", heads, groups)
	}
	if err := c.refuse(); err != nil {
		return nil, err
	}
	q, k, v := c.in[gqaQuery], c.input(gqaKey), c.input(gqaValue)
	if k == nil {
		p := c.pieces(q, heads, groups, groups)
		q, k, v = p[0], p[1], p[2]
	}
	if c.input(gqaNormQ) != nil {
		q = c.normHeads(q, c.in[gqaNormQ], heads, "q_norm_epsilon")
		k = c.normHeads(k, c.input(gqaNormK), groups, "k_norm_epsilon")
	}
	lengths := c.plus(c.regroup(c.to(c.in[gqaLengths], tensor.Int64), -1), c.vector(1))
	queries := c.axis(c.in[gqaQuery], 1)
	if n := c.input(gqaQueries); n != nil {
		queries = c.to(n, tensor.Int64)
	}
	start := c.expr(&op.Binary{Fn: op.Max}, c.minus(lengths, queries), c.vector(0))
	if c.bool("do_rotary", false) {
		q, k = c.turn(q, k, start, int(heads), int(groups))
	}
	o := &op.Attention{
		Heads: int(heads), KVHeads: int(groups), Scale: c.float("scale", 0), Softcap: c.float("softcap", 0), Causal: c.bool("causal", true),
		Left: int(max(0, c.int("local_window_size", -1))), Scores: op.MaskedScores,
	}
	if c.int("qk_output", 0) == 2 {
		o.Scores = op.Weights
	}
	in := make([]*ir.Value, op.AttentionSink+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = q, k, v
	in[op.AttentionMask], in[op.AttentionStart] = c.input(gqaBias), start
	if !o.Causal {
		in[op.AttentionLengths] = lengths
	}
	if past := c.input(gqaPastKey); past != nil {
		in[op.AttentionPastK], in[op.AttentionPastV] = past, c.input(gqaPastValue)
		in[op.AttentionCapacity] = c.regroup(c.in[gqaTotal], -1)
	}
	if sink := c.input(gqaSink); sink != nil {
		in[op.AttentionSink] = sink
	} else if c.int("smooth_softmax", -1) == 1 {
		in[op.AttentionSink] = c.constant(tensor.New(tensor.Float32, int(heads)))
	}
	out := slices.Clone(c.exprs(o, in...))
	if o.Scores == op.MaskedScores && c.wants(3) && c.err == nil { // where keys are masked, zeros are put out
		masked := c.expr(&op.Unary{Fn: op.IsInf, Alpha: 1}, out[3])
		out[3] = c.choose(masked, c.number(0, out[3]), out[3])
	}
	return out, nil
}

// refuse lists what is not supported.
func (c *call) refuse() error {
	for _, name := range []string{"k_quant_type", "v_quant_type"} {
		if s := c.string(name, "NONE"); s != "NONE" {
			return fmt.Errorf("a quantised cache, %s %q, is not supported", name, s)
		}
	}
	if c.bool("sliding_window_cache", false) {
		return fmt.Errorf("a cache of the size of the window is not supported")
	}
	return nil
}

// normHeads is an RMS norm of each head by itself.
func (c *call) normHeads(x, weight *ir.Value, heads int64, epsilon string) *ir.Value {
	e := c.float(epsilon, c.float("qk_norm_epsilon", 1e-6))
	x = c.expr(&op.RMSNorm{Axis: -1, Epsilon: e}, c.regroup(x, 0, 0, heads, -1), weight)
	return c.regroup(x, 0, 0, -1)
}

// turn gives queries and keys their positions, which count up from start in each batch if they are not given.
func (c *call) turn(q, k, start *ir.Value, heads, groups int) (*ir.Value, *ir.Value) {
	cos, sin, positions := c.input(gqaCos), c.input(gqaSin), c.input(gqaPositions)
	if cos == nil || sin == nil {
		c.fail("rotary embedding needs cos_cache and sin_cache")
		return nil, nil
	}
	if positions == nil {
		positions = c.plus(c.unsqueeze(start, 1), c.count(c.axis(c.in[gqaQuery], 1)))
	}
	interleaved := c.bool("rotary_interleaved", false)
	return c.expr(&op.Rotary{Heads: heads, Interleaved: interleaved}, q, cos, sin, positions),
		c.expr(&op.Rotary{Heads: groups, Interleaved: interleaved}, k, cos, sin, positions)
}

func init() {
	register(row{"com.microsoft", "GroupQueryAttention", 1, importGroupQuery})
}
