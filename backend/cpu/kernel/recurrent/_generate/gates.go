package main

import (
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A cursor points to some vectors of each row, of which the first are at and the others stride bytes apart.
type cursor struct{ at, stride Register }

// copied is a cursor that walks alone.
func (c cursor) copied() cursor {
	at := GP64()
	MOVQ(c.at, at)
	return cursor{at, c.stride}
}

// vector is number v of those of row i, of the first three.
func (c cursor) vector(i, v int) Mem {
	m := Mem{Base: c.at, Disp: 4 * lanes * v}
	if i > 0 {
		m.Index, m.Scale = c.stride, uint8(i)
	}
	return m
}

// load loads number v of those of each of the first n rows.
func (c cursor) load(n, v int) []VecVirtual {
	xs := make([]VecVirtual, n)
	for i := range xs {
		xs[i] = vector()
		VMOVUPS(c.vector(i, v), xs[i])
	}
	return xs
}

// store stores the first vectors of the first rows.
func (c cursor) store(xs []VecVirtual) {
	for i, x := range xs {
		VMOVUPS(x, c.vector(i, 0))
	}
}

// groups calls f for groups of n rows, as many as registers allow to be computed side by side, with copies of cursors at the first row of a group.
func groups(rows int, cursors []cursor, f func(n int, at []cursor)) {
	at := make([]cursor, len(cursors))
	for i, c := range cursors {
		at[i] = c.copied()
	}
	most := lanes/8*2 - 1
	for {
		n := min(rows, most)
		f(n, at)
		if rows -= n; rows == 0 {
			return
		}
		for _, c := range at {
			for range n {
				ADDQ(c.stride, c.at)
			}
		}
	}
}

func lstm(p *operands, rows int) {
	cells := cursor{p.c, p.stride}
	groups(rows, []cursor{p.sums, cells}, func(n int, at []cursor) {
		sums, cells := at[0], at[1]
		in, forget := sums.load(n, 0), sums.load(n, 2)
		sigmoid(slices.Concat(in, forget))
		c := sums.load(n, 3)
		tanh(c)
		for i, candidate := range c {
			VMULPS(in[i], candidate, candidate)
			VFMADD231PS(cells.vector(i, 0), forget[i], candidate)
		}
		cells.store(c)
	})
	groups(rows, []cursor{p.sums, cells, {p.next, p.stride}}, func(n int, at []cursor) {
		sums, cells, next := at[0], at[1], at[2]
		out := sums.load(n, 1)
		sigmoid(out)
		h := cells.load(n, 0)
		tanh(h)
		for i, c := range h {
			VMULPS(out[i], c, c)
		}
		next.store(h)
	})
}

func gru(p *operands, rows int) {
	groups(rows, []cursor{p.sums, {p.next, p.stride}, {p.own, p.stride}}, func(n int, at []cursor) {
		sums, next, own := at[0], at[1], at[2]
		update, reset := sums.load(n, 0), sums.load(n, 1)
		sigmoid(slices.Concat(update, reset))
		candidate := sums.load(n, 2)
		for i, x := range candidate {
			VFMADD231PS(next.vector(i, 0), reset[i], x)
		}
		tanh(candidate)
		h := own.load(n, 0)
		for i, x := range h {
			VSUBPS(candidate[i], x, x)
			VFMADD213PS(candidate[i], update[i], x)
		}
		next.store(h)
	})
}
