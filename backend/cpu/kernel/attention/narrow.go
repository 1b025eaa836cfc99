package attention

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Half is a dense operand in IEEE half precision.
func Half(data []uint16, heads, rows, size int) Operand {
	o := Dense(nil, heads, rows, size)
	o.half = data
	return o
}

// Bytes is a dense operand of signed integers, each row of which has a scale.
func Bytes(data []byte, scales []float32, heads, rows, size int) Operand {
	o := Dense(nil, heads, rows, size)
	o.bytes, o.scales = data, scales
	return o
}

// narrow reports whether the numbers are kept in fewer bits than those of float32.
func (o *Operand) narrow() bool { return o.half != nil || o.bytes != nil }

// Scaled reports whether rows have scales.
func (o *Operand) Scaled() bool { return o.bytes != nil }

func (o *Operand) len() int { return max(len(o.Data), len(o.half), len(o.bytes)) }

// Store makes numbers those of a row, from an element on, which is the first of the row if they are kept as integers. scale is that of the integers.
func (o *Operand) Store(at int, row []float32, scale float32) {
	switch {
	case o.half != nil:
		move.NarrowFloat16(o.half[at:], row)
	case o.bytes != nil:
		o.scales[at/o.Row] = scale
		dst := o.bytes[at:][:len(row)]
		for i, x := range row {
			dst[i] = nearest(x, scale)
		}
	default:
		copy(o.Data[at:], row)
	}
}

// nearest is x as a multiple of scale; NaN is 0.
func nearest(x, scale float32) byte {
	const magic = 3 << 22 // rounds to an integer, ties to even, what is less than 2²²
	switch x /= scale; {
	case !(x > -127.5): // NaN too, also of 0 / 0
		if x != x {
			return 0
		}
		x = -127
	case x > 127:
		x = 127
	}
	return byte(int8(x + magic - magic))
}

// Clear makes all numbers from element lo up to hi 0.
func (o *Operand) Clear(lo, hi int) {
	switch {
	case o.half != nil:
		clear(o.half[lo:hi])
	case o.bytes != nil:
		clear(o.bytes[lo:hi])
	default:
		clear(o.Data[lo:hi])
	}
}

// rows are n rows of a head from row k on as float32 numbers, and the distance from one to the next: where they lie, or else in memory for them. Of
// integers they are multiples, of the scales.
func (o *Operand) rows(memory []float32, b, h, k, n, size int) (data []float32, row int) {
	at := o.at(b, h, k)
	if !o.narrow() {
		return o.Data[at:], o.Row
	}
	memory = memory[:n*size]
	if o.half != nil {
		move.WidenFloat16(memory, o.half[at:][:n*size])
	} else {
		move.WidenInt8(memory, o.bytes[at:][:n*size])
	}
	return memory, size
}

// scale multiplies the scores, or weights, of a tile, in rows that are step apart, by the scales of the n rows from k on that they go with, if these have any.
func (o *Operand) scale(scores []float32, step, n, b, h, k int) {
	if o.bytes == nil {
		return
	}
	scales := o.scales[o.at(b, h, k)/o.Row:][:n]
	for r := 0; r < len(scores); r += step {
		vec.Mul(scores[r:r+n], scores[r:r+n], scales)
	}
}

// add adds the elements of a row from e on to sums, in memory for as many.
func (o *Operand) add(sums, memory []float32, b, h, i, e int) {
	at := o.at(b, h, i) + e
	switch {
	case o.half != nil:
		move.WidenFloat16(memory, o.half[at:][:len(memory)])
	case o.bytes != nil:
		move.WidenInt8(memory, o.bytes[at:][:len(memory)])
		vec.AddScaled(sums, sums, o.scales[(at-e)/o.Row], memory)
		return
	default:
		memory = o.Data[at:]
	}
	vec.Add(sums, sums, memory)
}
