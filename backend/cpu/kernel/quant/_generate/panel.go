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

// finisher is what the functions have in common that finish a tile of sums of 32 columns: as floats, or as bytes.
type finisher struct {
	bytes                                     bool
	vector                                    func() VecVirtual
	f, c, add, scale, bias, dst, dstRow, rows Register
	low, high                                 VecVirtual
}

// newFinisher begins such a function, for vectors of one width.
func newFinisher(bytes bool, suffix string, vector func() VecVirtual) *finisher {
	name, what, to := "finishFloats", "as float32 numbers", finishFloats
	if bytes {
		name, what, to = "finishBytes", "divided by the step and rounded to bytes", finishBytes
	}
	name += suffix
	TEXT(name, NOSPLIT, "func(f *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s stores the tile of f, scaled, %s.", name, what))
	f := Load(Param("f"), GP64())
	s := &finisher{bytes: bytes, vector: vector, f: f}
	s.c, s.add, s.scale, s.bias = load(f, finishC), load(f, finishAdd), load(f, finishScale), load(f, finishBias)
	s.dst, s.dstRow, s.rows = load(f, to), load(f, finishRow), load(f, finishRows)
	if !bytes {
		SHLQ(Imm(2), s.dstRow)
	}
	s.low, s.high = s.field(finishLow), s.field(finishHigh)
	return s
}

// broadcast fills a vector with a number in memory.
func (s *finisher) broadcast(m Mem) VecVirtual {
	v := s.vector()
	VBROADCASTSS(m, v)
	return v
}

// field fills a vector with a field of f.
func (s *finisher) field(offset int) VecVirtual { return s.broadcast(Mem{Base: s.f, Disp: offset}) }

// row reads what belongs to a row, and returns what makes numbers of the sums so many bytes behind its beginning.
func (s *finisher) row() (at func(disp int) VecVirtual) {
	constant, factor, summand := s.broadcast(Mem{Base: s.add}), s.broadcast(Mem{Base: s.scale}), s.broadcast(Mem{Base: s.bias})
	return func(disp int) VecVirtual {
		v := s.vector()
		VPADDD(Mem{Base: s.c, Disp: disp}, constant, v)
		VCVTDQ2PS(v, v)
		VMULPS(factor, v, v)
		VADDPS(summand, v, v)
		VMAXPS(v, s.low, v) // the second source, which is NaN if the number is
		VMINPS(v, s.high, v)
		return v
	}
}

// end ends the loop over rows, and the function.
func (s *finisher) end(label string) {
	ADDQ(U32(128), s.c)
	for _, p := range []Register{s.add, s.scale, s.bias} {
		ADDQ(Imm(4), p)
	}
	ADDQ(s.dstRow, s.dst)
	DECQ(s.rows)
	JNE(LabelRef(label))
	VZEROUPPER()
	RET()
}

// jumpIfWhole jumps if the step is 1, which nothing has to be divided by.
func (s *finisher) jumpIfWhole(label string) {
	one := GP32()
	MOVL(Mem{Base: s.f, Disp: finishStep}, one)
	CMPL(one, U32(0x3f800000))
	JEQ(LabelRef(label))
}

// finish generates the function for AVX2.
func finish(bytes bool, order Mem) {
	s := newFinisher(bytes, "", YMM)
	loop := func(label string, store func(v [4]VecVirtual)) {
		Label(label)
		at := s.row()
		var v [4]VecVirtual
		for i := range v {
			v[i] = at(32 * i)
		}
		store(v)
		s.end(label)
	}
	if !bytes {
		loop("loop", func(v [4]VecVirtual) {
			for i, x := range v {
				VMOVUPS(x, Mem{Base: s.dst, Disp: 32 * i})
			}
		})
		return
	}
	step := s.field(finishStep)
	limits := GP64()
	LEAQ(Mem{Base: s.f, Disp: finishLimits}, limits)
	r := newRounding(limits, order)
	s.jumpIfWhole("whole")
	loop("loop", func(v [4]VecVirtual) {
		for _, x := range v {
			VDIVPS(step, x, x)
		}
		r.store(v, Mem{Base: s.dst})
	})
	loop("whole", func(v [4]VecVirtual) { r.store(v, Mem{Base: s.dst}) })
}

// finishWide generates finish for AVX-512.
func finishWide(bytes bool) {
	s := newFinisher(bytes, "Wide", ZMM)
	loop := func(label string, divide bool) {
		var step, least, most, zero VecVirtual
		if bytes {
			step, least, most, zero = s.field(finishStep), s.field(finishLimits+limitsLow), s.field(finishLimits+limitsHigh), s.field(finishLimits+limitsZero)
		}
		Label(label)
		at := s.row()
		for i := range 2 {
			v := at(64 * i)
			if !bytes {
				VMOVUPS(v, Mem{Base: s.dst, Disp: 64 * i})
				continue
			}
			if divide {
				VDIVPS(step, v, v)
			}
			VMAXPS(least, v, v)
			VMINPS(most, v, v)
			VCVTPS2DQ(v, v)
			VPADDD(zero, v, v)
			VPMOVDB(v, Mem{Base: s.dst, Disp: 16 * i})
		}
		s.end(label)
	}
	if bytes {
		s.jumpIfWhole("whole")
		loop("loop", true)
		Label("whole")
		loop("wholeLoop", false)
		return
	}
	loop("loop", false)
}
