package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// pick generates the copying of every second element: whole vectors, then the rest under masks.
func (w *width) pick() {
	name := "pick" + w.suffix
	TEXT(name, NOSPLIT, "func(dst, src *float32, n int)")
	Pragma("noescape")
	Doc(name + " sets dst[i] to src[2·i], for n elements of dst. It reads no element of src that is not copied, but those between two that are.")
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	at := w.new()
	if w.wide() {
		even := GLOBL("even", RODATA|NOPTR)
		for i := range w.lanes {
			DATA(4*i, U32(2*i))
		}
		VMOVUPS(even, at)
	}
	// even is the even elements of x and y.
	even := func(x, y VecVirtual) VecVirtual {
		if w.wide() {
			VPERMT2PS(y, at, x)
			return x
		}
		VSHUFPS(Imm(0x88), y, x, x)
		VPERMPD(Imm(0xd8), x, x)
		return x
	}
	Label("loop")
	CMPQ(n, Imm(uint64(w.lanes)))
	JLE(LabelRef("rest")) // the element after the last may be missing
	x, y := w.new(), w.new()
	VMOVUPS(Mem{Base: src}, x)
	VMOVUPS(Mem{Base: src, Disp: w.bytes()}, y)
	VMOVUPS(even(x, y), Mem{Base: dst})
	ADDQ(Imm(uint64(w.bytes())), dst)
	ADDQ(Imm(uint64(2*w.bytes())), src)
	SUBQ(Imm(uint64(w.lanes)), n)
	JMP(LabelRef("loop"))

	Label("rest")
	// The last of the 2·n-1 elements of src lies in x or in y.
	inX, inY, all, none := GP64(), GP64(), GP64(), GP64()
	LEAQ(Mem{Base: n, Index: n, Scale: 1, Disp: -1}, inX)
	LEAQ(Mem{Base: inX, Disp: -w.lanes}, inY)
	MOVQ(U32(w.lanes), all)
	XORQ(none, none)
	CMPQ(inX, all)
	CMOVQGT(all, inX)
	CMPQ(inY, none)
	CMOVQLT(none, inY)
	x, y = w.load(Mem{Base: src}, w.first(inX)), w.load(Mem{Base: src, Disp: w.bytes()}, w.first(inY))
	w.store(even(x, y), w.first(n), Mem{Base: dst})
	VZEROUPPER()
	RET()
}
