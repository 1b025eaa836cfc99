package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// global reduces all axes after batch and channels to 1.
func global(fn op.ReduceFn) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, 1); err != nil {
			return nil, err
		}
		return c.reduceSpatial(fn, c.in[0])
	}
}

func (c *call) reduceSpatial(fn op.ReduceFn, x *ir.Value) ([]*ir.Value, error) {
	rank, ok := x.Type.Rank()
	if !ok || rank < 2 {
		return nil, fmt.Errorf("takes [batch, channels, spatial axes…] of known rank, got %v", x.Type)
	}
	axes := make([]int64, rank-2)
	for i := range axes {
		axes[i] = int64(i + 2)
	}
	return c.add(&op.Reduce{Fn: fn, KeepDims: true, NoopWithEmptyAxes: true}, x, c.vector(axes...))
}

// power is p of an Lp norm, a float in opset 1.
func (c *call) power() float32 {
	if c.version < 2 {
		return c.float("p", 2)
	}
	return float32(c.int("p", 2))
}

// importGlobalLpPool is (Σ |x|^p)^(1/p) over all axes after batch and channels.
func importGlobalLpPool(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	p := float64(c.power())
	switch p {
	case 1:
		return c.reduceSpatial(op.ReduceL1, c.in[0])
	case 2:
		return c.reduceSpatial(op.ReduceL2, c.in[0])
	}
	f := c.formula()
	powers := f.number(op.Pow, f.unary(op.Abs, c.in[0]), p)
	if f.err != nil {
		return nil, f.err
	}
	sum, err := c.reduceSpatial(op.ReduceSum, powers)
	if err != nil {
		return nil, err
	}
	return c.add(&op.Binary{Fn: op.Pow}, sum[0], c.scalar(1/p, sum[0]))
}

func init() {
	register(
		row{"", "AveragePool", 1, simple(1, 1, func(c *call) ir.Op {
			c.require("kernel_shape")
			return &op.AveragePool{Window: c.window(), CountPads: c.bool("count_include_pad", false)}
		})},
		row{"", "GlobalAveragePool", 1, global(op.ReduceMean)},
		row{"", "GlobalLpPool", 1, importGlobalLpPool},
		row{"", "GlobalMaxPool", 1, global(op.ReduceMax)},
		row{"", "LpPool", 1, simple(1, 1, func(c *call) ir.Op {
			c.require("kernel_shape")
			return &op.LpPool{Window: c.window(), P: c.power()}
		})},
		row{"", "MaxPool", 1, simple(1, 1, func(c *call) ir.Op {
			c.require("kernel_shape")
			return &op.MaxPool{Window: c.window(), ColumnMajor: c.bool("storage_order", false)}
		})},
	)
}
