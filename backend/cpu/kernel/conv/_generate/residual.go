package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Offsets of the fields of conv.residual.
const (
	residualDst  = 0
	residualSrc  = 8
	residualRows = 16
	residualN    = 24
	residualStep = 32
	residualLow  = 40
)

const residualVectors = 4 // that are added side by side

// residual generates the addition of rows and the lower bound of the sums.
func (w *width) residual() {
	t := w.function("residual", "does the sums at t.")
	dst, src, rows, step := load(t, residualDst), load(t, residualSrc), load(t, residualRows), load(t, residualStep)
	SHLQ(Imm(2), step)
	low := w.new()
	VBROADCASTSS(Mem{Base: t, Disp: residualLow}, low)
	last := GP64()
	MOVQ(Mem{Base: t, Disp: residualN}, last)
	mask := w.lastMask(last)

	Label("row")
	at, n := GP64(), GP64()
	XORQ(at, at)
	MOVQ(Mem{Base: t, Disp: residualN}, n)
	Label("some")
	CMPQ(n, U32(w.lanes*residualVectors))
	JLE(LabelRef("one"))
	for v := range residualVectors {
		x := w.new()
		VMOVUPS(Mem{Base: dst, Index: at, Scale: 1, Disp: w.bytes() * v}, x)
		VADDPS(Mem{Base: src, Index: at, Scale: 1, Disp: w.bytes() * v}, x, x)
		VMAXPS(x, low, x) // NaN if x is
		VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 1, Disp: w.bytes() * v})
	}
	ADDQ(U32(w.bytes()*residualVectors), at)
	SUBQ(U32(w.lanes*residualVectors), n)
	JMP(LabelRef("some"))
	Label("one")
	CMPQ(n, U32(w.lanes))
	JLE(LabelRef("rest"))
	x := w.new()
	VMOVUPS(Mem{Base: dst, Index: at, Scale: 1}, x)
	VADDPS(Mem{Base: src, Index: at, Scale: 1}, x, x)
	VMAXPS(x, low, x)
	VMOVUPS(x, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(U32(w.bytes()), at)
	SUBQ(U32(w.lanes), n)
	JMP(LabelRef("one"))
	Label("rest")
	x = w.load(Mem{Base: dst, Index: at, Scale: 1}, mask)
	VADDPS(w.load(Mem{Base: src, Index: at, Scale: 1}, mask), x, x)
	VMAXPS(x, low, x)
	w.store(x, mask, Mem{Base: dst, Index: at, Scale: 1})
	ADDQ(step, dst)
	ADDQ(step, src)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
