package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Trilu keeps a triangle of matrices [B…, N, M] and sets the rest to zero: the elements on and below diagonal k, or on and above it if
// Upper is set. The optional second input is k, 0 where it is absent; diagonal 1 is the one right of the main diagonal (ONNX Trilu 14).
type Trilu struct{ Upper bool }

// Infer implements [ir.Op].
func (o *Trilu) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Ranked && len(t.Dims) < 2 {
		return nil, fmt.Errorf("needs matrices, got %v", t)
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *Trilu) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if x.Rank() < 2 {
		return fmt.Errorf("needs matrices, got shape %v", x.Shape())
	}
	k := int64(0)
	if c.Has(1) {
		var err error
		if k, err = scalarInt(c.Tensor(1), "k"); err != nil {
			return err
		}
	}
	y := c.New(0, x.DType(), x.Shape()...)
	n, m := x.Dim(x.Rank()-2), x.Dim(x.Rank()-1)
	for i := range x.Len() {
		row, col := int64(i/m%n), int64(i%m)
		if o.Upper && col-row >= k || !o.Upper && col-row <= k {
			y.CopyElement(i, x, i)
		}
	}
	return nil
}

// scalarInt reads the only element of an integer tensor.
func scalarInt(t *tensor.Tensor, name string) (int64, error) {
	if t == nil || t.Len() != 1 || !t.DType().IsInteger() {
		return 0, fmt.Errorf("%s must be one integer, got %v", name, t)
	}
	return t.Int64(0), nil
}

// EyeLike is a matrix of the shape of its input with ones on diagonal K and zeros elsewhere, of element type Elem, or the input's
// if Elem is not set (ONNX EyeLike 22).
type EyeLike struct {
	K    int
	Elem tensor.DType
}

// Infer implements [ir.Op].
func (o *EyeLike) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if o.Elem != tensor.Invalid {
		t.Elem = o.Elem
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("eye", 2)...))}, nil
	}
	if len(t.Dims) != 2 {
		return nil, fmt.Errorf("needs a matrix, got %v", t)
	}
	if t.Elem == tensor.String {
		return nil, fmt.Errorf("strings have no ones")
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *EyeLike) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	d := o.Elem
	if d == tensor.Invalid {
		d = x.DType()
	}
	if x.Rank() != 2 || d == tensor.String {
		return fmt.Errorf("needs a matrix of numbers, got %v%v", d, x.Shape())
	}
	y := c.New(0, d, x.Shape()...)
	cols := x.Dim(1)
	for row := range x.Dim(0) {
		if col := int64(row) + int64(o.K); col >= 0 && col < int64(cols) {
			y.SetFloat64(row*cols+int(col), 1)
		}
	}
	return nil
}

func init() {
	ir.Register[Trilu]()
	ir.Register[EyeLike]()
}
