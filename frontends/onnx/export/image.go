package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// writeResize: the rounding of releases before 11 depends on whether an axis grows or shrinks, so that the axes that do either are resized
// one after the other.
func writeResize(c *call) error {
	o := *c.node.Op.(*op.Resize)
	in := c.ins()
	if o.Coordinates == "half_pixel_symmetric" {
		c.need(19, "Resize with symmetric coordinates")
	}
	if o.Nearest != "simple" || o.Mode != "" && o.Mode != "nearest" {
		if o.Nearest == "simple" {
			o.Nearest = ""
		}
		c.as("Resize", resize(&o), in...)
		return nil
	}
	if c.in(2) == "" {
		return fmt.Errorf("it rounds by scales that are not given")
	}
	var grow, shrink string
	if t := c.node.Input(2).Const; t != nil {
		grow, shrink = c.limited(t, math.Max), c.limited(t, math.Min)
	} else {
		one := c.scalar(1, tensor.Float32)
		grow, shrink = c.emit("Max", nil, in[2], one), c.emit("Min", nil, in[2], one)
	}
	o.Nearest = "floor"
	if shrink == "" {
		c.as("Resize", resize(&o), in[0], "", in[2])
		return nil
	}
	if grow != "" {
		in[0] = c.emit("Resize", resize(&o), in[0], "", grow)
	}
	o.Nearest = "ceil"
	c.as("Resize", resize(&o), in[0], "", shrink)
	return nil
}

// limited is a function of scales and 1, "" where all are 1.
func (c *call) limited(t *tensor.Tensor, limit func(a, b float64) float64) string {
	p, changes := tensor.New(tensor.Float32, t.Len()), false
	for i := range t.Len() {
		p.SetFloat64(i, limit(t.Float64(i), 1))
		changes = changes || p.Float64(i) != 1
	}
	if !changes {
		return ""
	}
	return c.shared(p)
}

func resize(o *op.Resize) []*proto.Attribute {
	return attrs(named("mode", o.Mode), named("coordinate_transformation_mode", o.Coordinates), named("nearest_mode", o.Nearest),
		when(len(o.Axes) > 0, integers("axes", o.Axes)), named("keep_aspect_ratio_policy", o.Policy), when(o.Antialias, integer("antialias", 1)),
		when(o.ExcludeOutside, integer("exclude_outside", 1)), float("cubic_coeff_a", o.CubicA), when(o.Extrapolation != 0, float("extrapolation_value", o.Extrapolation)))
}

// writeGridSample: the modes had longer names before opset 20.
func writeGridSample(c *call) error {
	o := c.node.Op.(*op.GridSample)
	mode := o.Mode
	if !c.has(20) {
		if long, ok := map[string]string{"": "bilinear", "linear": "bilinear", "cubic": "bicubic"}[mode]; ok {
			mode = long
		}
		if rank, ok := c.typ(0).Rank(); !ok || rank != 4 {
			c.need(20, "GridSample of anything but images")
		}
	} else {
		c.need(20, "GridSample")
	}
	c.as("GridSample", attrs(named("mode", mode), named("padding_mode", o.Padding), flag("align_corners", o.AlignCorners)), c.ins()...)
	return nil
}

func init() {
	spell("AffineGrid", same("AffineGrid", func(o *op.AffineGrid) []*proto.Attribute { return attrs(flag("align_corners", o.AlignCorners)) }))
	spell("Col2Im", same("Col2Im", func(o *op.Col2Im) []*proto.Attribute {
		return attrs(when(len(o.Dilations) > 0, integers("dilations", o.Dilations)), when(len(o.Pads) > 0, integers("pads", o.Pads)),
			when(len(o.Strides) > 0, integers("strides", o.Strides)))
	}))
	spell("GridSample", writeGridSample)
	spell("ImageDecoder", same("ImageDecoder", func(o *op.ImageDecoder) []*proto.Attribute { return attrs(named("pixel_format", o.Format)) }))
	spell("MaxRoiPool", same("MaxRoiPool", func(o *op.MaxRoiPool) []*proto.Attribute {
		return attrs(integers("pooled_shape", []int{o.Height, o.Width}), float("spatial_scale", o.Scale))
	}))
	spell("NonMaxSuppression", same("NonMaxSuppression", func(o *op.NonMaxSuppression) []*proto.Attribute {
		return attrs(flag("center_point_box", o.CenterPoint))
	}))
	spell("Resize", writeResize)
	spell("RoiAlign", same("RoiAlign", func(o *op.RoiAlign) []*proto.Attribute {
		mode, coordinates := "avg", "output_half_pixel"
		if o.Max {
			mode = "max"
		}
		if o.HalfPixel {
			coordinates = "half_pixel"
		}
		return attrs(integer("output_height", o.Height), integer("output_width", o.Width), integer("sampling_ratio", o.Samples),
			float("spatial_scale", o.Scale), text("mode", mode), text("coordinate_transformation_mode", coordinates))
	}))
}
