package export

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir/op"
)

// writeMatMul transposes operands in front of the product, which has no attributes in ONNX.
func writeMatMul(c *call) error {
	o := c.node.Op.(*op.MatMul)
	if b := c.nBits[c.node.Input(1)]; b != nil {
		b.product(c)
		return nil
	}
	if c.options.Contrib && (o.TransA || o.TransB) && c.typ(0).Elem == c.typ(1).Elem {
		c.as(microsoft+"::FusedMatMul", attrs(flag("transA", o.TransA), flag("transB", o.TransB)), c.ins()...)
		return nil
	}
	in := c.ins()
	for i, turn := range []bool{o.TransA, o.TransB} {
		if !turn {
			continue
		}
		rank, err := c.rank(i)
		if err != nil {
			return err
		}
		if rank < 2 {
			continue
		}
		perm := make([]int, rank)
		for k := range perm {
			perm[k] = k
		}
		perm[rank-2], perm[rank-1] = rank-1, rank-2
		in[i] = c.swap(in[i], perm...)
	}
	c.as("MatMul", nil, in...)
	return nil
}

func window(w op.Window) []*proto.Attribute {
	return attrs(when(w.Kernel != nil, integers("kernel_shape", w.Kernel)), when(w.Strides != nil, integers("strides", w.Strides)),
		when(w.Dilations != nil, integers("dilations", w.Dilations)), when(w.Pads != nil && w.AutoPad == "", integers("pads", w.Pads)),
		when(w.AutoPad != "", text("auto_pad", w.AutoPad)), when(w.Ceil, integer("ceil_mode", 1)))
}

// pools asks for the version in which no window begins behind the input, if one could.
func (c *call) pools(w op.Window) {
	for i, k := range w.Kernel {
		if after := i + len(w.Kernel); w.Ceil && (after < len(w.Pads) && w.Pads[after] > 0 || i < len(w.Strides) && w.Strides[i] > k) {
			c.need(22, "a pool that rounds up")
		}
	}
}

func grouped(w op.Window, group int) []*proto.Attribute {
	w.Ceil = false // an attribute of pools
	return append(window(w), integer("group", max(1, group)))
}

func init() {
	spell("MatMul", writeMatMul)
	spell("Gemm", same("Gemm", func(o *op.Gemm) []*proto.Attribute {
		return attrs(float("alpha", o.Alpha), float("beta", o.Beta), flag("transA", o.TransA), flag("transB", o.TransB))
	}))
	spell("Einsum", same("Einsum", func(o *op.Einsum) []*proto.Attribute { return attrs(text("equation", o.Equation)) }))
	spell("Conv", same("Conv", func(o *op.Conv) []*proto.Attribute { return grouped(o.Window, o.Group) }))
	spell("ConvInteger", same("ConvInteger", func(o *op.ConvInteger) []*proto.Attribute { return grouped(o.Window, o.Group) }))
	spell("ConvTranspose", same("ConvTranspose", func(o *op.ConvTranspose) []*proto.Attribute {
		return append(grouped(o.Window, o.Group), attrs(when(o.OutputPads != nil, integers("output_padding", o.OutputPads)),
			when(o.OutputShape != nil, integers("output_shape", o.OutputShape)))...)
	}))
	spell("MaxPool", func(c *call) error {
		o := c.node.Op.(*op.MaxPool)
		c.pools(o.Window)
		c.as("MaxPool", append(window(o.Window), attrs(when(o.ColumnMajor, integer("storage_order", 1)))...), c.in(0))
		return nil
	})
	spell("AveragePool", func(c *call) error {
		o := c.node.Op.(*op.AveragePool)
		if slices.ContainsFunc(o.Dilations, func(n int) bool { return n != 1 }) {
			c.need(19, "AveragePool with dilations")
		}
		c.pools(o.Window)
		c.as("AveragePool", append(window(o.Window), flag("count_include_pad", o.CountPads)), c.in(0))
		return nil
	})
	spell("DeformConv", same("DeformConv", func(o *op.DeformConv) []*proto.Attribute {
		return append(grouped(o.Window, o.Group), integer("offset_group", max(1, o.OffsetGroup)))
	}))
	spell("LpPool", func(c *call) error {
		o := c.node.Op.(*op.LpPool)
		if o.P != float32(int(o.P)) {
			return fmt.Errorf("the power %v is no whole number", o.P)
		}
		c.pools(o.Window)
		c.as("LpPool", append(window(o.Window), integer("p", int(o.P))), c.in(0))
		return nil
	})
	spell("MaxUnpool", same("MaxUnpool", func(o *op.MaxUnpool) []*proto.Attribute { return window(o.Window) }))
}
