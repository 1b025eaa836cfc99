package onnx

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importTopK: k was an attribute before opset 10.
func importTopK(c *call) ([]*ir.Value, error) {
	o := &op.TopK{Axis: int(c.int("axis", -1)), Smallest: !c.bool("largest", true)}
	if c.version >= 10 {
		if err := c.expect(2, 2); err != nil {
			return nil, err
		}
		return c.add(o, c.in...)
	}
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	c.require("k")
	return c.add(o, c.in[0], c.vector(c.int("k", 0)))
}

func importCompress(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	return c.add(&op.Compress{Axis: int(c.int("axis", 0)), Flat: !c.has("axis")}, c.in...)
}

func importUnique(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	return c.add(&op.Unique{Axis: int(c.int("axis", 0)), Flat: !c.has("axis"), Sorted: c.bool("sorted", true)}, c.in[0])
}

// importHardmax is a one-hot tensor of the places of the largest elements. Before opset 13 all axes from axis on, which is 1 by default,
// are one.
func importHardmax(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	b := &builder{call: c}
	x, axis := c.in[0], int(c.int("axis", -1))
	if c.version < 13 {
		x, axis = b.add(&op.Flatten{Axis: int(c.int("axis", 1))}, x), -1
	}
	if !x.Type.Elem.IsFloat() {
		return nil, fmt.Errorf("does not take elements %v", x.Type.Elem)
	}
	values := tensor.New(x.Type.Elem, 2)
	values.SetFloat64(1, 1)
	depth := b.add(&op.Shape{Start: axis, End: axis + 1, HasEnd: axis != -1}, x)
	y := b.add(&op.OneHot{Axis: axis}, b.add(&op.Arg{Axis: axis}, x), depth, c.constant(values))
	if c.version < 13 {
		y = b.add(&op.Reshape{AllowZero: true}, y, b.add(&op.Shape{}, c.in[0]))
	}
	return b.result(y)
}

// spaceDepth is what DepthToSpace and SpaceToDepth have in common: the image [N, C, H, W], the size of a block and its order.
func spaceDepth(c *call) (b *builder, n, ch, h, w, block *ir.Value, dcr bool, err error) {
	if err = c.expect(1, 1); err != nil {
		return
	}
	c.require("blocksize")
	size := c.int("blocksize", 1)
	b = &builder{call: c}
	switch mode := c.string("mode", "DCR"); {
	case size < 1 || size > 1<<20:
		b.fail("block size %d is out of range", size)
	case mode != "DCR" && mode != "CRD":
		b.fail(`attribute "mode" must be DCR or CRD, got %q`, mode)
	default:
		dcr = mode == "DCR"
	}
	if rank, ok := c.in[0].Type.Rank(); ok && rank != 4 {
		b.fail("needs an image of rank 4, got %v", c.in[0].Type)
	}
	x := c.in[0]
	return b, b.dim(x, 0), b.dim(x, 1), b.dim(x, 2), b.dim(x, 3), b.num(size), dcr, b.err
}

// importDepthToSpace: [N, b·b·C, H, W] (DCR) or [N, C·b·b, H, W] (CRD) to [N, C, H·b, W·b].
func importDepthToSpace(c *call) ([]*ir.Value, error) {
	b, n, ch, h, w, block, dcr, err := spaceDepth(c)
	if err != nil {
		return nil, err
	}
	less := b.binary(op.Div, ch, b.binary(op.Mul, block, block))
	var y *ir.Value
	if dcr {
		y = b.add(&op.Transpose{Perm: []int{0, 3, 4, 1, 5, 2}}, b.reshape(c.in[0], n, block, block, less, h, w))
	} else {
		y = b.add(&op.Transpose{Perm: []int{0, 1, 4, 2, 5, 3}}, b.reshape(c.in[0], n, less, block, block, h, w))
	}
	return b.result(b.reshape(y, n, less, b.binary(op.Mul, h, block), b.binary(op.Mul, w, block)))
}

// importSpaceToDepth is the inverse of importDepthToSpace.
func importSpaceToDepth(c *call) ([]*ir.Value, error) {
	b, n, ch, h, w, block, dcr, err := spaceDepth(c)
	if err != nil {
		return nil, err
	}
	h, w = b.binary(op.Div, h, block), b.binary(op.Div, w, block)
	perm := []int{0, 1, 3, 5, 2, 4}
	if dcr {
		perm = []int{0, 3, 5, 1, 2, 4}
	}
	y := b.add(&op.Transpose{Perm: perm}, b.reshape(c.in[0], n, ch, h, block, w, block))
	return b.result(b.reshape(y, n, b.binary(op.Mul, ch, b.binary(op.Mul, block, block)), h, w))
}

