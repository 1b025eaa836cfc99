package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dot generates the product of one row of A with four rows of B.
func dot(masks Mem) {
	TEXT("dot4", NOSPLIT, "func(k int, a, b *float32, ld int, out *float32)")
	Pragma("noescape")
	Doc("dot4 sets out[j] to the sum of a[p]·b[j*ld+p] over p < k, for j < 4.")
	k, a, b := Load(Param("k"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	sums, more := zeros(4), zeros(4)

	SUBQ(Imm(16), k)
	JLT(LabelRef("eight"))
	Label("loop")
	for u, s := range [][]VecVirtual{sums, more} {
		x := YMM()
		VMOVUPS(Mem{Base: a, Disp: 32 * u}, x)
		for j := range 4 {
			VFMADD231PS(strided(b, ld, ld3, j, 32*u), x, s[j])
		}
	}
	ADDQ(Imm(64), a)
	ADDQ(Imm(64), b)
	SUBQ(Imm(16), k)
	JGE(LabelRef("loop"))
	Label("eight")
	ADDQ(Imm(8), k)
	JLT(LabelRef("rest"))
	x := YMM()
	VMOVUPS(Mem{Base: a}, x)
	for j := range 4 {
		VFMADD231PS(strided(b, ld, ld3, j, 0), x, sums[j])
	}
	ADDQ(Imm(32), a)
	ADDQ(Imm(32), b)
	SUBQ(Imm(8), k)
	Label("rest") // k is 8 less than what is left
	ADDQ(Imm(8), k)
	JE(LabelRef("add"))
	mask := maskOf(k, masks)
	x = YMM()
	VMASKMOVPS(Mem{Base: a}, mask, x)
	for j := range 4 {
		y := YMM()
		VMASKMOVPS(strided(b, ld, ld3, j, 0), mask, y)
		VFMADD231PS(y, x, sums[j])
	}
	Label("add")
	for j := range sums {
		VADDPS(more[j], sums[j], sums[j])
	}
	VHADDPS(sums[1], sums[0], sums[0])
	VHADDPS(sums[3], sums[2], sums[2])
	VHADDPS(sums[2], sums[0], sums[0])
	high := XMM()
	VEXTRACTF128(Imm(1), sums[0], high)
	VADDPS(high, sums[0].AsX(), high)
	out := Load(Param("out"), GP64())
	VMOVUPS(high, Mem{Base: out})
	VZEROUPPER()
	RET()
}

// axpy generates the addition of four multiples of rows of B to a row of C.
func axpy(masks Mem) {
	TEXT("axpy4", NOSPLIT, "func(n int, c, x, b *float32, ld int)")
	Pragma("noescape")
	Doc("axpy4 adds x[p]·b[p*ld+j] for p < 4 to c[j], for j < n.")
	n, c, b := Load(Param("n"), GP64()), Load(Param("c"), GP64()), Load(Param("b"), GP64())
	ld := Load(Param("ld"), GP64())
	SHLQ(Imm(2), ld)
	ld3 := tripled(ld)
	factors := Load(Param("x"), GP64())
	x := make([]VecVirtual, 4)
	for p := range x {
		x[p] = YMM()
		VBROADCASTSS(Mem{Base: factors, Disp: 4 * p}, x[p])
	}
	vector := func(disp int) {
		y := YMM()
		VMOVUPS(Mem{Base: c, Disp: disp}, y)
		for p := range x {
			VFMADD231PS(strided(b, ld, ld3, p, disp), x[p], y)
		}
		VMOVUPS(y, Mem{Base: c, Disp: disp})
	}
	SUBQ(Imm(32), n)
	JLT(LabelRef("eights"))
	Label("loop")
	for disp := 0; disp < 128; disp += 32 {
		vector(disp)
	}
	ADDQ(U32(128), c)
	ADDQ(U32(128), b)
	SUBQ(Imm(32), n)
	JGE(LabelRef("loop"))
	Label("eights")
	ADDQ(Imm(24), n)
	JLT(LabelRef("rest"))
	Label("eight")
	vector(0)
	ADDQ(Imm(32), c)
	ADDQ(Imm(32), b)
	SUBQ(Imm(8), n)
	JGE(LabelRef("eight"))
	Label("rest") // n is 8 less than what is left
	ADDQ(Imm(8), n)
	JE(LabelRef("done"))
	mask, y := maskOf(n, masks), YMM()
	VMASKMOVPS(Mem{Base: c}, mask, y)
	for p := range x {
		v := YMM()
		VMASKMOVPS(strided(b, ld, ld3, p, 0), mask, v)
		VFMADD231PS(v, x[p], y)
	}
	VMASKMOVPS(y, mask, Mem{Base: c})
	Label("done")
	VZEROUPPER()
	RET()
}

// maskOf selects the first n of eight words; it changes n.
func maskOf(n Register, masks Mem) VecVirtual {
	table, mask := GP64(), YMM()
	LEAQ(masks, table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 64}, mask)
	return mask
}
