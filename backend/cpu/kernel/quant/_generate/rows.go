package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of quant.widening.
const (
	wideningDst     = 0
	wideningSrc     = 24
	wideningMask    = 48
	wideningRows    = 72
	wideningVectors = 80
	wideningDstStep = 88
	wideningSrcStep = 96
	wideningZero    = 104
	wideningFlip    = 106
)

// widenRows generates the widening of rows of bytes to 16 bits less a zero point. What a mask leaves out of the last vector of a row becomes 0.
func widenRows(name string, stride int) {
	TEXT(name, NOSPLIT, "func(w *byte)")
	Pragma("noescape")
	Doc(name + " widens the rows of w, whose elements lie as many bytes apart.")
	w := Load(Param("w"), GP64())
	dst, src, rows := load(w, wideningDst), load(w, wideningSrc), load(w, wideningRows)
	dstStep, srcStep := load(w, wideningDstStep), load(w, wideningSrcStep)
	ADDQ(dstStep, dstStep)
	mask, zero, flip := YMM(), YMM(), YMM()
	VMOVDQU(Mem{Base: load(w, wideningMask)}, mask)
	VPBROADCASTW(Mem{Base: w, Disp: wideningZero}, zero)
	VPBROADCASTW(Mem{Base: w, Disp: wideningFlip}, flip)
	var low VecVirtual
	if stride == 2 {
		low = lowBytes()
	}
	v := YMM()
	read := func(from Mem) {
		if stride == 1 {
			VPMOVZXBW(from, v)
		} else {
			VPAND(from, low, v)
		}
		VPXOR(flip, v, v)
		VPSUBW(zero, v, v)
	}
	Label("row")
	to, from, left := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(Mem{Base: w, Disp: wideningVectors}, left)
	DECQ(left)
	JE(LabelRef("last"))
	Label("vector")
	read(Mem{Base: from})
	VMOVDQU(v, Mem{Base: to})
	ADDQ(Imm(uint64(16*stride)), from)
	ADDQ(Imm(32), to)
	DECQ(left)
	JNE(LabelRef("vector"))
	Label("last")
	read(Mem{Base: from})
	VPAND(mask, v, v)
	VMOVDQU(v, Mem{Base: to})
	ADDQ(dstStep, dst)
	ADDQ(srcStep, src)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// evens generates the choice of every second byte.
func evens() {
	TEXT("evens32", NOSPLIT, "func(dst, src *byte, n int)")
	Pragma("noescape")
	Doc("evens32 sets dst[i] to src[2·i] for i < n, a positive multiple of 32.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	low, a, b := lowBytes(), YMM(), YMM()
	Label("loop")
	VPAND(Mem{Base: src}, low, a)
	VPAND(Mem{Base: src, Disp: 32}, low, b)
	VPACKUSWB(b, a, a)
	VPERMQ(Imm(0xd8), a, a)
	VMOVDQU(a, Mem{Base: dst})
	ADDQ(Imm(64), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// dequantizeBytes generates the conversion of bytes to floats.
func dequantizeBytes() {
	TEXT("dequantizeBytes32", NOSPLIT, "func(dst *float32, x *byte, n int, scale float32, zero int32, flip uint32)")
	Pragma("noescape")
	Doc("dequantizeBytes32 sets dst[i] to ((x[i] xor flip) − zero) · scale for i < n, a positive multiple of 32.")
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	r := reading{filledFloat("scale"), filled("zero"), filled("flip")}
	Label("loop")
	for i := range 4 {
		VMOVUPS(r.read(Mem{Base: x, Disp: 8 * i}), Mem{Base: dst, Disp: 32 * i})
	}
	ADDQ(Imm(32), x)
	ADDQ(U32(128), dst)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// reading holds what turns bytes into floats: (x xor flip − zero) · scale.
type reading struct{ scale, zero, flip VecVirtual }

func (r reading) read(m Mem) VecVirtual {
	v := YMM()
	VPMOVZXBD(m, v)
	VPXOR(r.flip, v, v)
	VPSUBD(r.zero, v, v)
	VCVTDQ2PS(v, v)
	VMULPS(r.scale, v, v)
	return v
}
