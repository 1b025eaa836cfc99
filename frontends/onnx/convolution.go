package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// window reads the attributes that convolution and pooling share.
func (c *call) window() op.Window {
	w := op.Window{Kernel: c.intSlice("kernel_shape"), Strides: c.intSlice("strides"), Dilations: c.intSlice("dilations"), Pads: c.intSlice("pads"),
		Ceil: c.bool("ceil_mode", false)}
	switch pad := c.string("auto_pad", "NOTSET"); pad {
	case "NOTSET", "":
	case "VALID": // rounding up gives no more positions then
		w.Pads, w.Ceil = nil, false
	case op.SameUpper, op.SameLower:
		w.Pads, w.AutoPad = nil, pad
	default:
		if c.err == nil {
			c.err = fmt.Errorf(`attribute "auto_pad" must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, got %q`, pad)
		}
	}
	return w
}

// group is the attribute of that name; it must be positive.
func (c *call) group() int {
	g := c.int("group", 1)
	if g < 1 && c.err == nil {
		c.err = fmt.Errorf(`attribute "group" must be positive, got %d`, g)
	}
	return int(g)
}

// importConvTranspose: a stated output shape may include batch and channels, as some exporters of old wrote it.
func importConvTranspose(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	o := &op.ConvTranspose{Window: c.window(), Group: c.group(), OutputPads: c.intSlice("output_padding"), OutputShape: c.intSlice("output_shape")}
	if rank, ok := c.in[0].Type.Rank(); ok && rank > 2 && len(o.OutputShape) == rank {
		o.OutputShape = o.OutputShape[2:]
	}
	if c.err != nil {
		return nil, c.err
	}
	return c.add(o, c.in...)
}

// perChannel gives a vector of channels, or a single number, a shape that broadcasts against x.
func (c *call) perChannel(v, x *ir.Value) *ir.Value {
	rank, ok := x.Type.Rank()
	if !ok {
		c.fail("takes an input of known rank, got %v", x.Type)
		return nil
	}
	axes := make([]int64, max(0, rank-2))
	for i := range axes {
		axes[i] = int64(i + 1)
	}
	return c.unsqueeze(v, axes...)
}

// importQLinearConv: the exact sums are multiplied by the scales and quantised again.
func importQLinearConv(c *call) ([]*ir.Value, error) {
	if err := c.expect(8, 9); err != nil {
		return nil, err
	}
	o := &op.ConvInteger{Window: c.window(), Group: c.group()}
	if c.err != nil {
		return nil, c.err
	}
	x, scaleX, zeroX, w, scaleW, zeroW, scaleY, zeroY := c.in[0], c.in[1], c.in[2], c.in[3], c.in[4], c.in[5], c.in[6], c.in[7]
	sum := c.expr(o, x, w, zeroX, zeroW)
	if bias := c.input(8); bias != nil {
		sum = c.plus(sum, c.perChannel(bias, x))
	}
	scale := c.perChannel(c.over(c.times(scaleX, scaleW), scaleY), x)
	v := c.times(c.to(sum, tensor.Float32), scale)
	y := c.expr(&op.QuantizeLinear{Saturate: true}, v, c.number(1, v), c.regroup(zeroY))
	return []*ir.Value{y}, c.err
}

var activations = map[string]bool{"none": false, "silu": true, "swish": true}

// importCausalConv joins the carried state, or zeros, and the input, and convolves each channel with its own kernel. The last elements of
// what was joined are the state to carry on.
func importCausalConv(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 4); err != nil {
		return nil, err
	}
	x, w, bias, past := c.in[0], c.in[1], c.input(2), c.input(3)
	act := c.string("activation", "none")
	silu, known := activations[act]
	if !known {
		c.fail(`attribute "activation" must be none, silu or swish, got %q`, act)
	}
	keep := c.minus(c.axis(w, 2), c.vector(1))
	if past == nil {
		shape := c.expr(&op.Concat{}, c.expr(&op.Shape{End: 2, HasEnd: true}, x), keep)
		past = c.expr(&op.Expand{}, c.number(0, x), shape)
	}
	joined := c.expr(&op.Concat{Axis: 2}, past, x)
	group, ok := int64(0), false
	if c.err == nil && w.Type.Ranked && len(w.Type.Dims) == 3 {
		group, ok = w.Type.Dims[0].IsConst()
	}
	y := c.depthwise(joined, w, bias, int(group), ok)
	if silu {
		y = c.expr(&op.Unary{Fn: op.Silu, Alpha: 1}, y)
	}
	end := c.axis(joined, 2)
	present := c.expr(&op.Slice{}, joined, c.minus(end, keep), end, c.vector(2))
	return []*ir.Value{y, present}, c.err
}

// depthwise convolves the one axis of x [N, C, L] with a kernel a channel, w [C, 1, K]. Where the number of channels is not known it is made
// part of the batch of windows: the sum over K of shifted inputs is a product of [N, C, L', K] with [C, K, 1].
func (c *call) depthwise(x, w, bias *ir.Value, group int, known bool) *ir.Value {
	if known {
		return c.expr(&op.Conv{Group: group}, x, w, bias)
	}
	k, length := c.axis(w, 2), c.axis(x, 2)
	positions := c.plus(c.minus(length, k), c.vector(1))
	at := c.plus(c.unsqueeze(c.count(positions), 1), c.unsqueeze(c.count(k), 0))
	windows := c.expr(&op.Gather{Axis: 2}, x, at)
	y := c.expr(&op.MatMul{}, windows, c.expr(&op.Transpose{Perm: []int{0, 2, 1}}, w))
	y = c.expr(&op.Squeeze{}, y, c.vector(-1))
	if bias != nil {
		y = c.plus(y, c.unsqueeze(bias, 1))
	}
	return y
}

func init() {
	register(
		row{"", "CausalConvWithState", 27, importCausalConv},
		row{"", "Conv", 1, simple(2, 3, func(c *call) ir.Op { return &op.Conv{Window: c.window(), Group: c.group()} })},
		row{"", "ConvInteger", 10, simple(2, 4, func(c *call) ir.Op { return &op.ConvInteger{Window: c.window(), Group: c.group()} })},
		row{"", "ConvTranspose", 1, importConvTranspose},
		row{"", "DeformConv", 19, simple(3, 5, func(c *call) ir.Op {
			groups := c.int("offset_group", 1)
			if groups < 1 {
				c.fail(`attribute "offset_group" must be positive, got %d`, groups)
			}
			return &op.DeformConv{Window: c.window(), Group: c.group(), OffsetGroup: int(groups)}
		})},
		row{"", "QLinearConv", 10, importQLinearConv},
	)
}
