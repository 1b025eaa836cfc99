package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
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

func init() {
	register(
		row{"", "Conv", 1, simple(2, 3, func(c *call) ir.Op { return &op.Conv{Window: c.window(), Group: c.group()} })},
	)
}
