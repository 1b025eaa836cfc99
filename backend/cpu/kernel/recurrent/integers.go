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

// ordered is the rows in the order of the layer's columns.
func (b *Integers) ordered(l *Layer) *Integers {
	n, k, lanes := l.w.n, l.input, l.kernel.Lanes
	o := &Integers{Q: make([]int8, n*k), Scale: make([]float32, n)}
	for i, run := range l.lines() {
		copy(o.Q[i*lanes*k:], b.Q[run.First*k:][:run.Count*k])
		copy(o.Scale[i*lanes:], b.Scale[run.First:][:run.Count])
	}
	return o
}

// setSmall lays R out as kernels read it.
func (l *Layer) setSmall(b *Integers) {
	n, h, gates, lanes := l.w.n, l.hidden, l.cell.Kind.Gates(), l.kernel.Lanes
	l.format, l.small, l.scale = gemm.Int8, tensor.Data[int8](tensor.New(tensor.Int8, n*h)), make([]float32, n)
	for i, run := range l.lines() {
		copy(l.scale[i*lanes:], b.Scale[run.First:][:run.Count])
		panel, gate := i/gates, i%gates
		for lane := range run.Count {
			dst := l.small[(panel*h*gates+gate)*lanes+lane:]
			for k, q := range b.Q[(run.First+lane)*h:][:h] {
				dst[k*gates*lanes] = q
			}
		}
	}
}
