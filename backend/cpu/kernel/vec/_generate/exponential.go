package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

const roundMagic = 3 << 22 // x+roundMagic-roundMagic rounds x to an integer

// power is eˣ as mantissa·2ⁿ.
type power struct {
	u        *unit
	mantissa VecVirtual
	n        VecVirtual // a float
	shifted  VecVirtual // n+roundMagic, whose low bits are the integer n
	r, y     VecVirtual // ln of the mantissa, and the mantissa less 1 before it was rounded
}

// power divides x by ln 2. Its absolute value must be below 2²⁰, and n fit what is done with it; low, a part of the exponent that x cannot
// hold, may be nil.
func (u *unit) power(x Register, low Register) power {
	shifted := u.hold(f(roundMagic))
	u.addMul(shifted, x, f(math.Log2E))
	n := u.sub(shifted, f(roundMagic))
	r := u.hold(x)
	u.subMul(r, n, f(0.693359375))
	u.subMul(r, n, f(math.Ln2-0.693359375))
	if low != nil {
		r = u.add(r, low)
	}
	// (eʳ-1-r)/r² for |r| ≤ ln(2)/2
	y := u.polynomial(r, 0.5, 0.16666516661643982, 0.04166620224714279, 0.008369073271751404, 0.0013950809370726347)
	u.mulAdd(y, u.mul(r, r), r)
	return power{u, u.add(y, f(1)), n, shifted, r, y}
}

// lost is the share of the mantissa that rounding took: eˣ is nearer to mantissa·(1+lost)·2ⁿ.
func (p power) lost() VecVirtual {
	u := p.u
	rest := u.sub(p.y, u.sub(p.mantissa, f(1)))
	share := u.hold(rest)
	u.subMul(share, rest, p.r) // rest·e⁻ʳ, to some hundredths of it
	return share
}

// times is v·2ⁿ for -252 < n < 254, rounded once if it is denormal.
func (p power) times(v Register) VecVirtual {
	u := p.u
	if u.wide {
		y := u.new()
		VSCALEFPS(p.n, v, y)
		return y
	}
	n := u.subInt(p.shifted, f(roundMagic))
	half := u.shiftRight(n, 1)
	factor := func(n Register) Register { return u.shiftLeft(u.addInt(n, word(127)), 23) }
	return u.mul(u.mul(v, factor(half)), factor(u.subInt(n, half)))
}

// normal is eˣ for -127 < n < 128.
func (p power) normal() VecVirtual { return p.u.addInt(p.mantissa, p.u.shiftLeft(p.shifted, 23)) }

// clamp keeps an argument of the exponential where power works, and NaN.
func (u *unit) clamp() func(x Register) VecVirtual {
	low, high := u.hold(f(-104)), u.hold(f(89))
	return func(x Register) VecVirtual { return u.least(u.most(x, low), high) }
}

// decay prepares e^-|x| from x, less low (see power) where it is positive. The power serves to scale with it.
func (u *unit) decay() func(x, low Register) (power, VecVirtual) {
	least := u.hold(f(-104))
	return func(x, low Register) (power, VecVirtual) {
		p := u.power(u.most(u.or(x, word(1<<31)), least), low)
		return p, p.times(p.mantissa)
	}
}

// gate prepares x·sigmoid(y). For negative y it is x·eʸ/(1+eʸ); the product is right where eʸ is denormal. Low, which may be nil, is added to
// negative y.
func (u *unit) gate() func(x, y, low Register) VecVirtual {
	decay := u.decay()
	return func(x, y, low Register) VecVirtual {
		p, e := decay(y, low)
		negative := u.negative(y)
		small := p.times(u.mul(x, p.mantissa))
		small = u.where(u.compare(less, y, f(-104)), u.mul(x, u.zero()), small)
		return u.div(u.where(negative, small, x), u.add(e, f(1)))
	}
}

func exponential(u *unit) {
	u.unary("exp", "", "eˣ of x[i]", 1, func() func(x Register) VecVirtual {
		clamp := u.clamp()
		return func(x Register) VecVirtual {
			p := u.power(clamp(x), nil)
			return p.times(p.mantissa)
		}
	})
	u.unary("sigmoid", "", "1/(1+e⁻ˣ) of x[i]", 1, func() func(x Register) VecVirtual {
		decay := u.decay()
		return func(x Register) VecVirtual {
			p, e := decay(x, nil)
			negative := u.negative(x)
			d := u.add(e, f(1))
			y := u.div(u.where(negative, e, u.hold(f(1))), d)
			rest := u.sub(e, u.sub(d, f(1))) // d+rest is 1+e
			u.subMul(rest, rest, u.mul(e, f(0.5)))
			u.addMul(y, y, u.where(negative, u.sub(p.lost(), rest), u.zero()))
			return y
		}
	})
	u.unary("silu", ", a float32", "x[i]·sigmoid(a·x[i])", 1, func() func(x Register) VecVirtual {
		gate, a := u.gate(), u.param("a")
		return func(x Register) VecVirtual { return gate(x, u.mul(x, a), nil) }
	})
	u.unary("geluTanh", "", "x[i]·sigmoid(√(8/π)·(x[i]+0.044715·x[i]³))", 1, func() func(x Register) VecVirtual {
		gate, low, high := u.gate(), u.hold(f(-12)), u.hold(f(12))
		return func(v Register) VecVirtual {
			x := u.least(u.most(v, low), high) // further out the sigmoid is 0 or 1
			const (
				s  = 1.5957691216057308 // √(8/π)
				t  = s * 0.044715
				s0 = 1.5957691669464111 // s as float32
				t0 = 0.07135481387376785
			)
			square := u.mul(x, x)
			g := u.polynomial(square, s0, t0)
			y := u.mul(x, g)
			// What rounding took from x·(s+t·x²), but for that of g.
			lost := u.hold(x)
			u.mulSub(lost, x, square)
			rest := u.polynomial(square, s-s0, t-t0)
			u.addMul(rest, lost, f(t0))
			short := u.hold(x)
			u.mulSub(short, g, y)
			u.addMul(short, x, rest)
			return gate(v, y, short)
		}
	})
	u.unary("tanh", "", "tanh x[i]", 1, func() func(x Register) VecVirtual {
		high := u.hold(f(20))
		return func(x Register) VecVirtual {
			t := u.abs(x)
			e := u.power(u.least(u.add(t, t), high), nil).normal()
			far := u.add(e, f(1))
			far = u.div(u.hold(f(2)), far)
			far = u.sub(u.hold(f(1)), far)
			z := u.mul(x, x)
			near := u.mul(z, u.polynomial(z, -0.3333333134651184, 0.13333195447921753, -0.053945254534482956, 0.021691903471946716,
				-0.008154511451721191, 0.0021211050916463137))
			u.mulAdd(near, t, t)
			return u.or(u.where(u.compare(belowOrNaN, t, f(0.625)), near, far), u.and(x, word(1<<31)))
		}
	})
	u.unary("softplus", "", "ln(1+eˣ) of x[i]", 1, func() func(x Register) VecVirtual {
		decay, zero := u.decay(), u.zero()
		return func(x Register) VecVirtual {
			_, e := decay(x, nil)
			// 1+e is 2ⁿ·(1+g)
			large := u.compare(greater, e, f(math.Sqrt2-1))
			g := u.where(large, u.mul(u.sub(e, f(1)), f(0.5)), e)
			n := u.where(large, f(1), zero)
			return u.add(u.logarithm(n, g), u.most(x, zero))
		}
	})
}
