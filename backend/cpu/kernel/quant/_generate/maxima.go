package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Offsets of the fields of quant.maxima.
const (
	maximaDst     = 0
	maximaSrc     = 24
	maximaAt      = 48
	maximaCount   = 56
	maximaN       = 72
	maximaRows    = 80
	maximaDstStep = 88
	maximaSrcStep = 96
)

// maxima generates maxima of bytes that lie at constant distances.
func maxima(name string, most func(...Op)) {
	TEXT(name, NOSPLIT, "func(m *byte)")
	Pragma("noescape")
	Doc(name + " computes the maxima of m.")
	m := Load(Param("m"), GP64())
	dst, src, rows := load(m, maximaDst), load(m, maximaSrc), load(m, maximaRows)
	Label("row")
	to, from, left := GP64(), GP64(), GP64()
	MOVQ(dst, to)
	MOVQ(src, from)
	MOVQ(Mem{Base: m, Disp: maximaN}, left)
	Label("vector")
	at, count, first, v := GP64(), GP64(), GP64(), YMM()
	MOVQ(Mem{Base: m, Disp: maximaAt}, at)
	MOVQ(Mem{Base: m, Disp: maximaCount}, count)
	MOVQ(Mem{Base: at}, first)
	VMOVDQU(Mem{Base: from, Index: first, Scale: 1}, v)
	DECQ(count)
	JE(LabelRef("store"))
	Label("tap")
	ADDQ(Imm(8), at)
	MOVQ(Mem{Base: at}, first)
	most(Mem{Base: from, Index: first, Scale: 1}, v, v)
	DECQ(count)
	JNE(LabelRef("tap"))
	Label("store")
	VMOVDQU(v, Mem{Base: to})
	ADDQ(Imm(32), to)
	ADDQ(Imm(32), from)
	SUBQ(Imm(32), left)
	JG(LabelRef("vector"))
	ADDQ(Mem{Base: m, Disp: maximaDstStep}, dst)
	ADDQ(Mem{Base: m, Disp: maximaSrcStep}, src)
	DECQ(rows)
	JNE(LabelRef("row"))
	VZEROUPPER()
	RET()
}
