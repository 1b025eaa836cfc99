package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of quant.tile.
const (
	tileA     = 0
	tileB     = 24
	tileC     = 48
	tileARow  = 72
	tileCRow  = 80
	tilePairs = 88
	tileAdd   = 96
)

// multiply generates the kernel for a strip of the given number of rows: for each pair of k, sixteen columns of B are widened to 16
// bits and multiplied by a pair of each row of A; VPMADDWD adds the two products in 32 bits, exactly.
func multiply(rows int) {
	name := fmt.Sprintf("multiply%d", rows)
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes the tile at t, of %d rows.", name, rows))
	t := Load(Param("t"), GP64())
	c, cRow := load(t, tileC), load(t, tileCRow)
	SHLQ(Imm(2), cRow)
	sets := [...]int{1: 4, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1}[rows]
	sums := make([][]VecVirtual, sets)
	for s := range sums {
		sums[s] = make([]VecVirtual, 2*rows)
		for i := range sums[s] {
			sums[s][i] = YMM()
			VPXOR(sums[s][i], sums[s][i], sums[s][i])
		}
	}
	CMPQ(Mem{Base: t, Disp: tileAdd}, Imm(0))
	JEQ(LabelRef("begin"))
	rowPointers(c, cRow, rows, func(i int, row Mem) {
		VMOVDQU(row, sums[0][2*i])
		VMOVDQU(row.Offset(32), sums[0][2*i+1])
	})
	Label("begin")
	pairs, b := load(t, tilePairs), load(t, tileB)
	row := load(t, tileARow)
	SHLQ(Imm(1), row)
	at, advance := addressA(load(t, tileA), row, rows)

	step := func(u int) {
		sum := sums[u%sets]
		b0, b1 := YMM(), YMM()
		VPMOVSXBW(Mem{Base: b, Disp: 32 * u}, b0)
		VPMOVSXBW(Mem{Base: b, Disp: 32*u + 16}, b1)
		for i := range rows {
			x, y := YMM(), YMM()
			VPBROADCASTD(at(i, u), x)
			VPMADDWD(b0, x, y)
			VPADDD(y, sum[2*i], sum[2*i])
			VPMADDWD(b1, x, x)
			VPADDD(x, sum[2*i+1], sum[2*i+1])
		}
	}
	const unroll = 4
	SUBQ(Imm(unroll), pairs)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	if rows == 1 {
		PREFETCHT0(Mem{Base: b, Disp: 1024})
		PREFETCHT0(Mem{Base: b, Disp: 1024 + 64})
	}
	advance(unroll)
	ADDQ(U32(32*unroll), b)
	SUBQ(Imm(unroll), pairs)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), pairs)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
	ADDQ(Imm(32), b)
	DECQ(pairs)
	JNE(LabelRef("one"))
	Label("done")
	for _, more := range sums[1:] {
		for i := range more {
			VPADDD(more[i], sums[0][i], sums[0][i])
		}
	}
	rowPointers(c, cRow, rows, func(i int, row Mem) {
		VMOVDQU(sums[0][2*i], row)
		VMOVDQU(sums[0][2*i+1], row.Offset(32))
	})
	VZEROUPPER()
	RET()
}

// rowPointers calls f with the memory of each row of C.
func rowPointers(c, step Register, rows int, f func(i int, row Mem)) {
	p := GP64()
	MOVQ(c, p)
	for i := range rows {
		f(i, Mem{Base: p})
		if i+1 < rows {
			ADDQ(step, p)
		}
	}
}

// addressA returns the address of group p+u, of four bytes, of row i of A, whose rows lie so far apart, and how to advance p.
func addressA(a, row Register, rows int) (at func(i, u int) Mem, advance func(groups int)) {
	bases := []Register{a}
	if rows > 3 {
		a3 := GP64()
		LEAQ(Mem{Base: bases[0], Index: row, Scale: 2}, a3)
		ADDQ(row, a3)
		bases = append(bases, a3)
	}
	at = func(i, u int) Mem {
		m := Mem{Base: bases[i/3], Disp: 4 * u}
		if i%3 != 0 {
			m.Index, m.Scale = row, uint8(i%3)
		}
		return m
	}
	return at, func(groups int) {
		for _, b := range bases {
			ADDQ(Imm(uint64(4*groups)), b)
		}
	}
}
