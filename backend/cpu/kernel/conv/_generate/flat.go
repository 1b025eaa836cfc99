package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.flat.
const (
	flatDst     = 0
	flatSrc     = 8
	flatOffsets = 16
	flatW       = 24
	flatMasks   = 32
	flatTaps    = 40
	flatN       = 48
	flatBias    = 56
)

const flatVectors = 8 // of a block

// flat generates sums over a plane that is seen as one row, block by block; masks say which lanes an element of the kernel adds to.
func (w *width) flat() {
	t := w.function("flat", "does the sums at t.")
	offsets, weights, masks, taps := load(t, flatOffsets), load(t, flatW), load(t, flatMasks), load(t, flatTaps)
	dst, src, n := load(t, flatDst), load(t, flatSrc), load(t, flatN)

	sums := &tapSums{width: w, offsets: offsets, weights: weights, count: taps, dst: dst, src: src, bias: Mem{Base: t, Disp: flatBias}}
	sums.add = func(v int, from Mem, _, x Register, sum VecVirtual) {
		m := K()
		KMOVW(Mem{Base: masks, Disp: 2 * v}, m)
		VFMADD231PS(from, x, m, sum)
	}
	sums.step = func(vectors int) { ADDQ(Imm(uint64(2*vectors)), masks) }
	lastMask := func() Register {
		lanes := GP64()
		MOVQ(n, lanes)
		return w.lastMask(lanes)
	}
	sums.all(flatVectors, n, lastMask, func(bool) {
		VZEROUPPER()
		RET()
	})
}

// Offsets of the fields of conv.halves.
const (
	halvesEven    = 0
	halvesOdd     = 8
	halvesSrc     = 16
	halvesRows    = 24
	halvesN       = 32
	halvesSrcStep = 40
	halvesDstStep = 48
)

// halves generates the separation of the even and the odd elements of rows.
func (w *width) halves() {
	t := w.function("halves", "separates the elements at t.")
	evens, odds := w.new(), w.new()
	for i, v := range []VecVirtual{evens, odds} {
		table := GLOBL([]string{"evens", "odds"}[i], RODATA|NOPTR)
		for k := range w.lanes {
			DATA(4*k, U32(2*k+i))
		}
		VMOVUPS(table, v)
	}
	rowEven, rowOdd, rowSrc, rows := load(t, halvesEven), load(t, halvesOdd), load(t, halvesSrc), load(t, halvesRows)
	// apart writes the even and odd elements of x and y.
	apart := func(x, y VecVirtual, even, odd Register, maskEven, maskOdd Register) {
		e, o := w.new(), w.new()
		VMOVAPS(evens, e)
		VMOVAPS(odds, o)
		VPERMI2PS(y, x, e)
		VPERMI2PS(y, x, o)
		if maskEven == nil {
			VMOVUPS(e, Mem{Base: even})
			VMOVUPS(o, Mem{Base: odd})
			return
		}
		w.store(e, maskEven, Mem{Base: even})
		w.store(o, maskOdd, Mem{Base: odd})
	}
	// What the last elements of a row need.
	count := GP64()
	MOVQ(Mem{Base: t, Disp: halvesN}, count)
	ANDQ(Imm(uint64(2*w.lanes-1)), count)
	half := func(from Register, add, shift int) Register {
		n := GP64()
		LEAQ(Mem{Base: from, Disp: add}, n)
		if shift > 0 {
			SHRQ(Imm(uint64(shift)), n)
		}
		return n
	}
	maskEven, maskOdd := w.first(half(count, 1, 1)), w.first(half(count, 0, 1))
	all, none := GP64(), GP64()
	MOVQ(U32(w.lanes), all)
	XORQ(none, none)
	inX, inY := half(count, 0, 0), half(count, -w.lanes, 0)
	CMPQ(inX, all)
	CMOVQGT(all, inX)
	CMPQ(inY, none)
	CMOVQLT(none, inY)
	maskX, maskY := w.first(inX), w.first(inY)

	Label("row")
	even, odd, src, n := GP64(), GP64(), GP64(), GP64()
	MOVQ(rowEven, even)
	MOVQ(rowOdd, odd)
	MOVQ(rowSrc, src)
	MOVQ(Mem{Base: t, Disp: halvesN}, n)
	Label("whole")
	SUBQ(U32(2*w.lanes), n)
	JLT(LabelRef("rest"))
	x, y := w.new(), w.new()
	VMOVUPS(Mem{Base: src}, x)
	VMOVUPS(Mem{Base: src, Disp: w.bytes()}, y)
	apart(x, y, even, odd, nil, nil)
	ADDQ(U32(2*w.bytes()), src)
	ADDQ(U32(w.bytes()), even)
	ADDQ(U32(w.bytes()), odd)
	JMP(LabelRef("whole"))
	Label("rest")
	CMPQ(n, I32(-2*w.lanes))
	JE(LabelRef("next"))
	apart(w.load(Mem{Base: src}, maskX), w.load(Mem{Base: src, Disp: w.bytes()}, maskY), even, odd, maskEven, maskOdd)
	Label("next")
	step := load(t, halvesSrcStep)
	LEAQ(Mem{Base: rowSrc, Index: step, Scale: 4}, rowSrc)
	step = load(t, halvesDstStep)
	LEAQ(Mem{Base: rowEven, Index: step, Scale: 4}, rowEven)
	LEAQ(Mem{Base: rowOdd, Index: step, Scale: 4}, rowOdd)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
