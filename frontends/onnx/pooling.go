package onnx

import (
	"fmt"
	"strings"

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
	x := c.in[0]
	powers := c.expr(&op.Binary{Fn: op.Pow}, c.apply(op.Abs, x), c.number(p, x))
	if c.err != nil {
		return nil, c.err
	}
	sum, err := c.reduceSpatial(op.ReduceSum, powers)
	if err != nil {
		return nil, err
	}
	return c.add(&op.Binary{Fn: op.Pow}, sum[0], c.scalar(1/p, x))
}

// importMaxUnpool: padding does not matter where the shape of the result is given.
func importMaxUnpool(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	c.require("kernel_shape")
	o := &op.MaxUnpool{Window: c.window()}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(o, c.in...)
}

// importRoiAlign: coordinates were not shifted by half a pixel before opset 16.
func importRoiAlign(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	mode := "half_pixel"
	if c.version < 16 {
		mode = "output_half_pixel"
	}
	o := &op.RoiAlign{Height: int(c.int("output_height", 1)), Width: int(c.int("output_width", 1)), Samples: int(c.int("sampling_ratio", 0)),
		Scale: c.float("spatial_scale", 1)}
	switch m := c.string("coordinate_transformation_mode", mode); m {
	case "half_pixel":
		o.HalfPixel = true
	case "output_half_pixel":
	default:
		c.fail(`attribute "coordinate_transformation_mode" must be half_pixel or output_half_pixel, got %q`, m)
	}
	switch m := strings.ToLower(c.string("mode", "avg")); m {
	case "avg":
	case "max":
		o.Max = true
	default:
		c.fail(`attribute "mode" must be avg or max, got %q`, m)
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(o, c.in...)
}

func importMaxRoiPool(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	c.require("pooled_shape")
	shape := c.intSlice("pooled_shape")
	if len(shape) != 2 {
		c.fail(`attribute "pooled_shape" must have two numbers, got %v`, shape)
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(&op.MaxRoiPool{Height: shape[0], Width: shape[1], Scale: c.float("spatial_scale", 1)}, c.in...)
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
		row{"", "MaxRoiPool", 1, importMaxRoiPool},
		row{"", "MaxUnpool", 9, importMaxUnpool},
		row{"", "RoiAlign", 10, importRoiAlign},
		row{"", "MaxPool", 1, simple(1, 1, func(c *call) ir.Op {
			c.require("kernel_shape")
			return &op.MaxPool{Window: c.window(), ColumnMajor: c.bool("storage_order", false)}
		})},
	)
}
