package resample

import (
	"slices"
	"unsafe"
)

// Nearest copies elements: along each axis of the result a table says from which place of the source.
type Nearest struct {
	dims   []int   // of the result, up to the last axis with a table
	tables [][]int // offsets in bytes, by axis
	run    int     // bytes that are copied at once
	rows   int     // product of all dims but the last
	twice  bool    // whether the last axis has every element twice
}

// NewNearest makes a plan for elements of size bytes; a table of nil keeps its axis. The shapes must have elements.
func NewNearest(to, from []int, tables [][]int, size int) *Nearest {
	last := len(to) - 1
	for last > 0 && tables[last] == nil {
		last--
	}
	n := &Nearest{run: size, rows: 1}
	for _, d := range to[min(last+1, len(to)):] {
		n.run *= d
	}
	step := n.run
	for axis := last; axis >= 0; axis-- {
		table := make([]int, to[axis])
		for i := range table {
			table[i] = i * step
			if tables[axis] != nil {
				table[i] = tables[axis][i] * step
			}
		}
		step *= from[axis]
		n.dims, n.tables = append(n.dims, to[axis]), append(n.tables, table)
		if axis < last {
			n.rows *= to[axis]
		}
	}
	slices.Reverse(n.dims)
	slices.Reverse(n.tables)
	if len(to) > 0 {
		n.twice = to[last] == 2*from[last]
		for i, t := range n.tables[last] {
			n.twice = n.twice && t == i/2*n.run
		}
	}
	return n
}

// Rows is the number of rows that Run takes.
func (n *Nearest) Rows() int { return n.rows }

// RowBytes is the size of a row of the result.
func (n *Nearest) RowBytes() int {
	if len(n.dims) == 0 {
		return n.run
	}
	return n.run * n.dims[len(n.dims)-1]
}

// Run fills in rows lo to hi of dst. A row from the same place as the one before is a copy of it.
func (n *Nearest) Run(dst, src []byte, lo, hi int) {
	if len(n.dims) == 0 {
		copy(dst, src)
		return
	}
	last := len(n.dims) - 1
	row, table, before := n.RowBytes(), n.tables[last], -1
	for r := lo; r < hi; r++ {
		at, rest := 0, r
		for axis := last - 1; axis >= 0; axis-- {
			at += n.tables[axis][rest%n.dims[axis]]
			rest /= n.dims[axis]
		}
		y := dst[r*row:][:row]
		switch {
		case at == before:
			copy(y, dst[(r-1)*row:])
		case n.run == 4 && n.twice:
			double(y, src[at:])
		case n.run == 4:
			pick[uint32](y, src[at:], table)
		case n.run == 8:
			pick[uint64](y, src[at:], table)
		case n.run == 1:
			pick[uint8](y, src[at:], table)
		default:
			for i, t := range table {
				copy(y[i*n.run:][:n.run], src[at+t:])
			}
		}
		before = at
	}
}

// pick copies single elements; offsets are multiples of their size, as are the places of dst and src.
func pick[T uint8 | uint32 | uint64](dst, src []byte, offsets []int) {
	size := int(unsafe.Sizeof(T(0)))
	y := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(dst))), len(dst)/size)
	x := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(src))), len(src)/size)
	for i, t := range offsets {
		y[i] = x[t/size]
	}
}

// double copies every element of 4 bytes twice.
func double(dst, src []byte) {
	y := unsafe.Slice((*[2]uint32)(unsafe.Pointer(unsafe.SliceData(dst))), len(dst)/8)
	x := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(src))), len(src)/4)[:len(y)]
	for i, v := range x {
		y[i] = [2]uint32{v, v}
	}
}
