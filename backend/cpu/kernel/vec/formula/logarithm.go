package formula

import "math"

// logarithm is n·ln 2 + ln(1+g) for √½ ≤ 1+g ≤ √2.
func logarithm[R any](u Unit[R], n, g R) R {
	p := Polynomial(u, g, 0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.1666799634695053, 0.14219552278518677,
		-0.1240558922290802, 0.11888162791728973, -0.11675651371479034, 0.0674663856625557)
	u.MulAdd(p, g, F(-0.5))
	p = u.Mul(p, u.Mul(g, g))
	u.AddMul(p, n, F(math.Ln2-0.693359375))
	p = u.Add(p, g)
	u.AddMul(p, n, F(0.693359375))
	return p
}

// Log is ln x.
func Log[R any](u Unit[R]) func(x R) R {
	zero := u.Zero()
	return func(x R) R {
		const sqrtHalf = Word(0x3f3504f3) // the bits of √½
		denormal := u.Compare(Less, x, F(0x1p-126))
		bits := u.SubInt(u.Where(denormal, u.Mul(x, F(0x1p23)), x), sqrtHalf)
		n := u.FloatOfInt(u.ShiftRight(bits, 23))
		n = u.Add(n, u.Where(denormal, F(-23), zero))
		g := u.Sub(u.AddInt(u.And(bits, Word(1<<23-1)), sqrtHalf), F(1))
		y := logarithm(u, n, g)
		y = u.Where(u.Compare(Less, x, F(math.Inf(1))), y, x)
		y = u.Where(u.Compare(Less, x, zero), F(math.NaN()), y)
		return u.Where(u.Compare(Equal, x, zero), F(math.Inf(-1)), y)
	}
}
