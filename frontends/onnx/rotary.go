package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

func importRotary(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 4); err != nil {
		return nil, err
	}
	o := &op.Rotary{Heads: int(c.int("num_heads", 0)), Dim: int(c.int("rotary_embedding_dim", 0)), Interleaved: c.bool("interleaved", false)}
	return c.add(o, c.in...)
}

func init() {
	register(row{"", "RotaryEmbedding", 23, importRotary})
}
