package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// width is a size of vectors: AVX2 with eight lanes, or AVX-512 with sixteen.
type width struct {
	suffix string // of function names
	lanes  int
	masks  Mem // AVX2: 8 set and 8 clear words; from word 8-n on they select the first n lanes
}

func newWidth(level string) *width {
	if level == "avx512" {
		return &width{suffix: "AVX512", lanes: 16}
	}
	w := &width{suffix: "AVX2", lanes: 8, masks: GLOBL("tailMasks", RODATA|NOPTR)}
	for i := range 16 {
		word := U32(0)
		if i < 8 {
			word = ^U32(0)
		}
		DATA(4*i, word)
	}
	return w
}

func (w *width) wide() bool { return w.lanes == 16 }

func (w *width) bytes() int { return 4 * w.lanes }

func (w *width) new() VecVirtual {
	if w.wide() {
		return ZMM()
	}
	return YMM()
}

// function begins a function of one argument t, which it returns in a register.
func (w *width) function(name, doc string) Register {
	name += w.suffix
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(name + " " + doc)
	return Load(Param("t"), GP64())
}

// first is a mask of the first n lanes, n at most their number. It changes n.
func (w *width) first(n Register) Register {
	if w.wide() {
		bits, m := GP64(), K()
		MOVQ(I32(-1), bits)
		BZHIQ(n, bits, bits)
		KMOVW(bits.As32(), m)
		return m
	}
	table, m := GP64(), YMM()
	LEAQ(w.masks, table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 32}, m)
	return m
}

// load reads what a mask selects; the rest is 0.
func (w *width) load(at Mem, mask Register) VecVirtual {
	v := w.new()
	if w.wide() {
		VMOVUPS_Z(at, mask, v)
	} else {
		VMASKMOVPS(at, mask, v)
	}
	return v
}

// store writes what a mask selects.
func (w *width) store(v, mask Register, at Mem) {
	if w.wide() {
		VMOVUPS(v, mask, at)
	} else {
		VMASKMOVPS(v, mask, at)
	}
}
