package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gatherRows generates the copying of pieces of 32 bytes, row by row, each later one over what the one before wrote too much.
func gatherRows() {
	TEXT("gatherRows", NOSPLIT, "func(dst, src *byte, offsets *int, rows int, pieces *byte, count int)")
	Pragma("noescape")
	Doc("gatherRows copies 32 bytes from src + offsets[r] + pieces[i].src to dst + 32·r + pieces[i].dst, for all r < rows and, in order, i < count.")
	dst, src, offsets := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("offsets"), GP64())
	rows, pieces, count := Load(Param("rows"), GP64()), Load(Param("pieces"), GP64()), Load(Param("count"), GP64())
	Label("row")
	from, p, n := GP64(), GP64(), GP64()
	MOVQ(Mem{Base: offsets}, from)
	ADDQ(src, from)
	MOVQ(pieces, p)
	MOVQ(count, n)
	Label("piece")
	at, to, v := GP64(), GP64(), YMM()
	MOVQ(Mem{Base: p}, at)
	MOVQ(Mem{Base: p, Disp: 8}, to)
	VMOVDQU(Mem{Base: from, Index: at, Scale: 1}, v)
	VMOVDQU(v, Mem{Base: dst, Index: to, Scale: 1})
	ADDQ(Imm(pieceSize), p)
	DECQ(n)
	JNE(LabelRef("piece"))
	ADDQ(Imm(8), offsets)
	ADDQ(Imm(32), dst)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}

const pieceSize = 16 // bytes of quant.piece

