package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dots generates the products of one row of A with rows of B, four at a time.
func (w *width) dots() {
	name := "dots" + w.suffix
	TEXT(name, NOSPLIT, "func(k, n int, a, b *float32, ld int, out *float32)")
	Pragma("noescape")
	Doc(name + " sets out[j] to the sum of a[p]·b[j*ld+p] over p < k, for j < n, a positive multiple of 4.")
	depth, n := Load(Param("k"), GP64()), Load(Param("n"), GP64())
	row, rows := Load(Param("a"), GP64()), Load(Param("b"), GP64())
	ld, out := Load(Param("ld"), GP64()), Load(Param("out"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	lanes, bytes := U32(uint32(w.lanes)), U32(uint32(w.bytes()))

	Label("four")
	k, a, b := GP64(), GP64(), GP64()
	MOVQ(depth, k)
	MOVQ(row, a)
	MOVQ(rows, b)
	sums, more := w.zeros(4), w.zeros(4)
	SUBQ(2*lanes, k)
	JLT(LabelRef("vector"))
	Label("loop")
	for u, s := range [][]VecVirtual{sums, more} {
		x := w.new()
		VMOVUPS(Mem{Base: a, Disp: w.bytes() * u}, x)
		for j := range 4 {
			VFMADD231PS(strided(b, ld, ld3, j, w.bytes()*u), x, s[j])
		}
	}
	ADDQ(2*bytes, a)
	ADDQ(2*bytes, b)
	SUBQ(2*lanes, k)
	JGE(LabelRef("loop"))
	Label("vector")
	ADDQ(lanes, k)
	JLT(LabelRef("rest"))
	x := w.new()
	VMOVUPS(Mem{Base: a}, x)
	for j := range 4 {
		VFMADD231PS(strided(b, ld, ld3, j, 0), x, sums[j])
	}
	ADDQ(bytes, a)
	ADDQ(bytes, b)
	SUBQ(lanes, k)
	Label("rest") // k is a vector less than what is left
	ADDQ(lanes, k)
	JE(LabelRef("add"))
	mask := w.first(k, 1)[0]
	x = w.new()
	w.load(Mem{Base: a}, mask, x)
	for j := range 4 {
		y := w.new()
		w.load(strided(b, ld, ld3, j, 0), mask, y)
		VFMADD231PS(y, x, sums[j])
	}
	Label("add")
	half := make([]Register, 4) // eight lanes each
	for j := range sums {
		VADDPS(more[j], sums[j], sums[j])
		half[j] = sums[j].AsY()
		if w.wide() {
			high := YMM()
			VEXTRACTF32X8(Imm(1), sums[j], high)
			VADDPS(high, sums[j].AsY(), sums[j].AsY())
		}
	}
	VHADDPS(half[1], half[0], half[0])
	VHADDPS(half[3], half[2], half[2])
	VHADDPS(half[2], half[0], half[0])
	high := XMM()
	VEXTRACTF128(Imm(1), half[0], high)
	VADDPS(high, sums[0].AsX(), high)
	VMOVUPS(high, Mem{Base: out})
	ADDQ(Imm(16), out)
	LEAQ(Mem{Base: rows, Index: ld, Scale: 4}, rows)
	SUBQ(Imm(4), n)
	JGT(LabelRef("four"))
	VZEROUPPER()
	RET()
}

// axpy generates the addition of four multiples of rows of B to a row of C.
func (w *width) axpy() {
	name := "axpy4" + w.suffix
	TEXT(name, NOSPLIT, "func(n int, c, x, b *float32, ld int)")
	Pragma("noescape")
	Doc(name + " adds x[p]·b[p*ld+j] for p < 4 to c[j], for j < n.")
	n, c, b := Load(Param("n"), GP64()), Load(Param("c"), GP64()), Load(Param("b"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	factors := Load(Param("x"), GP64())
	x := make([]VecVirtual, 4)
	for p := range x {
		x[p] = w.new()
		VBROADCASTSS(Mem{Base: factors, Disp: 4 * p}, x[p])
	}
	vector := func(disp int) {
		y := w.new()
		VMOVUPS(Mem{Base: c, Disp: disp}, y)
		for p := range x {
			VFMADD231PS(strided(b, ld, ld3, p, disp), x[p], y)
		}
		VMOVUPS(y, Mem{Base: c, Disp: disp})
	}
	lanes, bytes := U32(uint32(w.lanes)), U32(uint32(w.bytes()))
	SUBQ(4*lanes, n)
	JLT(LabelRef("few"))
	Label("loop")
	for i := range 4 {
		vector(i * w.bytes())
	}
	ADDQ(4*bytes, c)
	ADDQ(4*bytes, b)
	SUBQ(4*lanes, n)
	JGE(LabelRef("loop"))
	Label("few")
	ADDQ(3*lanes, n)
	JLT(LabelRef("rest"))
	Label("one")
	vector(0)
	ADDQ(bytes, c)
	ADDQ(bytes, b)
	SUBQ(lanes, n)
	JGE(LabelRef("one"))
	Label("rest") // n is a vector less than what is left
	ADDQ(lanes, n)
	JE(LabelRef("done"))
	mask, y := w.first(n, 1)[0], w.new()
	w.load(Mem{Base: c}, mask, y)
	for p := range x {
		v := w.new()
		w.load(strided(b, ld, ld3, p, 0), mask, v)
		VFMADD231PS(v, x[p], y)
	}
	w.store(y, mask, Mem{Base: c})
	Label("done")
	VZEROUPPER()
	RET()
}
