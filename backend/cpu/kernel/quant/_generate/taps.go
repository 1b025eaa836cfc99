package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of quant.taps.
const (
	tapsDst     = 0
	tapsSrc     = 24
	tapsAt      = 48
	tapsCount   = 56
	tapsWeights = 72
	tapsN       = 96
	tapsRows    = 104
	tapsDstStep = 112
	tapsSrcStep = 120
)

// sumTaps generates sums of products of 16 bit integers that lie at constant distances: the two of a pair are put side by side for VPMADDWD.
func sumTaps() {
	TEXT("sumTaps", NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc("sumTaps computes the sums of t.")
	t := Load(Param("t"), GP64())
	dst, src := load(t, tapsDst), load(t, tapsSrc)
	dstStep, srcStep, rows := load(t, tapsDstStep), load(t, tapsSrcStep), load(t, tapsRows)
	SHLQ(Imm(2), dstStep)
	ADDQ(srcStep, srcStep)
	Label("row")
	to, from, left := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(Mem{Base: t, Disp: tapsN}, left)
	body := func(name string, halves int) {
		at, weights, pairs := GP64(), GP64(), GP64()
		MOVQ(Mem{Base: t, Disp: tapsAt}, at)
		MOVQ(Mem{Base: t, Disp: tapsWeights}, weights)
		MOVQ(Mem{Base: t, Disp: tapsCount}, pairs)
		sum := make([]VecVirtual, 2*halves)
		for i := range sum {
			sum[i] = YMM()
			VPXOR(sum[i], sum[i], sum[i])
		}
		Label(name)
		first, second, w := GP64(), GP64(), YMM()
		MOVQ(Mem{Base: at}, first)
		MOVQ(Mem{Base: at, Disp: 8}, second)
		VPBROADCASTD(Mem{Base: weights}, w)
		for i := range halves {
			a, b, lo, hi := YMM(), YMM(), YMM(), YMM()
			VMOVDQU(Mem{Base: from, Index: first, Scale: 2, Disp: 32 * i}, a)
			VMOVDQU(Mem{Base: from, Index: second, Scale: 2, Disp: 32 * i}, b)
			VPUNPCKLWD(b, a, lo)
			VPUNPCKHWD(b, a, hi)
			VPMADDWD(w, lo, lo)
			VPMADDWD(w, hi, hi)
			VPADDD(lo, sum[2*i], sum[2*i])
			VPADDD(hi, sum[2*i+1], sum[2*i+1])
		}
		ADDQ(Imm(16), at)
		ADDQ(Imm(4), weights)
		DECQ(pairs)
		JNE(LabelRef(name))
		for i := range halves {
			lo, hi, v := sum[2*i], sum[2*i+1], YMM()
			VPERM2I128(Imm(0x20), hi, lo, v)
			VMOVDQU(v, Mem{Base: to, Disp: 64 * i})
			VPERM2I128(Imm(0x31), hi, lo, lo)
			VMOVDQU(lo, Mem{Base: to, Disp: 64*i + 32})
		}
		ADDQ(U32(uint32(64*halves)), to)
		ADDQ(U32(uint32(32*halves)), from)
	}
	SUBQ(Imm(32), left)
	JLT(LabelRef("tail"))
	Label("loop")
	body("pairs", 2)
	SUBQ(Imm(32), left)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(32), left)
	JLE(LabelRef("next"))
	Label("last")
	body("lastPairs", 1)
	SUBQ(Imm(16), left)
	JG(LabelRef("last"))
	Label("next")
	ADDQ(dstStep, dst)
	ADDQ(srcStep, src)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
