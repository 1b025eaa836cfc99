package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.tile.
const (
	tileA    = 0
	tileA2   = 8
	tileB    = 16
	tileC    = 24
	tileBias = 32
	tileLDC  = 40
	tileK    = 48
	tileLow  = 56
	tileAt   = 64
)

const (
	stripRows = 4
	unroll    = 4
)

// multiply generates a kernel for one strip or two by so many vectors of a panel, or, if direct, of what lies at t.at for each element of the sum.
func (w *width) multiply(count, vectors int, direct bool) {
	rows := count * stripRows
	name, from := "tile", "a panel"
	if direct {
		name, from = "direct", "where it lies"
	}
	t := w.function(fmt.Sprintf("%s%dx%d", name, rows, vectors), fmt.Sprintf("computes the tile at t, of %d rows and %d columns, from %s.", rows, w.lanes*vectors, from))
	var at Register
	if direct {
		at = load(t, tileAt)
	}
	strips := []Register{load(t, tileA), load(t, tileA2)}[:count]
	b, k, bias := load(t, tileB), load(t, tileK), load(t, tileBias)
	sums := make([][]VecVirtual, rows)
	for i := range sums {
		sums[i] = make([]VecVirtual, vectors)
		for v := range sums[i] {
			sums[i][v] = w.new()
			if v == 0 {
				VBROADCASTSS(Mem{Base: bias, Disp: 4 * i}, sums[i][0])
			} else {
				VMOVUPS(sums[i][0], sums[i][v])
			}
		}
	}
	step := func(u int) {
		var offset Register
		if direct {
			offset = load(at, 8*u)
		}
		row := make([]VecVirtual, vectors)
		for v := range row {
			row[v] = w.new()
			if direct {
				VMOVUPS(Mem{Base: b, Index: offset, Scale: 4, Disp: w.bytes() * v}, row[v])
				PREFETCHT0(Mem{Base: b, Index: offset, Scale: 4, Disp: w.bytes() * (vectors + v)})
			} else {
				VMOVUPS(Mem{Base: b, Disp: w.bytes() * (u*vectors + v)}, row[v])
			}
		}
		for i := range rows {
			x := w.new()
			VBROADCASTSS(Mem{Base: strips[i/stripRows], Disp: 4 * (u*stripRows + i%stripRows)}, x)
			for v := range row {
				VFMADD231PS(x, row[v], sums[i][v])
			}
		}
	}
	advance := func(n int) {
		if direct {
			ADDQ(Imm(uint64(8*n)), at)
		} else {
			ADDQ(U32(w.bytes()*vectors*n), b)
		}
		for _, a := range strips {
			ADDQ(U32(4*stripRows*n), a)
		}
	}
	SUBQ(Imm(unroll), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	advance(unroll)
	SUBQ(Imm(unroll), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), k)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
	DECQ(k)
	JNE(LabelRef("one"))
	Label("done")
	c, ldc := load(t, tileC), load(t, tileLDC)
	SHLQ(Imm(2), ldc)
	low := w.new()
	VBROADCASTSS(Mem{Base: t, Disp: tileLow}, low)
	for i := range rows {
		for v := range vectors {
			VMAXPS(sums[i][v], low, sums[i][v]) // NaN if the sum is
			VMOVUPS(sums[i][v], Mem{Base: c, Disp: w.bytes() * v})
		}
		if i+1 < rows {
			ADDQ(ldc, c)
		}
	}
	VZEROUPPER()
	RET()
}
