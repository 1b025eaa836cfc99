package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importLinearAttention: the rule says which of decay and beta there must be.
func importLinearAttention(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 6); err != nil {
		return nil, err
	}
	rules := map[string]struct{ decay, beta bool }{"linear": {}, "gated": {decay: true}, "delta": {beta: true}, "gated_delta": {true, true}}
	name := c.string("update_rule", "gated_delta")
	rule, ok := rules[name]
	if !ok {
		return nil, fmt.Errorf(`attribute "update_rule" must be linear, gated, delta or gated_delta, got %q`, name)
	}
	if rule.decay != (c.input(4) != nil) || rule.beta != (c.input(5) != nil) {
		return nil, fmt.Errorf("update rule %s: decay is given: %t, wanted: %t; beta is given: %t, wanted: %t", name, c.input(4) != nil, rule.decay,
			c.input(5) != nil, rule.beta)
	}
	c.require("q_num_heads")
	c.require("kv_num_heads")
	return c.add(&op.LinearAttention{Heads: int(c.int("q_num_heads", 0)), KVHeads: int(c.int("kv_num_heads", 0)), Scale: c.float("scale", 0)}, c.in...)
}

func init() {
	register(row{"", "LinearAttention", 27, importLinearAttention})
}
