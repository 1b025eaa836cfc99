package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// pick generates the copying of every second element, whole vectors at a time.
func (w *width) pick() {
	name := "pick" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src *float32, vectors int)")
	Pragma("noescape")
	Doc(name + " sets dst[i] to src[2·i], for so many vectors of dst.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("vectors"), GP64())
	at := w.new()
	if w.wide() {
		even := GLOBL("even", RODATA|NOPTR)
		for i := range w.lanes {
			DATA(4*i, U32(2*i))
		}
		VMOVUPS(even, at)
	}
	Label("loop")
	x, y := w.new(), w.new()
	VMOVUPS(Mem{Base: src}, x)
	if w.wide() {
		VMOVUPS(Mem{Base: src, Disp: w.bytes()}, y)
		VPERMT2PS(y, at, x)
		VMOVUPS(x, Mem{Base: dst})
	} else {
		VSHUFPS(Imm(0x88), Mem{Base: src, Disp: w.bytes()}, x, y)
		VPERMPD(Imm(0xd8), y, y)
		VMOVUPS(y, Mem{Base: dst})
	}
	ADDQ(Imm(uint64(w.bytes())), dst)
	ADDQ(Imm(uint64(2*w.bytes())), src)
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
