// Command _generate writes the AVX2 kernels of package conv.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	masks := tailMasks()
	multiply("tile24", 4, 3)
	multiply("tile16", 4, 2)
	multiply("tile8", 8, 1)
	gather(masks)
	taps(masks)
	Generate()
}

// load reads a field of the struct behind t.
func load(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

// tailMasks are 8 set and 8 clear words: from word 8-n on they select the first n lanes.
func tailMasks() Mem {
	m := GLOBL("tailMasks", RODATA|NOPTR)
	for i := range 16 {
		word := U32(0)
		if i < 8 {
			word = ^U32(0)
		}
		DATA(4*i, word)
	}
	return m
}
