package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
)

// ReverseSequence reverses, for each place i on BatchAxis, the first lengths[i] elements along TimeAxis and keeps the rest; the lengths are
// the second input, an integer vector. One axis is 0 and the other 1 (ONNX ReverseSequence 28).
type ReverseSequence struct{ BatchAxis, TimeAxis int }

func (o *ReverseSequence) check() error {
	if min(o.BatchAxis, o.TimeAxis) != 0 || max(o.BatchAxis, o.TimeAxis) != 1 {
		return fmt.Errorf("batch axis %d and time axis %d must be 0 and 1", o.BatchAxis, o.TimeAxis)
	}
	return nil
}

// Infer implements [ir.Op].
func (o *ReverseSequence) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Ranked && len(t.Dims) < 2 {
		return nil, fmt.Errorf("needs two axes, got %v", t)
	}
	return []ir.Fact{ir.Of(t)}, o.check()
}

// Eval implements [ir.Op].
func (o *ReverseSequence) Eval(c *ir.EvalContext) error {
	x, lengths := c.Tensor(0), c.Tensor(1)
	if err := o.check(); err != nil {
		return err
	}
	if x.Rank() < 2 || lengths.Len() != x.Dim(o.BatchAxis) || !lengths.DType().IsInteger() {
		return fmt.Errorf("lengths of shape %v do not fit axis %d of shape %v", lengths.Shape(), o.BatchAxis, x.Shape())
	}
	y := c.New(0, x.DType(), x.Shape()...)
	n := [2]int{x.Dim(0), x.Dim(1)}
	inner := x.Len() / max(1, n[0]*n[1])
	for b := range n[o.BatchAxis] {
		length := lengths.Int64(b)
		if length < 0 || length > int64(n[o.TimeAxis]) {
			return fmt.Errorf("length %d of sequence %d is not within [0, %d]", length, b, n[o.TimeAxis])
		}
		for t := range n[o.TimeAxis] {
			from := t
			if int64(t) < length {
				from = int(length) - 1 - t
			}
			to, at := [2]int{b, t}, [2]int{b, from}
			if o.BatchAxis == 1 {
				to, at = [2]int{t, b}, [2]int{from, b}
			}
			for i := range inner {
				y.CopyElement((to[0]*n[1]+to[1])*inner+i, x, (at[0]*n[1]+at[1])*inner+i)
			}
		}
	}
	return nil
}

func init() { ir.Register[ReverseSequence]() }