// packPairs generates the packing of pairs of rows of two panels of 16 columns.
func packPairs() {
	TEXT("packPairs32", NOSPLIT, "func(dst, next *int8, src *byte, stride int, pairs int, flip uint32)")
	Pragma("noescape")
	Doc("packPairs32 packs 32 columns of 2·pairs rows, which lie stride bytes apart, each xor the bytes of flip, the first 16 of them to dst.")
	dst, next, src := Load(Param("dst"), GP64()), Load(Param("next"), GP64()), Load(Param("src"), GP64())
	stride, pairs := Load(Param("stride"), GP64()), Load(Param("pairs"), GP64())
	flip := filled("flip")
	Label("loop")
	a, b, lo, hi, v := YMM(), YMM(), YMM(), YMM(), YMM()
	VPXOR(Mem{Base: src}, flip, a)
	VPXOR(Mem{Base: src, Index: stride, Scale: 1}, flip, b)
	VPUNPCKLBW(b, a, lo)
	VPUNPCKHBW(b, a, hi)
	VPERM2I128(Imm(0x20), hi, lo, v)
	VMOVDQU(v, Mem{Base: dst})
	VPERM2I128(Imm(0x31), hi, lo, v)
	VMOVDQU(v, Mem{Base: next})
	LEAQ(Mem{Base: src, Index: stride, Scale: 2}, src)
	ADDQ(Imm(32), dst)
	ADDQ(Imm(32), next)
	DECQ(pairs)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// Offsets of the fields of quant.finishing.
const (
	finishC      = 0
	finishAdd    = 24
	finishScale  = 48
	finishBias   = 72
	finishBytes  = 96
	finishFloats = 120
	finishRow    = 144
	finishRows   = 152
	finishLow    = 160
	finishHigh   = 164
	finishStep   = 168
	finishLimits = 172
)

// finish generates what is done to a tile of sums of 32 columns: as floats, or as bytes.
func finish(bytes bool, order Mem) {
	name, what := "finishFloats", "as float32 numbers"
	if bytes {
		name, what = "finishBytes", "divided by the step and rounded to bytes"
	}
	TEXT(name, NOSPLIT, "func(f *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s stores the tile of f, scaled, %s.", name, what))
	f := Load(Param("f"), GP64())
	c, add, scale, bias := load(f, finishC), load(f, finishAdd), load(f, finishScale), load(f, finishBias)
	to := finishFloats
	if bytes {
		to = finishBytes
	}
	dst, dstRow, rows := load(f, to), load(f, finishRow), load(f, finishRows)
	if !bytes {
		SHLQ(Imm(2), dstRow)
	}
	low, high := broadcast(Mem{Base: f, Disp: finishLow}), broadcast(Mem{Base: f, Disp: finishHigh})
	var step VecVirtual
	var r rounding
	if bytes {
		step = broadcast(Mem{Base: f, Disp: finishStep})
		limits := GP64()
		LEAQ(Mem{Base: f, Disp: finishLimits}, limits)
		r = newRounding(limits, order)
	}
	compute := func() (v [4]VecVirtual) {
		constant, factor, summand := broadcast(Mem{Base: add}), broadcast(Mem{Base: scale}), broadcast(Mem{Base: bias})
		for i := range v {
			v[i] = YMM()
			VPADDD(Mem{Base: c, Disp: 32 * i}, constant, v[i])
			VCVTDQ2PS(v[i], v[i])
			VMULPS(factor, v[i], v[i])
			VADDPS(summand, v[i], v[i])
			VMAXPS(v[i], low, v[i]) // the second source, which is NaN if the number is
			VMINPS(v[i], high, v[i])
		}
		return v
	}
	advance := func(label string) {
		ADDQ(U32(128), c)
		for _, p := range []Register{add, scale, bias} {
			ADDQ(Imm(4), p)
		}
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNE(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	if !bytes {
		Label("loop")
		for i, x := range compute() {
			VMOVUPS(x, Mem{Base: dst, Disp: 32 * i})
		}
		advance("loop")
		return
	}
	one := GP32()
	MOVL(Mem{Base: f, Disp: finishStep}, one)
	CMPL(one, U32(0x3f800000))
	JEQ(LabelRef("whole"))
	Label("loop")
	v := compute()
	for _, x := range v {
		VDIVPS(step, x, x)
	}
	r.store(v, Mem{Base: dst})
	advance("loop")
	Label("whole")
	r.store(compute(), Mem{Base: dst})
	advance("whole")
}

// finishWide generates finish for AVX-512.
func finishWide(bytes bool) {
	name, what, to := "finishFloatsWide", "as float32 numbers", finishFloats
	if bytes {
		name, what, to = "finishBytesWide", "divided by the step and rounded to bytes", finishBytes
	}
	TEXT(name, NOSPLIT, "func(f *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s stores the tile of f, scaled, %s.", name, what))
	f := Load(Param("f"), GP64())
	c, add, scale, bias := load(f, finishC), load(f, finishAdd), load(f, finishScale), load(f, finishBias)
	dst, dstRow, rows := load(f, to), load(f, finishRow), load(f, finishRows)
	if !bytes {
		SHLQ(Imm(2), dstRow)
	}
	wide := func(m Mem) VecVirtual {
		v := ZMM()
		VBROADCASTSS(m, v)
		return v
	}
	low, high := wide(Mem{Base: f, Disp: finishLow}), wide(Mem{Base: f, Disp: finishHigh})
	loop := func(label string, divide bool) {
		var step, least, most, zero VecVirtual
		if bytes {
			step, least, most = wide(Mem{Base: f, Disp: finishStep}), wide(Mem{Base: f, Disp: finishLimits + limitsLow}), wide(Mem{Base: f, Disp: finishLimits + limitsHigh})
			zero = wide(Mem{Base: f, Disp: finishLimits + limitsZero})
		}
		Label(label)
		constant, factor, summand := wide(Mem{Base: add}), wide(Mem{Base: scale}), wide(Mem{Base: bias})
		for i := range 2 {
			v := ZMM()
			VPADDD(Mem{Base: c, Disp: 64 * i}, constant, v)
			VCVTDQ2PS(v, v)
			VMULPS(factor, v, v)
			VADDPS(summand, v, v)
			VMAXPS(v, low, v) // the second source, which is NaN if the number is
			VMINPS(v, high, v)
			if !bytes {
				VMOVUPS(v, Mem{Base: dst, Disp: 64 * i})
				continue
			}
			if divide {
				VDIVPS(step, v, v)
			}
			VMAXPS(least, v, v)
			VMINPS(most, v, v)
			VCVTPS2DQ(v, v)
			VPADDD(zero, v, v)
			VPMOVDB(v, Mem{Base: dst, Disp: 16 * i})
		}
		ADDQ(U32(128), c)
		for _, p := range []Register{add, scale, bias} {
			ADDQ(Imm(4), p)
		}
		ADDQ(dstRow, dst)
		DECQ(rows)
		JNE(LabelRef(label))
		VZEROUPPER()
		RET()
	}
	if bytes {
		one := GP32()
		MOVL(Mem{Base: f, Disp: finishStep}, one)
		CMPL(one, U32(0x3f800000))
		JEQ(LabelRef("whole"))
		loop("loop", true)
		Label("whole")
		loop("wholeLoop", false)
		return
	}
	loop("loop", false)
}
