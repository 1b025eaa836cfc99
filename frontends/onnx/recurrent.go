package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// recurrent: layout came with opset 14. Attribute output_sequence, before opset 7, only allows that Y is left out, which
// every version does since.
func recurrent(maxIn int, make func(c *call, layout, hidden int, clip float32) ir.Op) importer {
	return func(c *call) ([]*ir.Value, error) {
		if err := c.expect(3, maxIn); err != nil {
			return nil, err
		}
		layout := 0
		if c.version >= 14 {
			layout = int(c.int("layout", 0))
		}
		clip := c.float("clip", 0)
		if c.has("clip") && !(clip > 0) {
			return nil, fmt.Errorf("attribute \"clip\" must be positive, got %v", clip)
		}
		o := make(c, layout, int(c.int("hidden_size", 0)), clip)
		if c.err != nil {
			return nil, c.err
		}
		return c.add(o, c.in...)
	}
}

func init() {
	register(
		row{"", "GRU", 1, recurrent(6, func(c *call, layout, hidden int, clip float32) ir.Op {
			return &op.GRU{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
				ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip,
				LinearBeforeReset: c.bool("linear_before_reset", false)}
		})},
		row{"", "LSTM", 1, recurrent(8, func(c *call, layout, hidden int, clip float32) ir.Op {
			return &op.LSTM{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
				ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip,
				InputForget: c.bool("input_forget", false)}
		})},
		row{"", "RNN", 1, recurrent(6, func(c *call, layout, hidden int, clip float32) ir.Op {
			return &op.RNN{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
				ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip}
		})},
	)
}
