package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importResize: opset 10 has scales only and no choice of coordinates.
func importResize(c *call) ([]*ir.Value, error) {
	if c.version < 11 {
		return importUpsample(c)
	}
	if err := c.expect(1, 4); err != nil {
		return nil, err
	}
	return c.add(&op.Resize{
		Mode: c.string("mode", "nearest"), Coordinates: c.string("coordinate_transformation_mode", "half_pixel"),
		Nearest: c.string("nearest_mode", "round_prefer_floor"), Axes: c.intSlice("axes"), Policy: c.string("keep_aspect_ratio_policy", "stretch"),
		Antialias: c.bool("antialias", false), ExcludeOutside: c.bool("exclude_outside", false), CubicA: c.float("cubic_coeff_a", -0.75),
		Extrapolation: c.float("extrapolation_value", 0),
	}, c.in...)
}

// importUpsample: the scales became an input in opset 9; in opset 1 there are two, those of the last axes of an image.
func importUpsample(c *call) ([]*ir.Value, error) {
	most := 2
	if c.version < 9 {
		most = 1
	}
	if err := c.expect(most, most); err != nil {
		return nil, err
	}
	o := &op.Resize{Mode: c.string("mode", "nearest"), Coordinates: "asymmetric", Nearest: "simple"}
	if o.Mode == "bilinear" {
		o.Mode = "linear"
	}
	scales := c.input(1)
	switch {
	case scales != nil:
	case c.version >= 7:
		c.require("scales")
		v := c.floats("scales")
		scales = c.constant(tensor.Must(append([]float32{}, v...), len(v)))
	default:
		c.require("height_scale")
		c.require("width_scale")
		scales = c.constant(tensor.Must([]float32{1, 1, c.float("height_scale", 1), c.float("width_scale", 1)}, 4))
	}
	return c.add(o, c.in[0], nil, scales)
}

// importGridSample: the modes were called bilinear and bicubic before opset 20.
func importGridSample(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	o := &op.GridSample{Mode: c.string("mode", "linear"), Padding: c.string("padding_mode", "zeros"), AlignCorners: c.bool("align_corners", false)}
	switch o.Mode {
	case "bilinear":
		o.Mode = "linear"
	case "bicubic":
		o.Mode = "cubic"
	}
	return c.add(o, c.in...)
}

func importNonMaxSuppression(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 5); err != nil {
		return nil, err
	}
	center := c.int("center_point_box", 0)
	if center != 0 && center != 1 {
		return nil, fmt.Errorf(`attribute "center_point_box" must be 0 or 1, got %d`, center)
	}
	return c.add(&op.NonMaxSuppression{CenterPoint: center == 1}, c.in...)
}

func init() {
	register(
		row{"", "AffineGrid", 20, simple(2, 2, func(c *call) ir.Op { return &op.AffineGrid{AlignCorners: c.bool("align_corners", false)} })},
		row{"", "GridSample", 16, importGridSample},
		row{"", "ImageDecoder", 20, simple(1, 1, func(c *call) ir.Op { return &op.ImageDecoder{Format: c.string("pixel_format", "RGB")} })},
		row{"", "NonMaxSuppression", 10, importNonMaxSuppression},
		row{"", "Resize", 10, importResize},
		row{"", "Upsample", 1, importUpsample},
	)
}
