package export

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// Weights that permit to round what they multiply are written as MatMulNBits, which can say so. DequantizeLinear in front of a product cannot.

const roundsLeft = 4 // the accuracy_level that permits it

// nBits is weights as MatMulNBits has them: a row of blocks for each column of the product.
type nBits struct {
	k, n, bits, block, blocks int
	trans                     bool // the integers lie the other way
	inputs                    []string
}

// nBitsOf describes the weights v, if they are constants that products alone read, each on its right, along which blocks run; else it is nil.
func nBitsOf(v *ir.Value) *nBits {
	node := v.Def()
	if node == nil || v.IsOutput() {
		return nil
	}
	o, ok := node.Op.(*op.DequantizeLinear)
	if !ok || !o.RoundLeft || o.BlockSize < 16 || o.BlockSize&(o.BlockSize-1) != 0 {
		return nil
	}
	for i, in := range node.In() {
		if in != nil && (in.Const == nil || in.Const.Rank() != 2 || in.Const.Len() == 0) || in == nil && i < 2 {
			return nil
		}
	}
	q, scale := node.Input(0).Const, node.Input(1).Const
	if d := q.DType(); !d.IsInteger() || d.Bits() != 4 && d.Bits() != 8 || scale.DType() != v.Type.Elem {
		return nil
	}
	axis := (o.Axis + 2) % 2
	for _, u := range v.Uses() {
		m, ok := u.Node.Op.(*op.MatMul)
		if !ok || u.Index != 1 || m.TransA || m.TransB != (axis == 1) || len(u.Node.Input(0).Type.Dims) < 2 {
			return nil
		}
	}
	b := &nBits{trans: axis == 0, k: q.Dim(axis), n: q.Dim(1 - axis), bits: q.DType().Bits(), block: o.BlockSize}
	b.blocks = (b.k + b.block - 1) / b.block
	if scale.Dim(axis) != b.blocks || scale.Dim(1-axis) != b.n {
		return nil
	}
	return b
}

// rows is n rows of so many integers of t, as numbers without sign.
func (b *nBits) rows(t *tensor.Tensor, cols int) []byte {
	dst := make([]byte, b.n*cols)
	for r := range b.n {
		for c := range cols {
			x := t.Int64(b.at(r, c, cols))
			if t.DType().IsSigned() {
				x += 1 << (b.bits - 1)
			}
			dst[r*cols+c] = byte(x)
		}
	}
	return dst
}

// at is where element (r, c) of a matrix of n rows is, which may lie the other way.
func (b *nBits) at(r, c, cols int) int {
	if b.trans {
		return c*b.n + r
	}
	return r*cols + c
}

// pack is n rows of so many integers, the lowest bits first, each row from a byte on and so many bytes long.
func (b *nBits) pack(rows []byte, cols, length int) []byte {
	dst := make([]byte, b.n*length)
	per := 8 / b.bits
	for i, x := range rows {
		r, c := i/cols, i%cols
		dst[r*length+c/per] |= x << (c % per * b.bits)
	}
	return dst
}

// zeroPoints are those of the operator, packed; nil if all are in the middle of the range.
func (b *nBits) zeroPoints(zero *ir.Value, signed bool) []byte {
	var rows []byte
	switch {
	case zero != nil:
		rows = b.rows(zero.Const, b.blocks)
	case signed:
		return nil
	default:
		rows = make([]byte, b.n*b.blocks)
	}
	if !slices.ContainsFunc(rows, func(x byte) bool { return x != 1<<(b.bits-1) }) {
		return nil
	}
	return b.pack(rows, b.blocks, (b.blocks*b.bits+7)/8)
}

// writeNBits writes the constants of weights, and nothing that computes them.
func writeNBits(c *call, b *nBits) {
	q, scale := c.node.Input(0), c.node.Input(1).Const
	blob := b.block * b.bits / 8
	scales := tensor.New(scale.DType(), b.n*b.blocks)
	for r := range b.n {
		for k := range b.blocks {
			scales.CopyElement(r*b.blocks+k, scale, b.at(r, k, b.blocks))
		}
	}
	packed := b.pack(b.rows(q.Const, b.k), b.k, b.blocks*blob)
	b.inputs = []string{c.constant(tensor.Must(packed, b.n, b.blocks, blob), q.Name), c.constant(scales, q.Name+"_scales")}
	if zero := b.zeroPoints(c.node.Input(2), q.Const.DType().IsSigned()); zero != nil {
		b.inputs = append(b.inputs, c.constant(tensor.Must(zero, len(zero)), q.Name+"_zero_points"))
	}
	c.nBits[c.node.Out()[0]] = b
}

// product writes a product with the weights.
func (b *nBits) product(c *call) {
	c.as(microsoft+"::MatMulNBits", attrs(integer("K", b.k), integer("N", b.n), integer("bits", b.bits), integer("block_size", b.block),
		integer("accuracy_level", roundsLeft)), append([]string{c.in(0)}, b.inputs...)...)
}

// onlyInNBits reports whether a constant is read as a part of weights alone, which are written in another form.
func onlyInNBits(v *ir.Value) bool {
	if v.IsOutput() || !v.Used() {
		return false
	}
	return !slices.ContainsFunc(v.Uses(), func(u ir.Use) bool {
		_, ok := u.Node.Op.(*op.DequantizeLinear)
		return !ok || nBitsOf(u.Node.Out()[0]) == nil
	})
}
