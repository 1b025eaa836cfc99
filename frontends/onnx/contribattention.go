package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importContribAttention: one matrix projects the input to Q, K and V, and past and present hold keys and values on one axis of 2.
func importContribAttention(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 7); err != nil {
		return nil, err
	}
	if c.bool("do_rotary", false) {
		return nil, fmt.Errorf("rotary embedding without tables is not supported")
	}
	x := c.expr(&op.MatMul{}, c.in[0], c.in[1])
	if bias := c.input(2); bias != nil {
		x = c.plus(x, bias)
	}
	sizes := c.ints("qkv_hidden_sizes")
	if sizes == nil {
		sizes = []int64{1, 1, 1}
	}
	if len(sizes) != 3 || min(sizes[0], sizes[1], sizes[2]) <= 0 {
		return nil, fmt.Errorf(`attribute "qkv_hidden_sizes" must be three sizes, got %d`, sizes)
	}
	p := c.pieces(x, sizes...)
	m := multihead{q: p[0], k: p[1], v: p[2], mask: c.input(3), bias: c.input(5), causal: c.bool("unidirectional", false)}
	if past := c.input(4); past != nil {
		m.pastK, m.pastV = c.expr(&op.Gather{}, past, c.index(0)), c.expr(&op.Gather{}, past, c.index(1))
		if c.bool("past_present_share_buffer", false) {
			m.pastLength = c.input(6)
		}
	}
	out, err := c.exprsOf(m)
	if err != nil || !c.wants(1) || c.err != nil {
		return out, err
	}
	return []*ir.Value{out[0], c.join(c.unsqueeze(out[1], 0), c.unsqueeze(out[2], 0))}, nil
}

func init() {
	register(row{"com.microsoft", "Attention", 1, importContribAttention})
}
