package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

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

// store scales the sums, adds C if asked to, and writes as many columns as C has.
func store(t Register, sums []VecVirtual, masks Mem) {
	scale := YMM()
	VBROADCASTSS(Mem{Base: t, Disp: tileScale}, scale)
	for _, s := range sums {
		VMULPS(scale, s, s)
	}
	c, row, cols := load(t, tileC), loadBytes(t, tileCRow), load(t, tileCols)
	accumulate := GP32()
	MOVL(Mem{Base: t, Disp: tileAccumulate}, accumulate)
	CMPQ(cols, Imm(16))
	JNE(LabelRef("partial"))

	TESTL(accumulate, accumulate)
	JE(LabelRef("write"))
	eachRow(c, row, sums, func(at Mem, i int) { VADDPS(at, sums[i], sums[i]) })
	Label("write")
	eachRow(c, row, sums, func(at Mem, i int) { VMOVUPS(sums[i], at) })
	VZEROUPPER()
	RET()

	Label("partial")
	table, m := GP64(), []VecVirtual{YMM(), YMM()}
	LEAQ(masks, table)
	NEGQ(cols)
	VMOVUPS(Mem{Base: table, Index: cols, Scale: 4, Disp: 64}, m[0])
	VMOVUPS(Mem{Base: table, Index: cols, Scale: 4, Disp: 96}, m[1])
	TESTL(accumulate, accumulate)
	JE(LabelRef("writePartial"))
	eachRow(c, row, sums, func(at Mem, i int) {
		old := YMM()
		VMASKMOVPS(at, m[i%2], old)
		VADDPS(old, sums[i], sums[i])
	})
	Label("writePartial")
	eachRow(c, row, sums, func(at Mem, i int) { VMASKMOVPS(sums[i], m[i%2], at) })
	VZEROUPPER()
	RET()
}

// eachRow visits the two halves of each row of C.
func eachRow(c, row Register, sums []VecVirtual, visit func(at Mem, i int)) {
	p := GP64()
	MOVQ(c, p)
	for i := 0; i < len(sums); i += 2 {
		visit(Mem{Base: p}, i)
		visit(Mem{Base: p, Disp: 32}, i+1)
		if i+2 < len(sums) {
			ADDQ(row, p)
		}
	}
}
