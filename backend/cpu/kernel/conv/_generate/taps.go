package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.taps.
const (
	tapsDst     = 0
	tapsSrc     = 24
	tapsOffsets = 48
	tapsCount   = 56
	tapsW       = 72
	tapsBias    = 96
	tapsN       = 104
	tapsRows    = 112
	tapsDstStep = 120
	tapsSrcStep = 128
)

const tapsVectors = 8 // that are summed up side by side

// taps generates sums of rows: as many vectors as there are registers for, then those that are left, the last one under a mask.
func (w *width) taps() {
	t := w.function("sumTaps", "does the sums at t.")
	offsets, count, weights := load(t, tapsOffsets), load(t, tapsCount), load(t, tapsW)
	mask := w.lastMask(load(t, tapsN))
	rowDst, rowSrc, rows := load(t, tapsDst), load(t, tapsSrc), load(t, tapsRows)
	dst, src, n := GP64(), GP64(), GP64()

	// block sums up so many vectors at dst, the last one under a mask if there is one.
	block := func(vectors int, mask Register) {
		name := fmt.Sprintf("taps%d", vectors)
		if mask == nil {
			name += "whole"
		}
		sums := make([]VecVirtual, vectors)
		for v := range sums {
			sums[v] = w.new()
			VBROADCASTSS(Mem{Base: t, Disp: tapsBias}, sums[v])
		}
		i := GP64()
		XORQ(i, i)
		Label(name)
		at, x := GP64(), w.new()
		MOVQ(Mem{Base: offsets, Index: i, Scale: 8}, at)
		VBROADCASTSS(Mem{Base: weights, Index: i, Scale: 4}, x)
		for v := range sums {
			from := Mem{Base: src, Index: at, Scale: 4, Disp: w.bytes() * v}
			if v == vectors-1 && mask != nil {
				VFMADD231PS(w.load(from, mask), x, sums[v])
			} else {
				VFMADD231PS(from, x, sums[v])
			}
		}
		INCQ(i)
		CMPQ(i, count)
		JNE(LabelRef(name))
		for v := range sums {
			to := Mem{Base: dst, Disp: w.bytes() * v}
			if v == vectors-1 && mask != nil {
				w.store(sums[v], mask, to)
			} else {
				VMOVUPS(sums[v], to)
			}
		}
	}

	Label("row")
	MOVQ(rowDst, dst)
	MOVQ(rowSrc, src)
	MOVQ(Mem{Base: t, Disp: tapsN}, n)
	Label("whole")
	CMPQ(n, U32(w.lanes*tapsVectors))
	JLE(LabelRef("rest"))
	block(tapsVectors, nil)
	ADDQ(U32(w.bytes()*tapsVectors), dst)
	ADDQ(U32(w.bytes()*tapsVectors), src)
	SUBQ(U32(w.lanes*tapsVectors), n)
	JMP(LabelRef("whole"))
	Label("rest")
	for vectors := 1; vectors <= tapsVectors; vectors++ {
		next := fmt.Sprintf("over%d", vectors)
		if vectors < tapsVectors {
			CMPQ(n, U32(w.lanes*vectors))
			JG(LabelRef(next))
		}
		block(vectors, mask)
		if vectors < tapsVectors {
			JMP(LabelRef("next"))
			Label(next)
		}
	}
	Label("next")
	step := load(t, tapsDstStep)
	LEAQ(Mem{Base: rowDst, Index: step, Scale: 4}, rowDst)
	step = load(t, tapsSrcStep)
	LEAQ(Mem{Base: rowSrc, Index: step, Scale: 4}, rowSrc)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// lastMask selects what the last vector of n > 0 lanes has. It changes n.
func (w *width) lastMask(n Register) Register {
	DECQ(n)
	ANDQ(Imm(uint64(w.lanes-1)), n)
	INCQ(n)
	return w.first(n)
}
