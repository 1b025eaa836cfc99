package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Det is the determinant of matrices [B…, M, M], a tensor [B…]. That of an empty matrix is 1 (ONNX Det 22).
type Det struct{}

// Infer implements [ir.Op].
func (o *Det) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t)}, nil
	}
	if len(t.Dims) < 2 {
		return nil, fmt.Errorf("needs square matrices, got %v", t)
	}
	if _, err := sameDim(t.Dims[len(t.Dims)-2], t.Dims[len(t.Dims)-1]); err != nil {
		return nil, fmt.Errorf("needs square matrices, got %v", t)
	}
	return []ir.Fact{ir.Of(t.WithDims(t.Dims[:len(t.Dims)-2]...))}, nil
}

// Eval implements [ir.Op].
func (o *Det) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	r := x.Rank()
	if r < 2 || x.Dim(r-1) != x.Dim(r-2) {
		return fmt.Errorf("needs square matrices, got shape %v", x.Shape())
	}
	n := x.Dim(r - 1)
	y := c.New(0, x.DType(), x.Shape()[:r-2]...)
	m := tensor.Data[float64](c.Temp(tensor.Float64, n, n))
	for b := range y.Len() {
		for i := range m {
			m[i] = x.Float64(b*n*n + i)
		}
		y.SetFloat64(b, determinant(m, n))
	}
	return nil
}

// determinant eliminates with partial pivoting; it overwrites the matrix.
func determinant(m []float64, n int) float64 {
	det := 1.0
	for k := range n {
		pivot := k
		for i := k + 1; i < n; i++ {
			if math.Abs(m[i*n+k]) > math.Abs(m[pivot*n+k]) {
				pivot = i
			}
		}
		p := m[pivot*n+k]
		if p == 0 {
			return 0
		}
		if pivot != k {
			for j := range n {
				m[k*n+j], m[pivot*n+j] = m[pivot*n+j], m[k*n+j]
			}
			det = -det
		}
		det *= p
		for i := k + 1; i < n; i++ {
			f := m[i*n+k] / p
			for j := k + 1; j < n; j++ {
				m[i*n+j] -= f * m[k*n+j]
			}
		}
	}
	return det
}

func init() { ir.Register[Det]() }
