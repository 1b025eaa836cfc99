package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// round generates what writes the records of whole groups, for vectors of eight lanes.
func (w *width) round() {
	const name = "round"
	TEXT(name, NOSPLIT, "func(groups, group int, x *float32, dst *byte, bias int)")
	Pragma("noescape")
	Doc(name + " writes the records of so many groups > 0 of x, each of a positive multiple of 16 elements.")
	groups, group, bias := GP64(), GP64(), GP64()
	Load(Param("groups"), groups)
	Load(Param("group"), group)
	Load(Param("bias"), bias)
	x, dst := Load(Param("x"), GP64()), Load(Param("dst"), GP64())
	clear, full := w.new(), XMM()
	words := GP32()
	MOVL(U32(0x7fffffff), words)
	VMOVD(words, clear.AsX())
	VPBROADCASTD(clear.AsX(), clear)
	MOVL(U32(math.Float32bits(127)), words)
	VMOVD(words, full)

	Label("group")
	most := w.zeros(1)[0]
	left, p := GP64(), GP64()
	MOVQ(group, left)
	MOVQ(x, p)
	Label("search")
	for v := range 2 {
		y := w.new()
		VPAND(Mem{Base: p, Disp: v * w.bytes()}, clear, y)
		VPMAXSD(y, most, most)
	}
	ADDQ(Imm(64), p)
	SUBQ(Imm(16), left)
	JNE(LabelRef("search"))
	across(most, func(a, b Register) { VPMAXSD(a, b, b) })

	greatest, keep := GP32(), w.new()
	VMOVD(most.AsX(), greatest)
	scale, factor := XMM(), w.new()
	VXORPS(scale, scale, scale)
	VXORPS(factor.AsX(), factor.AsX(), factor.AsX())
	VPXOR(keep.AsX(), keep.AsX(), keep.AsX())
	CMPL(greatest, U32(math.Float32bits(1.0/(1<<100))))
	JLT(LabelRef("scaled"))
	CMPL(greatest, U32(0x7f800000))
	JGE(LabelRef("endless"))
	VDIVSS(full, most.AsX(), scale)
	VDIVSS(most.AsX(), full, factor.AsX())
	VPCMPEQD(keep.AsX(), keep.AsX(), keep.AsX())
	JMP(LabelRef("scaled"))
	Label("endless")
	VPCMPEQD(scale, scale, scale) // NaN
	Label("scaled")
	VBROADCASTSS(factor.AsX(), factor)
	VPBROADCASTD(keep.AsX(), keep)

	sum := w.zeros(1)[0]
	MOVQ(group, left)
	ADDQ(Imm(4), dst)
	start := GP64()
	LEAQ(Mem{Base: dst, Disp: -4}, start)
	Label("round")
	var q [2]VecVirtual
	for v := range q {
		q[v] = w.new()
		VMULPS(Mem{Base: x, Disp: v * w.bytes()}, factor, q[v])
		VCVTPS2DQ(q[v], q[v])
		VPAND(keep, q[v], q[v])
		VPADDD(q[v], sum, sum)
	}
	high := XMM()
	VPACKSSDW(q[1], q[0], q[0]) // in quarters 0, 2, 1, 3
	VPERMQ(Imm(0xd8), q[0], q[0])
	VEXTRACTI128(Imm(1), q[0], high)
	VPACKSSWB(high, q[0].AsX(), q[0].AsX())
	VMOVDQU(q[0].AsX(), Mem{Base: dst})
	ADDQ(Imm(64), x)
	ADDQ(Imm(16), dst)
	SUBQ(Imm(16), left)
	JNE(LabelRef("round"))
	across(sum, func(a, b Register) { VPADDD(a, b, b) })
	total, less := GP32(), GP64()
	VMOVD(sum.AsX(), total)
	VCVTDQ2PS(sum.AsX(), sum.AsX())
	VMOVSS(scale, Mem{Base: dst})
	VMOVSS(sum.AsX(), Mem{Base: dst, Disp: 4})
	XORL(less.As32(), less.As32())
	MOVL(less.As32(), Mem{Base: dst, Disp: 8})
	MOVL(total, less.As32())
	IMULL(bias.As32(), less.As32())
	NEGL(less.As32())
	MOVL(less.As32(), Mem{Base: start})
	ADDQ(Imm(12), dst)
	DECQ(groups)
	JNE(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// across combines the lanes of v; the result is in the first one.
func across(v VecVirtual, combine func(a, b Register)) {
	x := XMM()
	VEXTRACTI128(Imm(1), v, x)
	combine(x, v.AsX())
	VPSHUFD(Imm(0x4e), v.AsX(), x)
	combine(x, v.AsX())
	VPSHUFD(Imm(0xb1), v.AsX(), x)
	combine(x, v.AsX())
}
