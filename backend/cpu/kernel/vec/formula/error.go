package formula

// Erf is erf x.
func Erf[R any](u Unit[R]) func(x R) R {
	high := u.Hold(F(4.05))
	return func(x R) R {
		t := Abs(u, x)
		// ln(erfc(t))
		far := u.Least(t, high)
		far = Polynomial(u, far, 0.0001913072046590969, -1.1295948028564453, -0.633184552192688, -0.10846133530139923, 0.02523997239768505,
			-0.0042193313129246235, 0.0004455518792383373, -2.2360920411301777e-05, 4.622495097805768e-08)
		far = Power(u, far, nil).normal()
		far = u.Sub(u.Hold(F(1)), far)
		near := Polynomial(u, u.Mul(x, x), 0.12837916612625122, -0.3761262595653534, 0.11283591389656067, -0.02685401402413845,
			0.005188613198697567, -0.0008011841564439237, 7.85647498560138e-05)
		u.MulAdd(near, t, t)
		return u.Or(u.Where(u.Compare(BelowOrNaN, t, F(1)), near, far), u.And(x, Word(1<<31)))
	}
}

// Gelu is x·Φ(x).
func Gelu[R any](u Unit[R]) func(x R) R {
	high := u.Hold(F(15))
	return func(x R) R {
		t := u.Least(Abs(u, x), high)
		// Φ(-t) is the normal density times Mills' ratio, a polynomial in q = 1/(1+0.35·t).
		one := u.Hold(F(1))
		d := u.Hold(one)
		u.AddMul(d, t, F(0.35))
		q := u.Div(one, d)
		// Results that are products keep what rounding took from each factor.
		ratio := Polynomial(u, q, 0.13962125778198242, 0.13986432552337646, 0.11981556564569473, 0.10557453334331512, -0.02326316572725773,
			0.15939189493656158, -0.25590094923973083, 0.14406034350395203, -0.029163828119635582)
		p := u.Mul(q, ratio)
		u.MulSub(ratio, q, p) // the product is p+ratio
		// The share of q that rounding took, which counts about 1.5 times in p
		lost := u.Sub(one, d)
		u.AddMul(lost, t, F(0.35))
		share := u.Hold(one)
		u.SubMul(share, d, q)
		u.SubMul(share, lost, q)
		u.AddMul(ratio, p, u.Mul(share, F(1.5)))
		square := u.Mul(t, t)
		low := u.Hold(t)
		u.MulSub(low, t, square) // t² is square+low
		exponent := u.Mul(square, F(-0.5))
		power := Power(u, exponent, u.Mul(low, F(-0.5)))
		e := u.ZeroWhere(u.Compare(Less, exponent, F(-87)), power.normal())
		upper := u.Mul(x, u.Sub(one, u.Mul(u.Add(p, ratio), e)))
		lower := u.Mul(x, p)
		rest := u.Hold(x)
		u.MulSub(rest, p, lower) // x·p is lower+rest
		u.AddMul(rest, x, ratio)
		u.AddMul(rest, lower, power.lost())
		rest = u.Mul(rest, e)
		u.MulAdd(lower, e, rest)
		far := u.Where(u.Negative(x), lower, upper)
		// Φ(x)-½ near 0, where the error of q is large beside the result's
		near := u.Mul(x, Polynomial(u, u.Mul(x, x), 0.3989422804014327, -0.06649038006690545, 0.009973557010035818, -0.0011873282154804545,
			0.00011543468761615529))
		near = u.Mul(x, u.Add(near, F(0.5)))
		return u.Where(u.Compare(Less, t, F(0.5)), near, far)
	}
}

// GeluRough is x·Φ(x) in fewer steps.
func GeluRough[R any](u Unit[R]) func(x R) R {
	one := u.Hold(F(1))
	return func(x R) R {
		t := Abs(u, x)
		// ln(erfc(t/√2))/t for 0 ≤ t ≤ 6; beyond, it falls as the function does
		g := Polynomial(u, t, -0.7978853583335876, -0.31830257177352905, -0.03636106103658676, 0.004826003685593605, -3.202103016519686e-06,
			-0.00019518888439051807, 5.423904076451436e-05, -7.957729394547641e-06, 6.408361628018611e-07, -2.2194251769747098e-08)
		g = u.Mul(g, t)
		lost := u.Compare(Less, g, F(-87))
		lower := u.ZeroWhere(lost, u.Mul(Power(u, g, nil).normal(), F(0.5))) // Φ(-t)
		return u.Mul(x, u.Where(u.Negative(x), lower, u.Sub(one, lower)))
	}
}
