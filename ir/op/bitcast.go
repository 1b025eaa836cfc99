package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// BitCast reads the bits of its elements as another element type of the same width. Patterns of bool other than 0 become true (ONNX
// BitCast 26).
type BitCast struct{ To tensor.DType }

func (o *BitCast) check(from tensor.DType) error {
	if !o.To.Valid() || o.To == tensor.String || from == tensor.String || from.Bits() != o.To.Bits() {
		return fmt.Errorf("the bits of %v cannot be read as %v", from, o.To)
	}
	return nil
}

// Infer implements [ir.Op].
func (o *BitCast) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(t.WithElem(o.To))}, o.check(t.Elem)
}

// Eval implements [ir.Op].
func (o *BitCast) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if err := o.check(x.DType()); err != nil {
		return err
	}
	y, err := tensor.FromBytes(o.To, x.Shape(), x.Bytes())
	if err != nil {
		return err
	}
	c.New(0, o.To, x.Shape()...).CopyFrom(y)
	return nil
}

func init() { ir.Register[BitCast]() }
