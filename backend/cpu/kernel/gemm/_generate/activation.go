package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Polynomials, lowest power first, fitted on Chebyshev nodes.
var (
	// (eʳ-1-r)/r² for |r| ≤ ln(2)/2
	expTail = []float32{0.5, 0.16666576266288757, 0.04166646674275398, 0.008363175205886364, 0.0013933642767369747}
	// (tanh(x)/x-1)/x² as a function of x², for |x| ≤ 0.65
	tanhTail = []float32{-0.3333333432674408, 0.13333292305469513, -0.05395655706524849, 0.02174754999577999, -0.008276124484837055, 0.00221836194396019}
	// ln(erfc(t/√2))/t for 0 ≤ t ≤ 6; beyond, it falls as the function does
	logTail = []float32{-0.7978853583335876, -0.31830257177352905, -0.03636106103658676, 0.004826003685593605, -3.202103016519686e-06, -0.00019518888439051807, 5.423904076451436e-05, -7.957729394547641e-06, 6.408361628018611e-07, -2.2194251769747098e-08}
)

// constants is a table of vectors of eight equal words.
type constants struct {
	table Mem
	at    map[uint32]int
}

func (c *constants) bits(word uint32) Mem {
	offset, ok := c.at[word]
	if !ok {
		offset = 32 * len(c.at)
		c.at[word] = offset
	}
	return c.table.Offset(offset)
}

func (c *constants) float(x float32) Mem { return c.bits(math.Float32bits(x)) }

// write emits the table; after the functions that use it.
func (c *constants) write() {
	GLOBL("vectorConstants", RODATA|NOPTR)
	words := make([]uint32, len(c.at))
	for word, offset := range c.at {
		words[offset/32] = word
	}
	for i, word := range words {
		for lane := range 8 {
			DATA(32*i+4*lane, U32(word))
		}
	}
}

func newConstants() *constants {
	return &constants{table: NewDataAddr(NewStaticSymbol("vectorConstants"), 0), at: map[uint32]int{}}
}

