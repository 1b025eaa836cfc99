package onnx

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importDFT: the axis was an attribute before opset 20.
func importDFT(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 3); err != nil {
		return nil, err
	}
	axis := c.input(2)
	if c.version < 20 {
		axis = c.vector(c.int("axis", 1))
	}
	return c.add(&op.DFT{Inverse: c.bool("inverse", false), OneSided: c.bool("onesided", false)}, c.in[0], c.input(1), axis)
}

// cosineWindow is Σ (−1)^k · a[k] · cos(2πkn/N), where N is the size, or the size less one if the window is not periodic.
func cosineWindow(a ...float64) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(1, 1); err != nil {
			return nil, err
		}
		elem := c.dtype("output_datatype", tensor.Float32)
		size := c.to(c.in[0], tensor.Int64)
		n := c.to(c.count(size), tensor.Float64)
		period := c.to(c.regroup(size), tensor.Float64)
		if !c.bool("periodic", true) {
			period = c.minus(period, c.number(1, period))
		}
		y := c.plus(c.times(n, c.number(0, n)), c.number(a[0], n))
		for k, f := range a[1:] {
			if k%2 == 0 {
				f = -f
			}
			angle := c.over(c.times(n, c.number(2*math.Pi*float64(k+1), n)), period)
			y = c.plus(y, c.times(c.apply(op.Cos, angle), c.number(f, n)))
		}
		return []*ir.Value{c.to(y, elem)}, c.err
	}
}

func init() {
	register(
		row{"", "BlackmanWindow", 17, cosineWindow(0.42, 0.5, 0.08)},
		row{"", "DFT", 17, importDFT},
		row{"", "HammingWindow", 17, cosineWindow(25./46, 21./46)},
		row{"", "HannWindow", 17, cosineWindow(0.5, 0.5)},
		row{"", "MelWeightMatrix", 17, simple(5, 5, func(c *call) ir.Op { return &op.MelWeightMatrix{Elem: c.dtype("output_datatype", tensor.Float32)} })},
		row{"", "STFT", 17, simple(2, 4, func(c *call) ir.Op { return &op.STFT{OneSided: c.bool("onesided", true)} })},
	)
}
