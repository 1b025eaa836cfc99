package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose generates the packing of eight transposed rows of B into a part of a panel.
func transpose() {
	TEXT("transpose8", NOSPLIT, "func(dst *float32, step int, src *float32, ld, blocks int)")
	Pragma("noescape")
	Doc("transpose8 writes element (j, p) of src, at j*ld+p, to dst[p*step+j], for j < 8 and p < 8·blocks, blocks > 0.")
	dst, src := Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	ld, blocks := Load(Param("ld"), GP64()), Load(Param("blocks"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	step := Load(Param("step"), GP64())
	SHLQ(Imm(2), step)
	step3 := tripled(step)
	src4 := GP64()
	LEAQ(Mem{Base: src, Index: ld, Scale: 4}, src4)

	Label("loop")
	for half := range 2 { // four columns of src, which are four rows of dst
		pairs := make([]VecVirtual, 4) // rows j and j+4
		for j := range pairs {
			pairs[j] = YMM()
			VMOVUPS(strided(src, ld, ld3, j, 16*half), pairs[j].AsX())
			VINSERTF128(Imm(1), strided(src4, ld, ld3, j, 16*half), pairs[j], pairs[j])
		}
		lo01, hi01, lo23, hi23 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(pairs[1], pairs[0], lo01)
		VUNPCKHPS(pairs[1], pairs[0], hi01)
		VUNPCKLPS(pairs[3], pairs[2], lo23)
		VUNPCKHPS(pairs[3], pairs[2], hi23)
		for p, from := range [][2]Register{{lo23, lo01}, {lo23, lo01}, {hi23, hi01}, {hi23, hi01}} {
			out := YMM()
			VSHUFPS(Imm([]uint64{0x44, 0xee}[p%2]), from[0], from[1], out)
			VMOVUPS(out, strided(dst, step, step3, p, 0))
		}
		LEAQ(Mem{Base: dst, Index: step, Scale: 4}, dst)
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	DECQ(blocks)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
