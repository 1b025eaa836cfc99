// Command _generate writes the AVX2 kernels of package move.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	halves()
	integers()
	transpose()
	Generate()
}

// convert writes a function over blocks of 16 elements; body converts eight at a time, from and to addresses of consecutive eights, or all 16.
func convert(name, to, from, formula string, toSize, fromSize, step int, body func(src, dst func(elements int) Mem)) {
	TEXT(name, NOSPLIT, fmt.Sprintf("func(dst *%s, src *%s, blocks int)", to, from))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s: for i := range 16 * blocks { dst[i] = %s }, blocks > 0.", name, formula))
	dst, src, blocks := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("blocks"), GP64())
	Label("loop")
	for at := 0; at < 16; at += step {
		body(func(n int) Mem { return Mem{Base: src, Disp: fromSize * (at + n)} }, func(n int) Mem { return Mem{Base: dst, Disp: toSize * (at + n)} })
	}
	ADDQ(U32(uint32(16*fromSize)), src)
	ADDQ(U32(uint32(16*toSize)), dst)
	DECQ(blocks)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func halves() {
	convert("widenFloat16Blocks", "float32", "uint16", "the number with the pattern src[i]", 4, 2, 8, func(src, dst func(int) Mem) {
		x := YMM()
		VCVTPH2PS(src(0), x)
		VMOVUPS(x, dst(0))
	})
	convert("narrowFloat16Blocks", "uint16", "float32", "the pattern of src[i], rounded to even", 2, 4, 8, func(src, dst func(int) Mem) {
		x := YMM()
		VMOVUPS(src(0), x)
		VCVTPS2PH(Imm(0), x, dst(0))
	})
	convert("widenBFloat16Blocks", "float32", "uint16", "the number with the pattern src[i]", 4, 2, 8, func(src, dst func(int) Mem) {
		x := YMM()
		VPMOVZXWD(src(0), x)
		VPSLLD(Imm(16), x, x)
		VMOVUPS(x, dst(0))
	})
	one, below, quiet := words("one", 1), words("belowHalf", 0x7fff), words("quiet", 0x40)
	convert("narrowBFloat16Blocks", "uint16", "float32", "the pattern of src[i], rounded to even", 2, 4, 16, func(src, dst func(int) Mem) {
		part := func(at Mem) Register {
			x, high, up, nan := YMM(), YMM(), YMM(), YMM()
			VMOVUPS(at, x)
			VCMPPS(Imm(3), x, x, nan)
			VPSRLD(Imm(16), x, high)
			VPAND(one, high, up)
			VPADDD(below, up, up)
			VPADDD(x, up, up)
			VPSRLD(Imm(16), up, up)
			VPOR(quiet, high, high)
			VBLENDVPS(nan, high, up, up)
			return up
		}
		low, high := part(src(0)), part(src(8))
		VPACKUSDW(high, low, low)
		VPERMQ(Imm(0xd8), low, low)
		VMOVUPS(low, dst(0))
	})
}

// words is memory of eight equal words.
func words(name string, word uint32) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := range 8 {
		DATA(4*i, U32(word))
	}
	return m
}

func integers() {
	float := func(name, from string, size int, extend func(m Mem, x Register)) {
		convert(name, "float32", from, "float32(src[i])", 4, size, 8, func(src, dst func(int) Mem) {
			x := YMM()
			extend(src(0), x)
			VCVTDQ2PS(x, x)
			VMOVUPS(x, dst(0))
		})
	}
	float("floatUint8Blocks", "uint8", 1, func(m Mem, x Register) { VPMOVZXBD(m, x) })
	float("floatInt8Blocks", "int8", 1, func(m Mem, x Register) { VPMOVSXBD(m, x) })
	float("floatInt32Blocks", "int32", 4, func(m Mem, x Register) { VMOVDQU(m, x) })
	convert("longInt32Blocks", "int64", "int32", "int64(src[i])", 8, 4, 4, func(src, dst func(int) Mem) {
		x := YMM()
		VPMOVSXDQ(src(0), x)
		VMOVDQU(x, dst(0))
	})
	convert("shortInt64Blocks", "int32", "int64", "int32(src[i])", 4, 8, 8, func(src, dst func(int) Mem) {
		low, high := YMM(), YMM()
		VMOVUPS(src(0), low)
		VMOVUPS(src(4), high)
		VSHUFPS(Imm(0x88), high, low, low)
		VPERMQ(Imm(0xd8), low, low)
		VMOVUPS(low, dst(0))
	})
}
