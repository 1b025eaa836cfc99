package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// width is a size of vectors: AVX2 with eight lanes, or AVX-512 with sixteen.
type width struct {
	suffix  string // of function names
	lanes   int
	masks   Mem // AVX2: see tailMasks
	nibbles Mem // AVX-512: see nibbleTable
}

func (w *width) wide() bool { return w.lanes == 16 }

func (w *width) bytes() int { return 4 * w.lanes }

func (w *width) new() VecVirtual {
	if w.wide() {
		return ZMM()
	}
	return YMM()
}

// zeros clears n registers.
func (w *width) zeros(n int) []VecVirtual {
	v := make([]VecVirtual, n)
	for i := range v {
		v[i] = w.new()
		if w.wide() {
			VPXORD(v[i], v[i], v[i])
		} else {
			VXORPS(v[i], v[i], v[i])
		}
	}
	return v
}

// tailMasks are 16 set and 16 clear words: from word 16-n on they select the first n columns.
func tailMasks() Mem {
	m := GLOBL("tailMasks", RODATA|NOPTR)
	for i := range 32 {
		word := U32(0)
		if i < 16 {
			word = ^U32(0)
		}
		DATA(4*i, word)
	}
	return m
}

// first makes masks of the first n columns of so many vectors, n at most their lanes. It changes n.
func (w *width) first(n Register, vectors int) []Register {
	m := make([]Register, vectors)
	if !w.wide() {
		table := GP64()
		LEAQ(w.masks, table)
		NEGQ(n)
		for i := range m {
			m[i] = YMM()
			VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 64 + 32*i}, m[i])
		}
		return m
	}
	bits := GP64()
	MOVQ(I32(-1), bits)
	BZHIQ(n, bits, bits)
	for i := range m {
		m[i] = K()
		KMOVW(bits.As32(), m[i])
		if i+1 < vectors {
			SHRQ(Imm(16), bits)
		}
	}
	return m
}

// load reads what a mask, which may be nil, selects; the rest is 0.
func (w *width) load(at Mem, mask Register, v Register) {
	switch {
	case mask == nil:
		VMOVUPS(at, v)
	case w.wide():
		VMOVUPS_Z(at, mask, v)
	default:
		VMASKMOVPS(at, mask, v)
	}
}

// store writes what a mask, which may be nil, selects.
func (w *width) store(v Register, mask Register, at Mem) {
	switch {
	case mask == nil:
		VMOVUPS(v, at)
	case w.wide():
		VMOVUPS(v, mask, at)
	default:
		VMASKMOVPS(v, mask, at)
	}
}
