package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of quant.combining.
const (
	combiningScaleA = 0
	combiningScaleB = 4
	combiningZeroA  = 8
	combiningZeroB  = 12
	combiningFlipA  = 16
	combiningFlipB  = 20
	combiningLow    = 24
	combiningStep   = 28
	combiningLimits = 32
)

// combine generates a function of two numbers that bytes stand for, whose result becomes a byte.
func combine(name, what string, f func(...Op), order Mem) {
	TEXT(name, NOSPLIT, "func(dst, a, b *byte, n int, c *byte)")
	Pragma("noescape")
	Doc(name + " sets dst[i] to the " + what + " of what a[i] and b[i] stand for, rounded as c says, for i < n, a positive multiple of 32.")
	dst, a, b, n := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("n"), GP64())
	c := Load(Param("c"), GP64())
	field := func(at int) Mem { return Mem{Base: c, Disp: at} }
	scaleA, zeroA := broadcast(field(combiningScaleA)), broadcast(field(combiningZeroA))
	scaleB, zeroB := broadcast(field(combiningScaleB)), broadcast(field(combiningZeroB))
	read := func(m Mem, scale, zero VecVirtual, flip int) VecVirtual {
		return reading{scale, zero, broadcast(field(flip))}.read(m)
	}
	low := broadcast(field(combiningLow))
	limits := GP64()
	LEAQ(field(combiningLimits), limits)
	r := newRounding(limits, order)
	Label("loop")
	var v [4]VecVirtual
	for i := range v {
		v[i] = read(Mem{Base: a, Disp: 8 * i}, scaleA, zeroA, combiningFlipA)
		f(read(Mem{Base: b, Disp: 8 * i}, scaleB, zeroB, combiningFlipB), v[i], v[i])
		VMAXPS(v[i], low, v[i])
		step := broadcast(field(combiningStep))
		VDIVPS(step, v[i], v[i])
	}
	r.store(v, Mem{Base: dst})
	for _, p := range []Op{dst, a, b} {
		ADDQ(Imm(32), p)
	}
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