// loop generates a function over blocks of eight elements, of which body changes one.
func loop(name, does, parameters string, body func(row, x Register), prepare func()) {
	TEXT(name, NOSPLIT, fmt.Sprintf("func(row *float32, blocks int%s)", parameters))
	Pragma("noescape")
	Doc(fmt.Sprintf("%s replaces each x of 8·blocks elements, blocks > 0, by %s.", name, does))
	row, blocks := Load(Param("row"), GP64()), Load(Param("blocks"), GP64())
	if prepare != nil {
		prepare()
	}
	Label("loop")
	x := YMM()
	VMOVUPS(Mem{Base: row}, x)
	body(row, x)
	VMOVUPS(x, Mem{Base: row})
	ADDQ(Imm(32), row)
	DECQ(blocks)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func broadcast(param string) VecVirtual {
	v := YMM()
	m, err := Param(param).Resolve()
	if err != nil {
		panic(err)
	}
	VBROADCASTSS(m.Addr, v)
	return v
}

func activations() {
	c := newConstants()
	simple()
	loop("sigmoidRow", "1/(1+e⁻ˣ)", "", func(_, x Register) { VMOVAPS(c.sigmoid(x), x) }, nil)
	loop("siluRow", "x/(1+e⁻ˣ)", "", func(_, x Register) { VMULPS(c.sigmoid(x), x, x) }, nil)
	loop("geluTanhRow", "x·sigmoid(√(8/π)·(x+0.044715·x³))", "", func(_, x Register) {
		u := YMM()
		VMULPS(x, x, u)
		VMULPS(c.float(0.044715*1.5957691216057308), u, u)
		VADDPS(c.float(1.5957691216057308), u, u)
		VMULPS(x, u, u)
		VMULPS(c.sigmoid(u), x, x)
	}, nil)
	loop("geluErfRow", "x·Φ(x)", "", func(_, x Register) {
		t := YMM()
		VANDPS(c.bits(0x7fffffff), x, t)
		g := c.polynomial(logTail, t)
		VMULPS(t, g, g)
		h := c.expNegative(g)
		VMULPS(c.float(0.5), h, h) // Φ(-|x|)
		upper := YMM()
		VMOVUPS(c.float(1), upper)
		VSUBPS(h, upper, upper)
		VBLENDVPS(x, h, upper, upper)
		VMULPS(upper, x, x)
	}, nil)
	loop("tanhRow", "tanh(x)", "", func(_, x Register) {
		t, square, small := YMM(), YMM(), YMM()
		VANDPS(c.bits(0x7fffffff), x, t)
		VMULPS(x, x, square)
		near := c.polynomial(tanhTail, square)
		VMULPS(square, near, near)
		VFMADD213PS(x, x, near)
		VCMPPS(Imm(1), c.float(0.625), t, small) // t < 0.625
		VMULPS(c.float(-2), t, t)
		e := c.expNegative(t)
		far, below := YMM(), YMM()
		VMOVUPS(c.float(1), far)
		VADDPS(e, far, below)
		VSUBPS(e, far, far)
		VDIVPS(below, far, far)
		sign := YMM()
		VANDPS(c.bits(0x80000000), x, sign)
		VORPS(sign, far, far)
		VBLENDVPS(small, near, far, x)
	}, nil)
	c.write()
}

func simple() {
	var zero, alpha, beta VecVirtual
	loop("reluRow", "max(x, 0)", "", func(_, x Register) { VMAXPS(x, zero, x) }, func() {
		zero = YMM()
		VXORPS(zero, zero, zero)
	})
	loop("clipRow", "min(max(x, alpha), beta)", ", alpha, beta float32", func(_, x Register) {
		VMAXPS(x, alpha, x)
		VMINPS(x, beta, x)
	}, func() { alpha, beta = broadcast("alpha"), broadcast("beta") })
	loop("leakyReluRow", "x < 0 ? alpha·x : x", ", alpha float32", func(_, x Register) {
		y := YMM()
		VMULPS(alpha, x, y)
		VBLENDVPS(x, y, x, x)
	}, func() { alpha = broadcast("alpha") })
	loop("addScalarRow", "x + alpha", ", alpha float32", func(_, x Register) { VADDPS(alpha, x, x) }, func() { alpha = broadcast("alpha") })
	var src Register
	loop("addRow", "x plus the element of src", ", src *float32", func(_, x Register) {
		VADDPS(Mem{Base: src}, x, x)
		ADDQ(Imm(32), src)
	}, func() { src = Load(Param("src"), GP64()) })
}

// polynomial evaluates coefficients, lowest power first, at x.
func (c *constants) polynomial(coefficients []float32, x Register) VecVirtual {
	last := len(coefficients) - 1
	sum := YMM()
	VMOVUPS(c.float(coefficients[last]), sum)
	for i := last - 1; i >= 0; i-- {
		VFMADD213PS(c.float(coefficients[i]), x, sum)
	}
	return sum
}

// expNegative is eˣ for x ≤ 0, and 0 below -87. NaN stays NaN.
func (c *constants) expNegative(x Register) VecVirtual {
	lost, n, r := YMM(), YMM(), YMM()
	VCMPPS(Imm(1), c.float(-87), x, lost) // x < -87
	VMULPS(c.float(1/math.Ln2), x, n)
	VROUNDPS(Imm(0), n, n)
	VMOVAPS(x, r)
	VFNMADD231PS(c.float(0.693359375), n, r)
	VFNMADD231PS(c.float(math.Ln2-0.693359375), n, r)
	y, square := c.polynomial(expTail, r), YMM()
	VMULPS(r, r, square)
	VFMADD213PS(r, square, y)
	VADDPS(c.float(1), y, y)
	VCVTPS2DQ(n, n)
	VPSLLD(Imm(23), n, n)
	VPADDD(n, y, y)
	VANDNPS(y, lost, y)
	return y
}

// sigmoid is e/(1+e) or 1/(1+e) for e = e^-|x|, whichever keeps the precision of small results.
func (c *constants) sigmoid(x Register) VecVirtual {
	t, one, above := YMM(), YMM(), YMM()
	VORPS(c.bits(0x80000000), x, t)
	e := c.expNegative(t)
	VMOVUPS(c.float(1), one)
	VADDPS(e, one, above)
	VBLENDVPS(x, e, one, e)
	VDIVPS(above, e, e)
	return e
}
