package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.windowSums.
const (
	windowDst     = 0
	windowSrc     = 8
	windowZeros   = 16
	windowRows    = 24
	windowMasks   = 32
	windowW       = 40
	windowBlocks  = 48
	windowVectors = 56
	windowStep    = 64
	windowColumns = 72
	windowFrom    = 128
	windowBias    = 232
)

const blockRows = 4 // rows of the result that are computed side by side

// window generates the sums of windows of size by size elements, of which each begins stride rows after the one before.
func (w *width) window(size, stride int) {
	t := w.function(fmt.Sprintf("window%ds%d", size, stride), fmt.Sprintf("does the sums at t, of %d by %d elements with a stride of %d.", size, size, stride))
	read := (blockRows-1)*stride + size // rows of src that a block reads
	rows, blocks := load(t, windowRows), load(t, windowBlocks)
	dst, masks, left, at := GP64(), GP64(), GP64(), GP64()

	Label("block")
	MOVQ(Mem{Base: rows}, dst)
	SHLQ(Imm(2), dst)
	ADDQ(Mem{Base: t, Disp: windowDst}, dst)
	src, zeros := load(t, windowSrc), load(t, windowZeros)
	for q := range read {
		from := load(rows, 8*(q+1))
		CMPQ(from, I8(-1))
		LEAQ(Mem{Base: src, Index: from, Scale: 4}, from)
		CMOVQEQ(zeros, from)
		MOVQ(from, Mem{Base: t, Disp: windowFrom + 8*q})
	}
	MOVQ(Mem{Base: t, Disp: windowMasks}, masks)
	MOVQ(Mem{Base: t, Disp: windowVectors}, left)
	XORQ(at, at)

	Label("pair")
	SUBQ(Imm(2), left)
	JLT(LabelRef("single"))
	w.windowOf(t, size, stride, 2, dst, masks, at)
	ADDQ(U32(2*w.bytes()), at)
	ADDQ(Imm(uint64(2*2*(size+1))), masks)
	JMP(LabelRef("pair"))

	Label("single")
	ADDQ(Imm(2), left)
	JE(LabelRef("next"))
	w.windowOf(t, size, stride, 1, dst, masks, at)

	Label("next")
	ADDQ(Imm(uint64(8*(read+1))), rows)
	DECQ(blocks)
	JNE(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// windowOf computes so many vectors of the rows of a block. The columns of the kernel come one after the other, each with its weights in registers.
func (w *width) windowOf(t Register, size, stride, vectors int, dst, masks, at Register) {
	sums := make([][]VecVirtual, blockRows)
	for r := range sums {
		sums[r] = make([]VecVirtual, vectors)
		for v := range sums[r] {
			sums[r][v] = w.new()
			VBROADCASTSS(Mem{Base: t, Disp: windowBias}, sums[r][v])
		}
	}
	mask := func(v, column int) Register {
		m := K()
		KMOVW(Mem{Base: masks, Disp: 2 * (v*(size+1) + column)}, m)
		return m
	}
	weights := load(t, windowW)
	for j := range size {
		each := make([]VecVirtual, size)
		for i := range each {
			each[i] = w.new()
			VBROADCASTSS(Mem{Base: weights, Disp: 4 * (i*size + j)}, each[i])
		}
		column := load(t, windowColumns+8*j)
		LEAQ(Mem{Base: at, Index: column, Scale: 4}, column)
		in := make([]Register, vectors)
		for v := range in {
			in[v] = mask(v, j)
		}
		for q := range (blockRows-1)*stride + size {
			from := load(t, windowFrom+8*q)
			for v := range vectors {
				x := w.load(Mem{Base: from, Index: column, Scale: 1, Disp: v * w.bytes()}, in[v])
				for r := range blockRows {
					if i := q - r*stride; i >= 0 && i < size {
						VFMADD231PS(each[i], x, sums[r][v])
					}
				}
			}
		}
	}
	out := make([]Register, vectors)
	for v := range out {
		out[v] = mask(v, size)
	}
	step, to := load(t, windowStep), GP64()
	SHLQ(Imm(2), step)
	MOVQ(dst, to)
	ADDQ(at, to)
	for r := range sums {
		for v := range sums[r] {
			w.store(sums[r][v], out[v], Mem{Base: to, Disp: v * w.bytes()})
		}
		if r+1 < blockRows {
			ADDQ(step, to)
		}
	}
}
