package export

import (
	"fmt"

	"github.com/gocompile/gocompile/ir/op"
)

// writeRotary gives tables and positions the batch that ONNX wants, and x their element type.
func writeRotary(c *call) error {
	o := c.node.Op.(*op.Rotary)
	x, cos := c.typ(0), c.typ(1)
	if !x.Ranked || !cos.Ranked || len(cos.Dims) == 0 {
		return fmt.Errorf("the ranks of its inputs are not known")
	}
	pairs, ok := cos.Dims[len(cos.Dims)-1].IsConst()
	if !ok {
		return fmt.Errorf("the number of pairs is not known")
	}
	in := c.ins()
	if x.Elem != cos.Elem {
		in[0] = c.cast(in[0], cos.Elem)
	}
	if c.typ(2).Elem != cos.Elem {
		in[2] = c.cast(in[2], cos.Elem)
	}
	var y string
	if c.has(23) {
		y = c.rotary(o, in, int(2*pairs))
	} else {
		y = c.olderRotary(o, in, pairs)
	}
	if x.Elem != cos.Elem {
		y = c.cast(y, x.Elem)
	}
	c.give(0, y)
	return nil
}

func (c *call) rotary(o *op.Rotary, in []string, dims int) string {
	batch := func(i, rows int) { // broadcasts input i to [B, …] with so many axes behind
		t := c.typ(i)
		if len(t.Dims) == rows+1 && t.Dims[0].Equal(c.typ(0).Dims[0]) {
			return
		}
		first := c.emit("Shape", attrs(integer("start", 0), integer("end", 1)), in[0])
		rest := c.emit("Shape", attrs(integer("start", len(t.Dims)-rows)), in[i])
		in[i] = c.emit("Expand", nil, in[i], c.emit("Concat", axis(0), first, rest))
	}
	if c.in(3) == "" {
		batch(1, 2)
		batch(2, 2)
	} else {
		batch(3, 1)
	}
	list := attrs(when(o.Heads > 0, integer("num_heads", o.Heads)), flag("interleaved", o.Interleaved), integer("rotary_embedding_dim", dims))
	return c.emit("RotaryEmbedding", list, in...)
}

// olderRotary turns the pairs, which it takes apart, by products.
func (c *call) olderRotary(o *op.Rotary, in []string, pairs int64) string {
	x, rank := in[0], len(c.typ(0).Dims)
	before := int64(1) // the axis of heads in the tables, [B, 1, S, R], or [B, S, 1, R] where x has its heads side by side
	if rank == 3 {
		x, before = c.emit("Reshape", nil, x, c.integers(0, 0, int64(o.Heads), -1)), 2
	}
	table := func(i int) string {
		t, depth := in[i], len(c.typ(i).Dims)
		if c.in(3) != "" {
			t, depth = c.emit("Gather", axis(0), t, in[3]), 3
		}
		if depth == 2 {
			t = c.unsqueeze(t, 0)
		}
		return c.unsqueeze(t, before)
	}
	cos, sin := table(1), table(2)
	part := func(first, last, step int64) string { return c.slice(x, c.integers(first), c.integers(last), -1, step) }
	var a, b string
	if o.Interleaved {
		a, b = part(0, 2*pairs, 2), part(1, 2*pairs, 2)
	} else {
		a, b = part(0, pairs, 1), part(pairs, 2*pairs, 1)
	}
	re, im := c.minus(c.times(a, cos), c.times(b, sin)), c.plus(c.times(a, sin), c.times(b, cos))
	if o.Interleaved {
		re = c.emit("Reshape", nil, c.emit("Concat", axis(-1), c.unsqueeze(re, -1), c.unsqueeze(im, -1)), c.integers(0, 0, 0, 2*pairs))
		im = ""
	}
	parts := []string{re}
	if im != "" {
		parts = append(parts, im)
	}
	if !c.wholeHeads(o, 2*pairs) {
		parts = append(parts, part(2*pairs, 1<<31, 1))
	}
	y := re
	if len(parts) > 1 {
		y = c.emit("Concat", axis(-1), parts...)
	}
	if rank == 3 {
		y = c.emit("Reshape", nil, y, c.integers(0, 0, -1))
	}
	return y
}

// wholeHeads reports whether the heads of x are known to have n elements.
func (c *call) wholeHeads(o *op.Rotary, n int64) bool {
	dims := c.typ(0).Dims
	size, ok := dims[len(dims)-1].IsConst()
	if len(dims) == 3 {
		n *= int64(o.Heads)
	}
	return ok && size == n
}

func init() { spell("Rotary", writeRotary) }
