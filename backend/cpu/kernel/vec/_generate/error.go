package main

import (
	. "github.com/mmcloughlin/avo/reg"
)

func errorFunction(u *unit) {
	u.unary("erf", "", "erf x[i]", 1, func() func(x Register) VecVirtual {
		high := u.hold(f(4.05))
		return func(x Register) VecVirtual {
			t := u.abs(x)
			// ln(erfc(t))
			far := u.least(t, high)
			far = u.polynomial(far, 0.0001913072046590969, -1.1295948028564453, -0.633184552192688, -0.10846133530139923, 0.02523997239768505,
				-0.0042193313129246235, 0.0004455518792383373, -2.2360920411301777e-05, 4.622495097805768e-08)
			far = u.power(far, nil).normal()
			far = u.sub(u.hold(f(1)), far)
			near := u.polynomial(u.mul(x, x), 0.12837916612625122, -0.3761262595653534, 0.11283591389656067, -0.02685401402413845,
				0.005188613198697567, -0.0008011841564439237, 7.85647498560138e-05)
			u.mulAdd(near, t, t)
			return u.or(u.where(u.compare(belowOrNaN, t, f(1)), near, far), u.and(x, word(1<<31)))
		}
	})
	u.unary("gelu", "", "x[i]·Φ(x[i])", 1, func() func(x Register) VecVirtual {
		high := u.hold(f(15))
		return func(x Register) VecVirtual {
			t := u.least(u.abs(x), high)
			// Φ(-t) is the normal density times Mills' ratio, a polynomial in q = 1/(1+0.35·t).
			one := u.hold(f(1))
			d := u.hold(one)
			u.addMul(d, t, f(0.35))
			q := u.div(one, d)
			// Results that are products keep what rounding took from each factor.
			ratio := u.polynomial(q, 0.13962125778198242, 0.13986432552337646, 0.11981556564569473, 0.10557453334331512, -0.02326316572725773,
				0.15939189493656158, -0.25590094923973083, 0.14406034350395203, -0.029163828119635582)
			p := u.mul(q, ratio)
			u.mulSub(ratio, q, p) // the product is p+ratio
			// The share of q that rounding took, which counts about 1.5 times in p
			lost := u.sub(one, d)
			u.addMul(lost, t, f(0.35))
			share := u.hold(one)
			u.subMul(share, d, q)
			u.subMul(share, lost, q)
			u.addMul(ratio, p, u.mul(share, f(1.5)))
			square := u.mul(t, t)
			low := u.hold(t)
			u.mulSub(low, t, square) // t² is square+low
			exponent := u.mul(square, f(-0.5))
			power := u.power(exponent, u.mul(low, f(-0.5)))
			e := u.zeroWhere(u.compare(less, exponent, f(-87)), power.normal())
			upper := u.mul(x, u.sub(one, u.mul(u.add(p, ratio), e)))
			lower := u.mul(x, p)
			rest := u.hold(x)
			u.mulSub(rest, p, lower) // x·p is lower+rest
			u.addMul(rest, x, ratio)
			u.addMul(rest, lower, power.lost())
			rest = u.mul(rest, e)
			u.mulAdd(lower, e, rest)
			far := u.where(u.negative(x), lower, upper)
			// Φ(x)-½ near 0, where the error of q is large beside the result's
			near := u.mul(x, u.polynomial(u.mul(x, x), 0.3989422804014327, -0.06649038006690545, 0.009973557010035818, -0.0011873282154804545,
				0.00011543468761615529))
			near = u.mul(x, u.add(near, f(0.5)))
			return u.where(u.compare(less, t, f(0.5)), near, far)
		}
	})
	u.unary("geluRough", "", "x[i]·Φ(x[i])", 1, func() func(x Register) VecVirtual {
		one := u.hold(f(1))
		return func(x Register) VecVirtual {
			t := u.abs(x)
			// ln(erfc(t/√2))/t for 0 ≤ t ≤ 6; beyond, it falls as the function does
			g := u.polynomial(t, -0.7978853583335876, -0.31830257177352905, -0.03636106103658676, 0.004826003685593605, -3.202103016519686e-06,
				-0.00019518888439051807, 5.423904076451436e-05, -7.957729394547641e-06, 6.408361628018611e-07, -2.2194251769747098e-08)
			g = u.mul(g, t)
			lost := u.compare(less, g, f(-87))
			lower := u.zeroWhere(lost, u.mul(u.power(g, nil).normal(), f(0.5))) // Φ(-t)
			return u.mul(x, u.where(u.negative(x), lower, u.sub(one, lower)))
		}
	})
}
