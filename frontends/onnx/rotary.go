package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importRotary: without rotary_embedding_dim, all of a head is turned.
func importRotary(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 4); err != nil {
		return nil, err
	}
	return c.add(c.rotary(), c.in...)
}

// rotary reads the attributes that both domains have.
func (c *call) rotary() *op.Rotary {
	o := &op.Rotary{Heads: int(c.int("num_heads", 0)), Interleaved: c.bool("interleaved", false), Turned: int(c.int("rotary_embedding_dim", 0))}
	if o.Turned < 0 {
		c.fail("rotary_embedding_dim is %d", o.Turned)
	}
	if o.Turned == 0 {
		o.Turned = -1
	}
	return o
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
	o := c.rotary()
	if rank, _ := x.Type.Rank(); rank != 3 || o.Heads > 0 {
		return c.exprs(o, x, cos, c.in[3], positions), nil
	}
	width := c.times(c.axis(cos, -1), c.vector(2))
	if heads, ok := c.ratio(c.axis(x, -1), width); ok {
		o.Heads = heads
		return c.exprs(o, x, cos, c.in[3], positions), nil
	}
	split := c.expr(&op.Reshape{}, x, c.join(c.vector(0, 0, -1), width))
	swap := &op.Transpose{Perm: []int{0, 2, 1, 3}}
	turned := c.expr(o, c.expr(swap, split), cos, c.in[3], positions)
	return []*ir.Value{c.regroup(c.expr(swap, turned), 0, 0, -1)}, nil
}

// ratio divides vectors of one element if both are known and divide.
func (c *call) ratio(a, b *ir.Value) (int, bool) {
	if c.err != nil || a.Const == nil || b.Const == nil {
		return 0, false
	}
	n, k := a.Const.Int64(0), b.Const.Int64(0)
	if k <= 0 || n%k != 0 {
		c.fail("%d columns do not divide into heads of %d", n, k)
		return 0, false
	}
	return int(n / k), true
}

func init() {
	register(
		row{"", "RotaryEmbedding", 23, importRotary},
		row{"com.microsoft", "RotaryEmbedding", 1, importRotaryMS},
	)
}
