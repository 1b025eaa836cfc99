package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// writeLinearAttention writes the operator, or before opset 27 a scan over the rows.
func writeLinearAttention(c *call) error {
	o := c.node.Op.(*op.LinearAttention)
	if !c.has(27) {
		return c.scanRows(o)
	}
	rule := "linear"
	switch decay, rate := c.in(op.LinearDecay) != "", c.in(op.LinearRate) != ""; {
	case decay && rate:
		rule = "gated_delta"
	case decay:
		rule = "gated"
	case rate:
		rule = "delta"
	}
	c.as("LinearAttention", attrs(integer("q_num_heads", o.Heads), integer("kv_num_heads", o.KVHeads), when(o.Scale != 0, float("scale", o.Scale)),
		text("update_rule", rule)), c.ins()...)
	return nil
}

// scanRows keeps the memory [B, G, D, E] as the state of a Scan, in f32 where operands are narrower.
func (c *call) scanRows(o *op.LinearAttention) error {
	sizes := [3]int64{} // of a head of Q, K and V
	for i := range sizes {
		dims := c.typ(i).Dims
		if len(dims) != 3 {
			return fmt.Errorf("the rank of operand %d is not known", i)
		}
		n, ok := dims[2].IsConst()
		heads := int64(o.KVHeads)
		if i == op.LinearQ {
			heads = int64(o.Heads)
		}
		if !ok || heads <= 0 {
			return fmt.Errorf("the size of the heads of operand %d is not known", i)
		}
		sizes[i] = n / heads
	}
	elem := c.typ(op.LinearQ).Elem
	wide := wider(elem)
	widen := func(i int) string {
		if x := c.in(i); x == "" || c.typ(i).Elem == wide {
			return x
		}
		return c.cast(c.in(i), wide)
	}
	groups, d, e := int64(o.KVHeads), sizes[op.LinearK], sizes[op.LinearV]
	batch := c.size(c.typ(op.LinearQ).Dims[0], c.in(op.LinearQ), 0)
	memory := widen(op.LinearState)
	if memory == "" {
		memory = c.emit("Expand", nil, c.scalar(0, wide), c.emit("Concat", axis(0), batch, c.integers(groups, d, e)))
	}
	in := []string{memory}
	b := c.model.scope(c.scope, &ir.Graph{Name: "row"})
	formal := func(hint string) string {
		name := c.name(hint)
		b.graph.Inputs = append(b.graph.Inputs, &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(wide)}})
		return name
	}
	state := formal("memory")
	row := func(i int, hint string, shape ...int64) string { // operand i at one row, in a shape
		if c.in(i) == "" {
			return ""
		}
		in = append(in, widen(i))
		return b.emit("Reshape", nil, formal(hint), b.integers(shape...))
	}
	q := row(op.LinearQ, "query", 0, groups, int64(o.Heads)/groups, d)
	k := row(op.LinearK, "key", 0, groups, 1, d)
	v := row(op.LinearV, "value", 0, groups, 1, e)
	if decay := c.in(op.LinearDecay); decay != "" {
		n, ok := int64(0), false
		if dims := c.typ(op.LinearDecay).Dims; len(dims) == 3 {
			n, ok = dims[2].IsConst()
		}
		if !ok {
			return fmt.Errorf("the size of the decay is not known")
		}
		each := int64(1)
		if n == groups*d {
			each = d
		}
		state = b.times(state, b.emit("Exp", nil, row(op.LinearDecay, "decay", 0, -1, each, 1)))
	}
	if rate := c.in(op.LinearRate); rate != "" {
		v = b.times(row(op.LinearRate, "rate", 0, -1, 1, 1), b.minus(v, b.emit("MatMul", nil, k, state)))
	}
	state = b.plus(state, b.times(b.swap(k, 0, 1, 3, 2), v))
	scale := float64(o.Scale)
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(d))
	}
	y := b.times(b.emit("MatMul", nil, q, state), b.scalar(scale, wide))
	y = b.emit("Reshape", nil, y, b.integers(0, int64(o.Heads)*e))
	for _, x := range []string{state, y} {
		b.graph.Outputs = append(b.graph.Outputs, &proto.ValueInfo{Name: x, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(wide)}})
	}
	ones := make([]int, len(in)-1)
	for i := range ones {
		ones[i] = 1
	}
	out := []string{c.name("memory"), c.name("rows")}
	c.scope.node("Scan", attrs(&proto.Attribute{Name: "body", Type: proto.AttrGraph, G: b.graph}, integer("num_scan_inputs", len(ones)),
		integers("scan_input_axes", ones), integers("scan_output_axes", []int{1})), in, out, "")
	for i, x := range []string{out[1], out[0]} {
		if i == 0 || c.used(i) {
			if to := c.node.Out()[i].Type.Elem; to != wide {
				x = c.cast(x, to)
			}
			c.give(i, x)
		}
	}
	return nil
}

func init() { spell("LinearAttention", writeLinearAttention) }
