package export

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

func init() {
	for _, name := range []string{"LSTM", "GRU", "RNN"} {
		spell(name, writeRecurrent)
	}
}

// writeRecurrent writes layout 0 only, as onnxruntime does not run the other one, and moves axes for other layouts of operands and results.
func writeRecurrent(c *call) error {
	var direction string
	var layout, hidden int
	var stacked bool
	var names []string
	var alpha, beta []float32
	var clip float32
	list := attrs()
	switch o := c.node.Op.(type) {
	case *op.LSTM:
		direction, layout, stacked, hidden, names, alpha, beta, clip = o.Direction, o.Layout, o.Stacked, o.HiddenSize, o.Activations, o.ActivationAlpha, o.ActivationBeta, o.Clip
		list = attrs(flag("input_forget", o.InputForget))
	case *op.GRU:
		direction, layout, stacked, hidden, names, alpha, beta, clip = o.Direction, o.Layout, o.Stacked, o.HiddenSize, o.Activations, o.ActivationAlpha, o.ActivationBeta, o.Clip
		list = attrs(flag("linear_before_reset", o.LinearBeforeReset))
	case *op.RNN:
		direction, layout, stacked, hidden, names, alpha, beta, clip = o.Direction, o.Layout, o.Stacked, o.HiddenSize, o.Activations, o.ActivationAlpha, o.ActivationBeta, o.Clip
	}
	if r := c.typ(2); hidden == 0 && len(r.Dims) == 3 {
		n, _ := r.Dims[2].IsConst()
		hidden = int(n)
	}
	list = append(list, attrs(when(direction != "", text("direction", direction)), when(hidden > 0, integer("hidden_size", hidden)),
		when(len(names) > 0, texts("activations", names)), when(len(alpha) > 0, floats("activation_alpha", alpha)),
		when(len(beta) > 0, floats("activation_beta", beta)), when(clip > 0, float("clip", clip)))...)
	in := c.ins()
	if layout == 0 && !stacked {
		c.as(ir.OpName(c.node.Op), list, in...)
		return nil
	}
	swapped := []int{0, 5, 6}
	if layout == 0 {
		swapped = nil
	} else if stacked {
		swapped = swapped[:1]
	}
	for _, i := range swapped {
		if i < len(in) && in[i] != "" {
			in[i] = c.swap(in[i], 1, 0, 2)
		}
	}
	out := make([]string, len(c.node.Out()))
	for i := range out {
		switch {
		case c.used(i) && i > 0 && stacked:
			out[i] = c.out(i)
		case c.used(i):
			out[i] = c.name("states")
		}
	}
	c.scope.node(ir.OpName(c.node.Op), list, in, out, c.node.Name)
	if stacked {
		if c.used(0) {
			c.give(0, c.stacked(out[0], direction == "bidirectional", layout, hidden))
		}
		return nil
	}
	for i, perm := range [][]int{{2, 0, 1, 3}, {1, 0, 2}, {1, 0, 2}} {
		if i < len(out) && c.used(i) {
			c.scope.node("Transpose", attrs(integers("perm", perm)), []string{out[i]}, []string{c.out(i)}, "")
		}
	}
	return nil
}

// stacked lays Y, [seq, dirs, batch, hidden], out as X, in the steps that exporters take.
func (c *call) stacked(y string, both bool, layout, hidden int) string {
	if both {
		columns := int64(-1)
		if hidden > 0 {
			columns = 2 * int64(hidden)
		}
		y = c.emit("Reshape", nil, c.swap(y, 0, 2, 1, 3), c.integers(0, 0, columns))
	} else {
		y = c.emit("Squeeze", nil, y, c.integers(1))
	}
	if layout == 1 {
		y = c.swap(y, 1, 0, 2)
	}
	return y
}
