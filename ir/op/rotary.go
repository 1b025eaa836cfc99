package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Rotary turns pairs of elements of each head by an angle that depends on the row's position: (a, b) becomes (a·cos − b·sin, a·sin + b·cos). The R
// pairs are the two halves of the first 2·R elements of a head, or with Interleaved the elements next to each other; the rest of the head
// stays as it is.
//
// Inputs are x, [B, H, S, D] or [B, S, H·D], the tables cos and sin, and positions, integers [B, S] or [1, S], which are optional. With
// positions the tables are [positions, R], without they are [B, S, R], [1, S, R] or [S, R]. The result has the shape and elements of x.
// Source: ONNX RotaryEmbedding 23; Su et al., RoFormer.
type Rotary struct {
	Heads       int // H; needed for x of rank 3 only
	Interleaved bool
	Turned      int // 2·R, which the tables must fit; 0: whatever they have, -1: all of a head
}

// Check checks the number of pairs that a table holds against the size of a head.
func (o *Rotary) Check(pairs, size int) error {
	if want := o.turned(pairs, size); 2*pairs != want || want > size {
		return fmt.Errorf("tables of %d columns turn %d elements of a head, want %d of %d", pairs, 2*pairs, min(want, size), size)
	}
	return nil
}

func (o *Rotary) turned(pairs, size int) int {
	switch {
	case o.Turned < 0:
		return size
	case o.Turned == 0:
		return 2 * pairs
	}
	return o.Turned
}

// inferCheck is Check as far as the types of x and a table tell.
func (o *Rotary) inferCheck(x, table ir.Type) error {
	if !x.Ranked || !table.Ranked {
		return nil
	}
	size, ok := x.Dims[len(x.Dims)-1].IsConst()
	pairs, okPairs := table.Dims[len(table.Dims)-1].IsConst()
	if !ok || !okPairs {
		return nil
	}
	if len(x.Dims) == 3 {
		if size%int64(o.Heads) != 0 {
			return fmt.Errorf("%d columns do not divide into %d heads", size, o.Heads)
		}
		size /= int64(o.Heads)
	}
	return o.Check(int(pairs), int(size))
}

// Infer implements [ir.Op].
func (o *Rotary) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 4); err != nil {
		return nil, err
	}
	x, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if r, ok := x.Rank(); ok && r != 4 && (r != 3 || o.Heads <= 0) {
		return nil, fmt.Errorf("x must be [batch, heads, rows, size], or [batch, rows, hidden] with the number of heads given, got %v", x)
	}
	for i := 1; i < 3; i++ {
		t := c.Type(i)
		if !t.Elem.IsFloat() || t.Ranked && len(t.Dims) != 2 && (len(t.Dims) != 3 || c.Has(3)) {
			return nil, fmt.Errorf("table %d has the wrong type, %v", i, t)
		}
		if err := o.inferCheck(x, t); err != nil {
			return nil, err
		}
	}
	if t := c.Type(3); c.Has(3) && !t.Elem.IsInteger() {
		return nil, fmt.Errorf("positions must be integers, got %v", t)
	}
	return []ir.Fact{ir.Of(x)}, nil
}

// Eval implements [ir.Op].
func (o *Rotary) Eval(c *ir.EvalContext) error {
	x := viewHeads(c.Tensor(0), "x", o.Heads)
	out := c.New(0, x.t.DType(), x.t.Shape()...)
	out.CopyFrom(x.t)
	y := viewHeads(out, "result", o.Heads)
	half := 0
	if s := c.Tensor(1).Shape(); len(s) > 0 {
		half = s[len(s)-1]
	}
	if err := o.Check(half, x.size); err != nil {
		return err
	}
	cos, err := rotaryTable(c.Tensor(1), c.Tensor(3), x, half)
	if err != nil {
		return err
	}
	sin, err := rotaryTable(c.Tensor(2), c.Tensor(3), x, half)
	if err != nil {
		return err
	}
	for b := range x.batch {
		for h := range x.heads {
			for row := range x.rows {
				for k := range half {
					i, j := k, k+half
					if o.Interleaved {
						i, j = 2*k, 2*k+1
					}
					re, im := x.at(b, h, row, i), x.at(b, h, row, j)
					co, si := cos(b, row, k), sin(b, row, k)
					y.set(b, h, row, i, re*co-im*si)
					y.set(b, h, row, j, re*si+im*co)
				}
			}
		}
	}
	return nil
}

// rotaryTable reads a table by batch, row and pair.
func rotaryTable(t, positions *tensor.Tensor, x headView, half int) (func(b, row, k int) float64, error) {
	s := t.Shape()
	if len(s) == 0 || s[len(s)-1] != half {
		return nil, fmt.Errorf("a table of shape %v does not hold %d pairs in a row", s, half)
	}
	if positions != nil {
		p := positions.Shape()
		if len(s) != 2 || len(p) != 2 || p[1] != x.rows || p[0] != 1 && p[0] != x.batch {
			return nil, fmt.Errorf("positions of shape %v with a table of shape %v do not fit %d batches of %d rows", p, s, x.batch, x.rows)
		}
		return func(b, row, k int) float64 {
			at := positions.Int64(b%p[0]*x.rows + row)
			if at < 0 || at >= int64(s[0]) {
				ir.Fail("position %d is outside of the table, which has %d rows", at, s[0])
			}
			return t.Float64(int(at)*half + k)
		}, nil
	}
	batches := 1
	if len(s) == 3 {
		batches = s[0]
	}
	if len(s) < 2 || s[len(s)-2] != x.rows || batches != 1 && batches != x.batch {
		return nil, fmt.Errorf("a table of shape %v does not fit %d batches of %d rows", s, x.batch, x.rows)
	}
	return func(b, row, k int) float64 { return t.Float64((b%batches*x.rows+row)*half + k) }, nil
}

func init() { ir.Register[Rotary]() }
