package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// nBits describes the weights of MatMulNBits: N columns of K integers of some bits, from the lowest bits of a byte on, in blocks that begin on a byte and have
// a scale and a zero point.
type nBits struct {
	k, n, bits, block, blocks int
}

const maxNBits = 1 << 28 // so that no product of sizes overflows

func (c *call) nBits() (nBits, error) {
	k, n, bits, block := c.int("K", 0), c.int("N", 0), c.int("bits", 4), c.int("block_size", 0)
	if k < 1 || n < 1 || k > maxNBits || n > maxNBits || bits != 2 && bits != 4 && bits != 8 || block < 16 || block > maxNBits || block&(block-1) != 0 {
		return nBits{}, fmt.Errorf("attributes K %d, N %d, bits %d and block_size %d: want positive sizes, 2, 4 or 8 bits and a block that is a power of 2 from 16 on", k, n, bits, block)
	}
	if p := c.int("weight_prepacked", 0); p != 0 {
		return nBits{}, fmt.Errorf("weight_prepacked is %d; only weights as the operator describes them can be read", p)
	}
	return nBits{int(k), int(n), int(bits), int(block), int((k + block - 1) / block)}, nil
}

// elem is the type of the integers.
func (b *nBits) elem() tensor.DType {
	switch b.bits {
	case 2:
		return tensor.Uint2
	case 4:
		return tensor.Uint4
	}
	return tensor.Uint8
}

// unpack makes n rows of so many bytes rows of integers, of which it takes the first ones.
func (c *call) unpack(b *nBits, bytes *ir.Value, row, cols int) *ir.Value {
	if c.err != nil {
		return nil
	}
	per := 8 / b.bits
	if bytes.Type.Elem != tensor.Uint8 {
		c.fail("integers of %d bits must come as u8, got %v", b.bits, bytes.Type)
		return nil
	}
	t, constant := bytes.Const, bytes.Const != nil
	if constant && t.Len() != b.n*row {
		c.fail("%d rows of %d integers of %d bits take %d bytes, got shape %v", b.n, row*per, b.bits, b.n*row, t.Shape())
		return nil
	}
	if constant {
		all := tensor.View(b.elem(), []int{b.n, row * per}, t.Bytes())
		if row*per == cols {
			return c.constant(all)
		}
		some := tensor.New(b.elem(), b.n, cols)
		for i := range b.n {
			for j := range cols {
				some.CopyElement(i*cols+j, all, i*row*per+j)
			}
		}
		return c.constant(some)
	}
	x := c.regroup(bytes, int64(b.n), int64(row), 1)
	if per > 1 { // the quotients of powers of 2, less what lies above
		shifts := tensor.New(tensor.Uint8, per)
		for i := range per {
			shifts.SetInt64(i, int64(i*b.bits))
		}
		x = c.expr(&op.Binary{Fn: op.BitShiftRight}, x, c.constant(shifts))
		x = c.expr(&op.Binary{Fn: op.BitwiseAnd}, x, c.number(float64(int(1)<<b.bits-1), x))
	}
	return c.expr(&op.Slice{}, c.regroup(x, int64(b.n), int64(row*per)), c.vector(0), c.vector(int64(cols)), c.vector(1))
}

// roundsLeft is the accuracy_level that permits to round A to 8 bits. The others permit 16 bits at most, and no level permits nothing.
const roundsLeft = 4

// importMatMulNBits: A·Bᵀ + bias, where B is (q − zero)·scale.
func importMatMulNBits(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 6); err != nil {
		return nil, err
	}
	b, err := c.nBits()
	if err != nil {
		return nil, err
	}
	if c.input(4) != nil {
		return nil, fmt.Errorf("g_idx is not supported")
	}
	q := c.unpack(&b, c.in[1], b.blocks*b.block*b.bits/8, b.k) // blocks fill bytes, the last one is there as a whole
	scale := c.regroup(c.in[2], int64(b.n), int64(b.blocks))
	var w *ir.Value
	if zero := c.input(3); zero != nil && zero.Type.Elem.IsFloat() {
		w = c.floatZero(&b, q, scale, c.regroup(zero, int64(b.n), int64(b.blocks)))
	} else {
		w = c.expr(&op.DequantizeLinear{Axis: 1, BlockSize: b.block, RoundLeft: c.int("accuracy_level", 0) == roundsLeft}, q, scale, c.nBitsZero(&b, q, zero))
	}
	y := c.expr(&op.MatMul{TransB: true}, c.in[0], w)
	if bias := c.input(5); bias != nil {
		y = c.plus(y, bias)
	}
	return []*ir.Value{y}, nil
}

// nBitsZero is the zero points, of which packed ones begin on a byte in each row, in the type of q. Without any they are in the middle of the range.
func (c *call) nBitsZero(b *nBits, q, packed *ir.Value) *ir.Value {
	switch {
	case c.err != nil:
		return nil
	case packed != nil:
		return c.to(c.unpack(b, packed, (b.blocks*b.bits+7)/8, b.blocks), q.Type.Elem)
	case q.Const == nil:
		return c.expr(&op.Expand{}, c.number(float64(int(1)<<(b.bits-1)), q), c.vector(int64(b.n), int64(b.blocks)))
	}
	zero := tensor.New(q.Type.Elem, b.n, b.blocks) // not as many as the integers that are there
	middle := zero.Len() - zero.Len()%8            // elements before it fill bytes
	for i := range min(8, middle) {
		zero.SetInt64(i, 1<<(b.bits-1))
	}
	data := zero.Bytes()
	for i := 1; i < zero.DType().ByteLen(middle); i++ {
		data[i] = data[0]
	}
	for i := middle; i < zero.Len(); i++ {
		zero.SetInt64(i, 1<<(b.bits-1))
	}
	return c.constant(zero)
}

// floatZero is (q − zero)·scale with zero points that are no integers.
func (c *call) floatZero(b *nBits, q, scale, zero *ir.Value) *ir.Value {
	if c.err != nil {
		return nil
	}
	at := c.over(c.count(c.vector(int64(b.k))), c.vector(int64(b.block))) // the block of each integer of a row
	spread := func(x *ir.Value) *ir.Value { return c.expr(&op.Gather{Axis: 1}, x, at) }
	return c.times(c.minus(c.to(q, scale.Type.Elem), spread(c.to(zero, scale.Type.Elem))), spread(scale))
}

func init() { register(row{"com.microsoft", "MatMulNBits", 1, importMatMulNBits}) }
