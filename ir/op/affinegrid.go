package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// AffineGrid applies affine matrices [N, r, r+1] to the places of the elements of an image, whose shape [N, C, D1 … Dr] the second input
// says, r being 2 or 3. The result [N, D1 … Dr, r] is a grid for GridSample with the same AlignCorners (ONNX AffineGrid 20).
type AffineGrid struct{ AlignCorners bool }

// Infer implements [ir.Op].
func (o *AffineGrid) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	size, known := c.Exprs(1)
	if s, ok := c.Type(1).Static(); !known && ok && len(s) == 1 {
		size = c.FreshDims("grid", s[0])
	} else if !known {
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	if len(size) != 4 && len(size) != 5 {
		return nil, fmt.Errorf("an image has 4 or 5 dimensions, got %d", len(size))
	}
	return []ir.Fact{ir.Of(t.WithDims(slices.Concat(size[:1], size[2:], []sym.Expr{sym.Int(len(size) - 2)})...))}, nil
}

// Eval implements [ir.Op].
func (o *AffineGrid) Eval(c *ir.EvalContext) error {
	theta, size := c.Tensor(0), tensor.Ints(c.Tensor(1))
	r := len(size) - 2
	if r != 2 && r != 3 || !slices.Equal(theta.Shape(), []int{size[0], r, r + 1}) {
		return fmt.Errorf("matrices of shape %v do not fit an image of shape %v", theta.Shape(), size)
	}
	y := c.New(0, theta.DType(), slices.Concat(size[:1], size[2:], []int{r})...)
	if y.Len() == 0 {
		return nil
	}
	to := 0
	for n := range size[0] {
		indices(size[2:], func(index []int) {
			for row := range r {
				m := (n*r + row) * (r + 1)
				sum := theta.Float64(m + r)
				for k := range r { // the last axis first
					axis := r - 1 - k
					sum += theta.Float64(m+k) * o.place(index[axis], size[2+axis])
				}
				y.SetFloat64(to, sum)
				to++
			}
		})
	}
	return nil
}

// place is element i of an axis in [−1, 1].
func (o *AffineGrid) place(i, n int) float64 {
	switch {
	case !o.AlignCorners:
		return (2*float64(i)+1)/float64(n) - 1
	case n == 1:
		return -1
	}
	return 2*float64(i)/float64(n-1) - 1
}

func init() { ir.Register[AffineGrid]() }
