package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// widen generates the conversion of bytes to 16 bit integers less a zero point.
func widen(name string, extend func(...Op)) {
	TEXT(name, NOSPLIT, "func(dst *int16, src *byte, n int, zero int16)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s sets dst[i] to src[i] − zero for i < n, a positive multiple of 16.", name))
	dst, src, n := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("n"), GP64())
	zero := YMM()
	z := Load(Param("zero"), GP32())
	x := XMM()
	VMOVD(z, x)
	VPBROADCASTW(x, zero)
	Label("loop")
	v := YMM()
	extend(Mem{Base: src}, v)
	VPSUBW(zero, v, v)
	VMOVDQU(v, Mem{Base: dst})
	ADDQ(Imm(16), src)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(16), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// extremes generates the search for the least and the greatest number. MINPS and MAXPS give their second source where the first is
// NaN, so that NaN never counts.
func extremes() {
	TEXT("extremes", NOSPLIT, "func(x *float32, n int, out *float32)")
	Pragma("noescape")
	Doc("extremes sets out[0 … 8) to minima and out[8 … 16) to maxima of x and 0; n is a positive multiple of 32.")
	p, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	var lo, hi [4]VecVirtual
	for i := range lo {
		lo[i], hi[i] = YMM(), YMM()
		VXORPS(lo[i], lo[i], lo[i])
		VXORPS(hi[i], hi[i], hi[i])
	}
	Label("loop")
	for i := range lo {
		v := YMM()
		VMOVUPS(Mem{Base: p, Disp: 32 * i}, v)
		VMINPS(lo[i], v, lo[i])
		VMAXPS(hi[i], v, hi[i])
	}
	ADDQ(U32(128), p)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	for _, step := range [][2]int{{0, 1}, {2, 3}, {0, 2}} {
		a, b := step[0], step[1]
		VMINPS(lo[a], lo[b], lo[a])
		VMAXPS(hi[a], hi[b], hi[a])
	}
	out := Load(Param("out"), GP64())
	VMOVUPS(lo[0], Mem{Base: out})
	VMOVUPS(hi[0], Mem{Base: out, Disp: 32})
	VZEROUPPER()
	RET()
}

// bytesOrder is the table by which the dwords of twice packed lanes come into their order.
func bytesOrder() Mem {
	table := GLOBL("bytesOrder", RODATA|NOPTR)
	for i, k := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
		DATA(4*i, U32(k))
	}
	return table
}

// rounding holds what turns floats into bytes: the limits before the zero point is added, and the zero point.
type rounding struct{ low, high, zero, mask, order VecVirtual }

// Offsets of the fields of quant.limits.
const (
	limitsLow  = 0
	limitsHigh = 4
	limitsZero = 8
)

func newRounding(p Register, order Mem) rounding {
	r := rounding{broadcast(Mem{Base: p, Disp: limitsLow}), broadcast(Mem{Base: p, Disp: limitsHigh}), broadcast(Mem{Base: p, Disp: limitsZero}), YMM(), YMM()}
	VPCMPEQD(r.mask, r.mask, r.mask)
	VPSRLD(Imm(24), r.mask, r.mask)
	VMOVDQU(order, r.order)
	return r
}

// store rounds four vectors of floats and stores them as 32 bytes. NaN becomes the lower limit.
func (r rounding) store(v [4]VecVirtual, dst Mem) {
	for _, x := range v {
		VMAXPS(r.low, x, x)
		VMINPS(r.high, x, x)
		VCVTPS2DQ(x, x)
		VPADDD(r.zero, x, x)
		VPAND(r.mask, x, x)
	}
	VPACKUSDW(v[1], v[0], v[0])
	VPACKUSDW(v[3], v[2], v[2])
	VPACKUSWB(v[2], v[0], v[0])
	VPERMD(v[0], r.order, v[0])
	VMOVDQU(v[0], dst)
}

func quantize(order Mem) {
	TEXT("quantize32", NOSPLIT, "func(dst *byte, x *float32, n int, scale float32, limits *byte)")
	Pragma("noescape")
	Doc("quantize32 sets dst[i] to x[i] / scale rounded within limits, for i < n, a positive multiple of 32.")
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	r := newRounding(Load(Param("limits"), GP64()), order)
	scale := filledFloat("scale")
	Label("loop")
	var v [4]VecVirtual
	for i := range v {
		v[i] = YMM()
		VMOVUPS(Mem{Base: x, Disp: 32 * i}, v[i])
		VDIVPS(scale, v[i], v[i])
	}
	r.store(v, Mem{Base: dst})
	ADDQ(U32(128), x)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func requantize(order Mem) {
	TEXT("requantize32", NOSPLIT, "func(dst *byte, x *int32, scale *float32, n int, limits *byte)")
	Pragma("noescape")
	Doc("requantize32 sets dst[i] to x[i] · scale[i] rounded within limits, for i < n, a positive multiple of 32.")
	dst, x, scale, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("scale"), GP64()), Load(Param("n"), GP64())
	r := newRounding(Load(Param("limits"), GP64()), order)
	Label("loop")
	var v [4]VecVirtual
	for i := range v {
		v[i] = YMM()
		VCVTDQ2PS(Mem{Base: x, Disp: 32 * i}, v[i])
		VMULPS(Mem{Base: scale, Disp: 32 * i}, v[i], v[i])
	}
	r.store(v, Mem{Base: dst})
	ADDQ(U32(128), x)
	ADDQ(U32(128), scale)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// dequantize generates the conversion of sums to floats. The product is rounded before the bias is added.
func dequantize() {
	TEXT("dequantize8", NOSPLIT, "func(dst *float32, x *int32, scale, bias *float32, n int)")
	Pragma("noescape")
	Doc("dequantize8 sets dst[i] to x[i] · scale[i] + bias[i] for i < n, a positive multiple of 8. Nothing is added if bias is nil.")
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	scale, bias := Load(Param("scale"), GP64()), Load(Param("bias"), GP64())
	loop := func(name string, add bool) {
		Label(name)
		v := YMM()
		VCVTDQ2PS(Mem{Base: x}, v)
		VMULPS(Mem{Base: scale}, v, v)
		if add {
			VADDPS(Mem{Base: bias}, v, v)
			ADDQ(Imm(32), bias)
		}
		VMOVUPS(v, Mem{Base: dst})
		ADDQ(Imm(32), x)
		ADDQ(Imm(32), scale)
		ADDQ(Imm(32), dst)
		SUBQ(Imm(8), n)
		JNE(LabelRef(name))
		VZEROUPPER()
		RET()
	}
	TESTQ(bias, bias)
	JEQ(LabelRef("plain"))
	loop("biased", true)
	loop("plain", false)
}
