package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// transpose generates the transposition of squares of eight by eight words.
func transpose() {
	TEXT("transposeSquares", NOSPLIT, "func(dst *uint32, toStep int, src *uint32, step, squares int)")
	Pragma("noescape")
	Doc("transposeSquares: for i := range 8 * squares { for j := range 8 { dst[i*toStep+j] = src[j*step+i] } }, squares > 0.")
	dst, toStep := Load(Param("dst"), GP64()), Load(Param("toStep"), GP64())
	src, step := Load(Param("src"), GP64()), Load(Param("step"), GP64())
	squares := Load(Param("squares"), GP64())
	SHLQ(Imm(2), step)
	SHLQ(Imm(2), toStep)
	step3, toStep3, src4 := tripled(step), tripled(toStep), GP64()
	LEAQ(Mem{Base: src, Index: step, Scale: 4}, src4)

	Label("loop")
	for half := range 2 { // four columns of src, which are four rows of dst
		pairs := make([]VecVirtual, 4) // rows j and j+4
		for j := range pairs {
			pairs[j] = YMM()
			VMOVUPS(strided(src, step, step3, j, 16*half), pairs[j].AsX())
			VINSERTF128(Imm(1), strided(src4, step, step3, j, 16*half), pairs[j], pairs[j])
		}
		lo01, hi01, lo23, hi23 := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(pairs[1], pairs[0], lo01)
		VUNPCKHPS(pairs[1], pairs[0], hi01)
		VUNPCKLPS(pairs[3], pairs[2], lo23)
		VUNPCKHPS(pairs[3], pairs[2], hi23)
		for i, from := range [][2]Register{{lo23, lo01}, {lo23, lo01}, {hi23, hi01}, {hi23, hi01}} {
			out := YMM()
			VSHUFPS(Imm([]uint64{0x44, 0xee}[i%2]), from[0], from[1], out)
			VMOVUPS(out, strided(dst, toStep, toStep3, i, 0))
		}
		LEAQ(Mem{Base: dst, Index: toStep, Scale: 4}, dst)
	}
	ADDQ(Imm(32), src)
	ADDQ(Imm(32), src4)
	DECQ(squares)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// tripled is 3·r.
func tripled(r Register) GPVirtual {
	t := GP64()
	LEAQ(Mem{Base: r, Index: r, Scale: 2}, t)
	return t
}

// strided is the memory at base + n·step + disp, for n < 4.
func strided(base, step, step3 Register, n, disp int) Mem {
	switch n {
	case 0:
		return Mem{Base: base, Disp: disp}
	case 3:
		return Mem{Base: base, Index: step3, Scale: 1, Disp: disp}
	}
	return Mem{Base: base, Index: step, Scale: uint8(n), Disp: disp}
}
