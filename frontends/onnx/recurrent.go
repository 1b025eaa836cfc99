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

func gru(c *call, layout, hidden int, clip float32) ir.Op {
	return &op.GRU{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
		ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip,
		LinearBeforeReset: c.bool("linear_before_reset", false)}
}

func lstm(c *call, layout, hidden int, clip float32) ir.Op {
	return &op.LSTM{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
		ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip,
		InputForget: c.bool("input_forget", false)}
}

func rnn(c *call, layout, hidden int, clip float32) ir.Op {
	return &op.RNN{Direction: c.string("direction", ""), Layout: layout, HiddenSize: hidden, Activations: c.strings("activations"),
		ActivationAlpha: c.floats("activation_alpha"), ActivationBeta: c.floats("activation_beta"), Clip: clip}
}

// importDynamicQuantizeLSTM: W `[dirs, input, 4·hidden]` and R `[dirs, hidden, 4·hidden]` are quantised with a scale and zero point a direction or
// a column. The quantisation of inputs and states that the operator is named for is onnxruntime's way to multiply bytes; here the
// products are of the weights as they are, and nothing else is rounded.
func importDynamicQuantizeLSTM(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 12); err != nil {
		return nil, err
	}
	weights := func(i, scale int) *ir.Value {
		q, s, zero := c.in[i], c.input(scale), c.input(scale+1)
		if s == nil || zero == nil {
			c.fail("inputs %d and %d, a scale and a zero point, are required", scale, scale+1)
			return nil
		}
		spread := func(v *ir.Value) *ir.Value {
			if rank, ok := v.Type.Rank(); ok && rank == 2 {
				return c.unsqueeze(v, 1)
			} else if !ok || rank != 1 {
				c.fail("scales and zero points must be of rank 1 or 2, got %v", v.Type)
				return nil
			}
			return c.unsqueeze(v, 1, 2)
		}
		w := c.times(c.minus(c.to(q, s.Type.Elem), c.to(spread(zero), s.Type.Elem)), spread(s))
		return c.expr(&op.Transpose{Perm: []int{0, 2, 1}}, w)
	}
	in := []*ir.Value{c.in[0], weights(1, 8), weights(2, 10)}
	for i := 3; i < 8; i++ {
		in = append(in, c.input(i))
	}
	if c.err != nil {
		return nil, c.err
	}
	c.in = in
	return recurrent(8, lstm)(c)
}

func init() {
	register(
		row{"", "GRU", 1, recurrent(6, gru)},
		row{"", "LSTM", 1, recurrent(8, lstm)},
		row{"", "RNN", 1, recurrent(6, rnn)},
		row{"com.microsoft", "DynamicQuantizeLSTM", 1, importDynamicQuantizeLSTM},
	)
}
