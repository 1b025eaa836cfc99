package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.gathering and conv.piece.
const (
	gatherDst     = 0
	gatherSrc     = 24
	gatherOffsets = 48
	gatherCount   = 56
	gatherPieces  = 72
	gatherNPieces = 80
	gatherWidth   = 96

	pieceSrc   = 0
	pieceCol   = 8
	pieceLanes = 16
	pieceSize  = 24
)

const maxHeld = 4 // pieces that are held in registers

// gather generates the copying of panels: a loop for each number of pieces up to maxHeld, and one for more.
func (w *width) gather() {
	g := w.function("gather", "does the gathering at t; it writes whole vectors.")
	dst, offsets, count, width := load(g, gatherDst), load(g, gatherOffsets), load(g, gatherCount), load(g, gatherWidth)
	SHLQ(Imm(2), width)
	src, pieces, n := load(g, gatherSrc), load(g, gatherPieces), load(g, gatherNPieces)
	for held := 1; held <= maxHeld; held++ {
		CMPQ(n, Imm(uint64(held)))
		JE(LabelRef(fmt.Sprintf("held%d", held)))
	}

	Label("row")
	at := GP64()
	MOVQ(Mem{Base: offsets}, at)
	LEAQ(Mem{Base: src, Index: at, Scale: 4}, at)
	p, left := GP64(), GP64()
	MOVQ(pieces, p)
	MOVQ(n, left)
	Label("piece")
	from := load(p, pieceSrc)
	v := w.load(Mem{Base: at, Index: from, Scale: 4}, w.first(load(p, pieceLanes)))
	col := load(p, pieceCol)
	VMOVUPS(v, Mem{Base: dst, Index: col, Scale: 4})
	ADDQ(Imm(pieceSize), p)
	DECQ(left)
	JNE(LabelRef("piece"))
	ADDQ(Imm(8), offsets)
	ADDQ(width, dst)
	DECQ(count)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()

	for held := 1; held <= maxHeld; held++ {
		w.gatherHeld(held, dst, src, offsets, count, width, pieces)
	}
}

// gatherHeld is the loop for so many pieces.
func (w *width) gatherHeld(held int, dst, src, offsets, count, width, pieces Register) {
	Label(fmt.Sprintf("held%d", held))
	from, col, m := make([]GPVirtual, held), make([]GPVirtual, held), make([]Register, held)
	for i := range held {
		m[i] = w.first(load(pieces, i*pieceSize+pieceLanes))
	}
	for i := range held {
		from[i] = load(pieces, i*pieceSize+pieceSrc)
		LEAQ(Mem{Base: src, Index: from[i], Scale: 4}, from[i])
		if i > 0 {
			col[i] = load(pieces, i*pieceSize+pieceCol)
			LEAQ(Mem{Base: dst, Index: col[i], Scale: 4}, col[i])
		}
	}
	label := fmt.Sprintf("rowOf%d", held)
	Label(label)
	at := GP64()
	MOVQ(Mem{Base: offsets}, at)
	for i := range held {
		v := w.load(Mem{Base: from[i], Index: at, Scale: 4}, m[i])
		if i == 0 {
			VMOVUPS(v, Mem{Base: dst})
			ADDQ(width, dst)
		} else {
			VMOVUPS(v, Mem{Base: col[i]})
			ADDQ(width, col[i])
		}
	}
	ADDQ(Imm(8), offsets)
	DECQ(count)
	JNE(LabelRef(label))
	VZEROUPPER()
	RET()
}