// importCenterCropPad cuts ⌊(d − t)/2⌋ elements before the middle of an axis that is too long and adds ⌊(t − d)/2⌋ zeros before one that
// is too short.
func importCenterCropPad(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 2); err != nil {
		return nil, err
	}
	b := &builder{call: c}
	x, target := c.in[0], b.add(&op.Cast{To: tensor.Int64}, c.in[1])
	dims := b.add(&op.Shape{}, x)
	axes := c.ints("axes")
	if !c.has("axes") {
		rank, ok := x.Type.Rank()
		if s, static := target.Type.Static(); !ok && static && len(s) == 1 {
			rank, ok = s[0], true
		}
		if !ok {
			return nil, fmt.Errorf("needs data of known rank")
		}
		axes = make([]int64, rank)
		for i := range axes {
			axes[i] = int64(i)
		}
	}
	dims = b.add(&op.Gather{}, dims, c.vector(axes...))
	zero, two := b.num(0), b.num(2)
	cut := b.binary(op.Max, b.binary(op.Sub, dims, target), zero)
	fill := b.binary(op.Max, b.binary(op.Sub, target, dims), zero)
	start := b.binary(op.Div, cut, two)
	end := b.binary(op.Add, start, b.binary(op.Min, dims, target))
	before := b.binary(op.Div, fill, two)
	y := b.add(&op.Slice{}, x, start, end, c.vector(axes...))
	pads := b.add(&op.Concat{}, before, b.binary(op.Sub, fill, before))
	return b.result(b.add(&op.Pad{Mode: "constant"}, y, pads, nil, c.vector(axes...)))
}

// importOneHot: negative indices were out of range before opset 11.
func importOneHot(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	b := &builder{call: c}
	x := c.in[0]
	if c.version < 11 {
		x = b.add(&op.Cast{To: tensor.Int64}, x)
		zero, outside := c.constant(tensor.Scalar(int64(0))), c.constant(tensor.Scalar(int64(math.MaxInt64)))
		x = b.add(&op.Where{}, b.binary(op.Less, x, zero), outside, x)
	}
	return b.result(b.add(&op.OneHot{Axis: int(c.int("axis", -1))}, x, c.in[1], c.in[2]))
}

func importTensorScatter(c *call) ([]*ir.Value, error) {
	if err := c.expect(2, 3); err != nil {
		return nil, err
	}
	o := &op.TensorScatter{Axis: int(c.int("axis", -2))}
	switch mode := c.string("mode", "linear"); mode {
	case "linear":
	case "circular":
		o.Circular = true
	default:
		return nil, fmt.Errorf(`attribute "mode" must be linear or circular, got %q`, mode)
	}
	return c.add(o, c.in...)
}

func cumulative(product bool) importer {
	return simple(2, 2, func(c *call) ir.Op {
		return &op.Cumulative{Product: product, Exclusive: c.bool("exclusive", false), Reverse: c.bool("reverse", false)}
	})
}

func importBitCast(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	c.require("to")
	return c.add(&op.BitCast{To: c.dtype("to", tensor.Invalid)}, c.in[0])
}

func init() {
	register(
		row{"", "BitCast", 26, importBitCast},
		row{"", "CenterCropPad", 18, importCenterCropPad},
		row{"", "Col2Im", 18, simple(3, 3, func(c *call) ir.Op {
			return &op.Col2Im{Dilations: c.intSlice("dilations"), Pads: c.intSlice("pads"), Strides: c.intSlice("strides")}
		})},
		row{"", "Compress", 9, importCompress},
		row{"", "CumProd", 26, cumulative(true)},
		row{"", "CumSum", 11, cumulative(false)},
		row{"", "DepthToSpace", 1, importDepthToSpace},
		row{"", "Det", 11, simple(1, 1, func(*call) ir.Op { return &op.Det{} })},
		row{"", "EyeLike", 9, simple(1, 1, func(c *call) ir.Op {
			return &op.EyeLike{K: int(c.int("k", 0)), Elem: c.dtype("dtype", tensor.Invalid)}
		})},
		row{"", "Hardmax", 1, importHardmax},
		row{"", "NonZero", 9, simple(1, 1, func(*call) ir.Op { return &op.NonZero{} })},
		row{"", "OneHot", 9, importOneHot},
		row{"", "ReverseSequence", 10, simple(2, 2, func(c *call) ir.Op {
			return &op.ReverseSequence{BatchAxis: int(c.int("batch_axis", 1)), TimeAxis: int(c.int("time_axis", 0))}
		})},
		row{"", "SpaceToDepth", 1, importSpaceToDepth},
		row{"", "TensorScatter", 24, importTensorScatter},
		row{"", "TopK", 1, importTopK},
		row{"", "Trilu", 14, simple(1, 2, func(c *call) ir.Op { return &op.Trilu{Upper: c.bool("upper", true)} })},
		row{"", "Unique", 11, importUnique},
	)
}
