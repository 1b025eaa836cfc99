package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importRotary: how much of a head is turned shows in the width of the tables too.
func importRotary(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 4); err != nil {
		return nil, err
	}
	o := &op.Rotary{Heads: int(c.int("num_heads", 0)), Interleaved: c.bool("interleaved", false)}
	return c.add(o, c.in...)
}

func init() {
	register(row{"", "RotaryEmbedding", 23, importRotary})
}
