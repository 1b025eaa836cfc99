package onnx

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// importFusedMatMul: alpha·A·B, each operand transposed first. A transposed batch has its axes in the order 1, …, rank − 2, 0, rank − 1.
func importFusedMatMul(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	a, b := c.batchFirst(c.in[0], "transBatchA"), c.batchFirst(c.in[1], "transBatchB")
	y := c.expr(&op.MatMul{TransA: c.bool("transA", false), TransB: c.bool("transB", false)}, a, b)
	if alpha := c.float("alpha", 1); alpha != 1 {
		y = c.times(y, c.number(float64(alpha), y))
	}
	return []*ir.Value{y}, nil
}

func (c *call) batchFirst(x *ir.Value, attribute string) *ir.Value {
	if !c.bool(attribute, false) {
		return x
	}
	rank, ok := x.Type.Rank()
	if !ok || rank < 3 {
		c.fail("attribute %q needs an operand of known rank 3 or more, got %v", attribute, x.Type)
		return nil
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i + 1
	}
	perm[rank-2], perm[rank-1] = 0, rank-1
	return c.expr(&op.Transpose{Perm: perm}, x)
}

func init() {
	register(
		row{"com.microsoft", "FusedMatMul", 1, importFusedMatMul},
		row{"com.microsoft", "TransposeMatMul", 1, importFusedMatMul},
	)
}
