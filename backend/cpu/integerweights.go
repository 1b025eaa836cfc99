package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
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
	n := v.Def()
	if n == nil || v.IsOutput() || v.Type.Elem != tensor.Float32 || len(v.Type.Dims) != 2 {
		return nil
	}
	o, ok := n.Op.(*op.DequantizeLinear)
	if !ok || n.Input(0).Def() == nil || ir.OpName(n.Input(0).Def().Op) != "Const" {
		return nil
	}
	for _, u := range v.Uses() {
		if u.Index != 1 || !isProduct(u.Node) {
			return nil
		}
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
		q, bits, zero := w.signed()
		b.K, b.N, b.Bits, b.Q, b.LDB, b.Trans, b.RoundA = rows, n, bits, q[at:], ld, trans, w.round
		for i := range b.Zero {
			b.Zero[i] -= zero
		}
		if p := gemm.PackIntegers(b, m); p != nil {
			return p
		}
	}
	return gemm.PackB(w.floats()[at:], rows, n, ld, trans)
}

// scales is the scales and zero points of n of the columns of a product's right operand, rows by cols, which share them in groups of rows; nil if columns or other
// groups do. What zero points there are without a tensor of them is 0 as well.
func (w *integerWeights) scales(trans bool, rows, cols, first, n int) *gemm.Integers {
	scale, along := f32(w.scale), 0 // the axis of sums
	if trans {
		along = 1
	}
	zero := make([]float32, len(scale))
	if w.zero != nil {
		readIntegers(zero, w.zero, 0)
	}
	axis, groups, row, col := axisOf(w.axis, 2), 1, 0, 1 // how scales lie
	b := &gemm.Integers{}
	switch {
	case w.block == 0 && len(scale) == 1:
		col = 0
	case w.block == 0 && axis == along || w.block > 0 && axis != along:
		return nil
	case w.block > 0:
		b.Group, groups, row = w.block, (rows+w.block-1)/w.block, cols
		if trans {
			row, col = 1, groups
		}
	}
	b.Scale, b.Zero = make([]float32, max(1, groups)*n), make([]float32, max(1, groups)*n)
	for g := range groups {
		for j := range n {
			from := g*row + (first+j)*col
			b.Scale[g*n+j], b.Zero[g*n+j] = scale[from], zero[from]
		}
	}
	return b
}

// signed is the integers in two's complement of 8 or 4 bits, and what was subtracted from them to make them so.
func (w *integerWeights) signed() (q []int8, bits int, less float32) {
	src := w.q.Bytes()
	switch w.q.DType() {
	case tensor.Int8:
		return tensor.Data[int8](w.q), 8, 0
	case tensor.Uint8:
		q = make([]int8, len(src))
		for i, x := range src {
			q[i] = int8(x ^ 0x80)
		}
		return q, 8, 128
	case tensor.Int4, tensor.Uint4:
		q = make([]int8, 2*len(src))
		if w.q.DType() == tensor.Uint4 {
			less = 8
		}
		flip := byte(less)
		for i, x := range src {
			low, high := x&15^flip, x>>4^flip
			q[2*i], q[2*i+1] = int8(low<<4)>>4, int8(high<<4)>>4
		}
		return q[:w.q.Len()], 4, less
	}
	line := make([]float32, w.q.Len()) // 2 bits
	readIntegers(line, w.q, 0)
	q = make([]int8, len(line))
	for i, x := range line {
		q[i] = int8(x)
	}
	return q, 4, 0
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
