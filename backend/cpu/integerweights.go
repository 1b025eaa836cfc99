package cpu

import (
	"bytes"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// integerWeights are a constant matrix of integers of 8 bits at most (q − zero)·scale that products read on their right. The value that stands for it in the program is q,
// which has its shape.
type integerWeights struct {
	q, scale, zero *tensor.Tensor // zero is nil where it is 0
	axis, block    int
	round          bool // what they multiply may be rounded
}

// integerWeightsOf returns the weights that v is, nil if it is none or something else reads it.
func integerWeightsOf(v *ir.Value) *integerWeights {
	if v.IsOutput() || len(v.Type.Dims) != 2 {
		return nil
	}
	w := dequantized(v)
	if w == nil {
		return nil
	}
	for _, u := range v.Uses() {
		if u.Index != 1 || !isProduct(u.Node) {
			return nil
		}
	}
	return w
}

// dequantized returns the constant integers of 8 bits at most that v is made from, nil if there are none.
func dequantized(v *ir.Value) *integerWeights {
	n := v.Def()
	if n == nil || v.Type.Elem != tensor.Float32 {
		return nil
	}
	o, ok := n.Op.(*op.DequantizeLinear)
	if !ok || n.Input(0).Def() == nil || ir.OpName(n.Input(0).Def().Op) != "Const" {
		return nil
	}
	w := &integerWeights{axis: o.Axis, block: o.BlockSize, round: o.RoundLeft}
	for i, t := range []**tensor.Tensor{&w.q, &w.scale, &w.zero} {
		if in := n.Input(i); in != nil {
			if *t = in.Const; *t == nil {
				return nil
			}
		}
	}
	if d := w.q.DType(); d.IsFloat() || d.Bits() > 8 || w.scale.DType() != tensor.Float32 {
		return nil
	}
	if _, err := newScaleGroups(w.q.Shape(), []*tensor.Tensor{w.scale, w.zero}, w.axis, w.block); err != nil {
		return nil
	}
	return w
}

// key is that of the weights packed.
func (w *integerWeights) key(trans bool, part columns) packedMatrix {
	return packedMatrix{weights: w.q, scale: w.scale, zero: w.zero, round: w.round, trans: trans, part: part}
}

// packed are columns of the weights, transposed if a product asks for it, as kernels read them: integers, or floats where scales lie in a way that kernels
// do not know.
func (w *integerWeights) packed(trans bool, part columns, m *gemm.Memory) *gemm.Packed {
	ld := w.q.Dim(1)
	rows, cols := w.q.Dim(0), ld
	if trans {
		rows, cols = cols, rows
	}
	first, n := part.of(cols)
	at := first
	if trans {
		at *= ld
	}
	at = min(at, w.q.Len())
	if b := w.scales(trans, rows, cols, first, n); b != nil {
		b.K, b.N, b.LDB, b.Trans, b.RoundA = rows, n, ld, trans, w.round
		w.integers(b, at)
		if p := gemm.PackIntegers(b, m); p != nil {
			return p
		}
	}
	return gemm.PackB(w.floats()[at:], rows, n, ld, trans)
}

// integers sets those of b, less [integerWeights.less], from element at on.
func (w *integerWeights) integers(b *gemm.Integers, at int) {
	if d := w.q.DType(); (d == tensor.Int4 || d == tensor.Uint4) && at%2 == 0 {
		b.Bits, b.Pairs = 4, &gemm.Pairs{Data: w.q.Bytes()[at/2:], Unsigned: d == tensor.Uint4}
		return
	}
	q, bits := w.signed()
	b.Q, b.Bits = q[at:], bits
}

// scales is the scales and zero points, less [integerWeights.less], of n of the columns of a product's right operand, rows by cols, which share them in groups of
// rows; nil if columns or other groups do.
func (w *integerWeights) scales(trans bool, rows, cols, first, n int) *gemm.Integers {
	scale, along := f32(w.scale), 0 // the axis of sums
	if trans {
		along = 1
	}
	axis, groups := axisOf(w.axis, 2), 1
	b := &gemm.Integers{}
	single := w.block == 0 && len(scale) == 1
	switch {
	case single:
	case w.block == 0 && axis == along || w.block > 0 && axis != along:
		return nil
	case w.block > 0:
		b.Group, groups = w.block, max(1, (rows+w.block-1)/w.block)
	}
	spread := func(dst, src []float32) {
		switch {
		case single:
			for j := range dst {
				dst[j] = src[0]
			}
		case w.block > 0 && trans:
			move.Transpose(dst, n, src[first*groups:], groups, groups, n)
		default:
			for g := range groups {
				copy(dst[g*n:][:n], src[g*cols+first:])
			}
		}
	}
	b.Scale = make([]float32, groups*n)
	spread(b.Scale, scale)
	less := w.less()
	switch zero, ok := uniform(w.zero); {
	case !ok:
		all := make([]float32, len(scale))
		readIntegers(all, w.zero, 0)
		b.Zero = make([]float32, groups*n)
		spread(b.Zero, all)
		for i := range b.Zero {
			b.Zero[i] -= less
		}
	case zero != less:
		b.Zero = make([]float32, groups*n)
		for i := range b.Zero {
			b.Zero[i] = zero - less
		}
	}
	return b
}

// uniform is the one number that all elements of zero points are, if they are; without a tensor it is 0.
func uniform(t *tensor.Tensor) (float32, bool) {
	if t == nil || t.Len() == 0 {
		return 0, true
	}
	data, first := t.Bytes(), t.Int64(0)
	for i := 1; i < t.Len() && i < 8; i++ {
		if t.Int64(i) != first {
			return 0, false
		}
	}
	whole := data[:t.DType().ByteLen(t.Len()&^7)] // which bytes fill
	if len(whole) > 0 && !bytes.Equal(whole[1:], whole[:len(whole)-1]) {
		return 0, false
	}
	for i := t.Len() &^ 7; i < t.Len(); i++ {
		if t.Int64(i) != first {
			return 0, false
		}
	}
	return float32(first), true
}

// less is what has to be subtracted from the integers to give them a sign.
func (w *integerWeights) less() float32 {
	switch w.q.DType() {
	case tensor.Uint8:
		return 128
	case tensor.Uint4:
		return 8
	}
	return 0
}

// signed is the integers less that, in two's complement of 8 or 4 bits.
func (w *integerWeights) signed() (q []int8, bits int) {
	src := w.q.Bytes()
	switch w.q.DType() {
	case tensor.Int8:
		return tensor.Data[int8](w.q), 8
	case tensor.Uint8:
		q = make([]int8, len(src))
		for i, x := range src {
			q[i] = int8(x ^ 0x80)
		}
		return q, 8
	case tensor.Int4, tensor.Uint4:
		q = make([]int8, 2*len(src))
		flip := byte(w.less())
		for i, x := range src {
			low, high := x&15^flip, x>>4^flip
			q[2*i], q[2*i+1] = int8(low<<4)>>4, int8(high<<4)>>4
		}
		return q[:w.q.Len()], 4
	}
	line := make([]float32, w.q.Len()) // 2 bits
	readIntegers(line, w.q, 0)
	q = make([]int8, len(line))
	for i, x := range line {
		q[i] = int8(x)
	}
	return q, 4
}

// floats are the elements.
func (w *integerWeights) floats() []float32 {
	rows, cols := w.q.Dim(0), w.q.Dim(1)
	dst, scale := make([]float32, rows*cols), f32(w.scale)
	q, zero := make([]float32, cols), make([]float32, len(scale))
	if w.zero != nil {
		readIntegers(zero, w.zero, 0)
	}
	axis, block, blocks := axisOf(w.axis, 2), max(1, w.block), 1
	if w.block > 0 && axis == 1 {
		blocks = (cols + block - 1) / block
	}
	for r := range rows {
		readIntegers(q, w.q, r*cols)
		y := dst[r*cols:][:cols]
		switch {
		case len(scale) == 1 && w.block == 0:
			unround(y, q, scale[0], zero[0])
		case w.block == 0 && axis == 0:
			unround(y, q, scale[r], zero[r])
		case axis == 1 && w.block > 0:
			for b := range blocks {
				first, last := b*block, min(cols, (b+1)*block)
				unround(y[first:last], q[first:last], scale[r*blocks+b], zero[r*blocks+b])
			}
		default: // a scale for each column
			at := 0
			if w.block > 0 {
				at = r / block * cols
			}
			for c, x := range q {
				y[c] = (x - zero[at+c]) * scale[at+c]
			}
		}
	}
	return dst
}

func unround(dst, q []float32, scale, zero float32) {
	for i, x := range q {
		dst[i] = (x - zero) * scale
	}
}

// readIntegers reads elements of t from one on.
func readIntegers(dst []float32, t *tensor.Tensor, first int) {
	switch b := t.Bytes(); t.DType() {
	case tensor.Int8:
		for i := range dst {
			dst[i] = float32(int8(b[first+i]))
		}
	case tensor.Uint8:
		for i := range dst {
			dst[i] = float32(b[first+i])
		}
	case tensor.Int4:
		for i := range dst {
			k := first + i
			dst[i] = float32(int8(b[k/2]>>(k%2*4)<<4) >> 4)
		}
	case tensor.Uint4:
		for i := range dst {
			k := first + i
			dst[i] = float32(b[k/2] >> (k % 2 * 4) & 15)
		}
	default:
		for i := range dst {
			dst[i] = float32(t.Int64(first + i))
		}
	}
}
