package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importRotary: how much of a head is turned shows in the width of the tables too.
func importRotary(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 4); err != nil {
		return nil, err
	}
	return c.add(&op.Rotary{Heads: int(c.int("num_heads", 0)), Interleaved: c.bool("interleaved", false)}, c.in...)
}

// importRotaryMS: positions are [B, S], or one number for the first row. The number of heads is given only if the tables do not say it.
func importRotaryMS(c *call) ([]*ir.Value, error) {
	if err := c.expect(4, 4); err != nil {
		return nil, err
	}
	x, positions, cos := c.in[0], c.in[1], c.in[2]
	if c.bool("is_packed_batching", false) || c.float("scale", 1) != 1 {
		return nil, fmt.Errorf("packed batches and a scale are not supported")
	}
	if rank, ok := positions.Type.Rank(); !ok {
		return nil, fmt.Errorf("position_ids must have a known rank, got %v", positions.Type)
	} else if rank == 1 {
		positions = c.unsqueeze(c.plus(c.to(positions, tensor.Int64), c.count(c.axis(x, -2))), 0)
	}
	o := &op.Rotary{Heads: int(c.int("num_heads", 0)), Interleaved: c.bool("interleaved", false)}
	if rank, _ := x.Type.Rank(); rank == 3 && o.Heads == 0 {
		hidden, known := x.Type.Dims[2].IsConst()
		if !cos.Type.Ranked || len(cos.Type.Dims) != 2 {
			return nil, fmt.Errorf("cos_cache must be a matrix, got %v", cos.Type)
		}
		half, ok := cos.Type.Dims[1].IsConst()
		if !known || !ok || half == 0 || hidden%(2*half) != 0 {
			return nil, fmt.Errorf("%v does not divide into heads of twice the width of cos_cache %v", x.Type, cos.Type)
		}
		o.Heads = int(hidden / (2 * half))
	}
	return []*ir.Value{c.expr(o, x, cos, c.in[3], positions)}, nil
}

func init() {
	register(
		row{"", "RotaryEmbedding", 23, importRotary},
		row{"com.microsoft", "RotaryEmbedding", 1, importRotaryMS},
	)
}
