package recurrent

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/tensor"
)

// Integers are a matrix of weights: element (r, k) is Q[r·cols+k]·Scale[r].
type Integers struct {
	Q     []int8    // [rows, cols]
	Scale []float32 // [rows]
}

// fits tells whether integers, or the numbers that are there instead, are a matrix of that size.
func (b *Integers) fits(numbers []float32, rows, cols int) bool {
	if b == nil {
		return len(numbers) == rows*cols
	}
	return numbers == nil && len(b.Q) == rows*cols && len(b.Scale) == rows
}

// setIntegers packs the matrices that are integers.
func (l *Layer) setIntegers(w Weights) {
	gates, h := l.cell.Kind.Gates(), l.hidden
	switch {
	case w.IntegerW == nil:
	case l.kernel == nil:
		l.w.packed = w.IntegerW.packed(0, gates*h, l.input)
	default:
		l.w.packed = w.IntegerW.ordered(l).packed(0, gates*l.padded, l.input)
	}
	switch b := w.IntegerR; {
	case b == nil:
	case l.kernel != nil:
		l.setSmall(b)
	case l.cell.Kind == GRU:
		l.rGates.packed, l.rCandidate.packed = b.packed(0, 2*h, h), b.packed(2*h, h, h)
	default:
		l.rGates.packed = b.packed(0, gates*h, h)
	}
}

// packed is n rows from one on as the columns of a product's right side, k by n.
func (b *Integers) packed(first, n, k int) *gemm.Packed {
	return gemm.PackIntegers(&gemm.Integers{K: k, N: n, Bits: 8, Q: b.Q[first*k:][:n*k], LDB: max(1, k), Trans: true, Scale: b.Scale[first:][:n]}, nil)
}

// columnOf is the row of W and R that column c of the products of a layer with a kernel has; not ok if it only fills up.
func (l *Layer) columnOf(c int) (row int, ok bool) {
	gates, lanes := l.cell.Kind.Gates(), l.kernel.Lanes
	panel, gate, lane := c/(gates*lanes), c/lanes%gates, c%lanes
	unit := panel*lanes + lane
	return gate*l.hidden + unit, unit < l.hidden
}

// ordered is the rows in the order of the layer's columns.
func (b *Integers) ordered(l *Layer) *Integers {
	n, k := l.w.n, l.input
	o := &Integers{Q: make([]int8, n*k), Scale: make([]float32, n)}
	for c := range n {
		if row, ok := l.columnOf(c); ok {
			copy(o.Q[c*k:][:k], b.Q[row*k:])
			o.Scale[c] = b.Scale[row]
		}
	}
	return o
}

// setSmall lays R out as kernels read it.
func (l *Layer) setSmall(b *Integers) {
	n, h, width := l.w.n, l.hidden, l.cell.Kind.Gates()*l.kernel.Lanes
	l.format, l.small, l.scale = gemm.Int8, tensor.Data[int8](tensor.New(tensor.Int8, n*h)), make([]float32, n)
	for c := range n {
		row, ok := l.columnOf(c)
		if !ok {
			continue
		}
		l.scale[c] = b.Scale[row]
		dst := l.small[c/width*width*h+c%width:]
		for k, q := range b.Q[row*h:][:h] {
			dst[k*width] = q
		}
	}
}
