package formula

import "math"

// RoundMagic rounds: x+RoundMagic-RoundMagic is the integer next to x.
const RoundMagic = 3 << 22

// Exponential is eˣ as Mantissa·2ⁿ.
type Exponential[R any] struct {
	u        Unit[R]
	Mantissa R
	n        R // a float
	shifted  R // n+RoundMagic, whose low bits are the integer n
	r, y     R // ln of the mantissa, and the mantissa less 1 before it was rounded
}

// Power divides x by ln 2. Its absolute value must be below 2²⁰, and n fit what is done with it; low, a part of the exponent that x cannot
// hold, may be nil.
func Power[R any](u Unit[R], x R, low any) Exponential[R] {
	shifted := u.Hold(F(RoundMagic))
	u.AddMul(shifted, x, F(math.Log2E))
	n := u.Sub(shifted, F(RoundMagic))
	r := u.Hold(x)
	u.SubMul(r, n, F(0.693359375))
	u.SubMul(r, n, F(math.Ln2-0.693359375))
	if low != nil {
		r = u.Add(r, low)
	}
	// (eʳ-1-r)/r² for |r| ≤ ln(2)/2
	y := Polynomial(u, r, 0.5, 0.16666516661643982, 0.04166620224714279, 0.008369073271751404, 0.0013950809370726347)
	u.MulAdd(y, u.Mul(r, r), r)
	return Exponential[R]{u, u.Add(y, F(1)), n, shifted, r, y}
}

// lost is the share of the mantissa that rounding took: eˣ is nearer to Mantissa·(1+lost)·2ⁿ.
func (p Exponential[R]) lost() R {
	u := p.u
	rest := u.Sub(p.y, u.Sub(p.Mantissa, F(1)))
	share := u.Hold(rest)
	u.SubMul(share, rest, p.r) // rest·e⁻ʳ, to some hundredths of it
	return share
}

// Times is v·2ⁿ for -252 < n < 254, rounded once if it is denormal.
func (p Exponential[R]) Times(v R) R { return p.u.Scale(v, p.n, p.shifted) }

// normal is eˣ for -127 < n < 128.
func (p Exponential[R]) normal() R { return p.u.AddInt(p.Mantissa, p.u.ShiftLeft(p.shifted, 23)) }

// Scale is v·2ⁿ by integer arithmetic, for units without an instruction that does it: shifted is n+[RoundMagic].
func Scale[R any](u Unit[R], v, shifted R) R {
	n := u.SubInt(shifted, F(RoundMagic))
	half := u.ShiftRight(n, 1)
	factor := func(n R) R { return u.ShiftLeft(u.AddInt(n, Word(127)), 23) }
	return u.Mul(u.Mul(v, factor(half)), factor(u.SubInt(n, half)))
}

// clamp keeps an argument of the exponential where Power works, and NaN.
func clamp[R any](u Unit[R]) func(x R) R {
	low, high := u.Hold(F(-104)), u.Hold(F(89))
	return func(x R) R { return u.Least(u.Most(x, low), high) }
}

// decay prepares e^-|x| from x, less low (see Power) where it is positive. The power serves to scale with it.
func decay[R any](u Unit[R]) func(x R, low any) (Exponential[R], R) {
	least := u.Hold(F(-104))
	return func(x R, low any) (Exponential[R], R) {
		p := Power(u, u.Most(u.Or(x, Word(1<<31)), least), low)
		return p, p.Times(p.Mantissa)
	}
}

// gate prepares x·sigmoid(y). For negative y it is x·eʸ/(1+eʸ); the product is right where eʸ is denormal. Low, which may be nil, is added to
// negative y.
func gate[R any](u Unit[R]) func(x, y R, low any) R {
	decay := decay(u)
	return func(x, y R, low any) R {
		p, e := decay(y, low)
		negative := u.Negative(y)
		small := p.Times(u.Mul(x, p.Mantissa))
		small = u.Where(u.Compare(Less, y, F(-104)), u.Mul(x, u.Zero()), small)
		return u.Div(u.Where(negative, small, x), u.Add(e, F(1)))
	}
}

// Exp is eˣ.
func Exp[R any](u Unit[R]) func(x R) R {
	clamp := clamp(u)
	return func(x R) R {
		p := Power(u, clamp(x), nil)
		return p.Times(p.Mantissa)
	}
}

// Sigmoid is 1/(1+e⁻ˣ).
func Sigmoid[R any](u Unit[R]) func(x R) R {
	decay := decay(u)
	return func(x R) R {
		p, e := decay(x, nil)
		negative := u.Negative(x)
		d := u.Add(e, F(1))
		y := u.Div(u.Where(negative, e, u.Hold(F(1))), d)
		rest := u.Sub(e, u.Sub(d, F(1))) // d+rest is 1+e
		u.SubMul(rest, rest, u.Mul(e, F(0.5)))
		u.AddMul(y, y, u.Where(negative, u.Sub(p.lost(), rest), u.Zero()))
		return y
	}
}

// Silu is x·sigmoid(a·x).
func Silu[R any](u Unit[R], a any) func(x R) R {
	gate := gate(u)
	return func(x R) R { return gate(x, u.Mul(x, a), nil) }
}

// GeluTanh is x·sigmoid(√(8/π)·(x+0.044715·x³)).
func GeluTanh[R any](u Unit[R]) func(x R) R {
	gate, low, high := gate(u), u.Hold(F(-12)), u.Hold(F(12))
	return func(v R) R {
		x := u.Least(u.Most(v, low), high) // further out the sigmoid is 0 or 1
		const (
			s  = 1.5957691216057308 // √(8/π)
			t  = s * 0.044715
			s0 = 1.5957691669464111 // s as float32
			t0 = 0.07135481387376785
		)
		square := u.Mul(x, x)
		g := Polynomial(u, square, s0, t0)
		y := u.Mul(x, g)
		// What rounding took from x·(s+t·x²), but for that of g.
		lost := u.Hold(x)
		u.MulSub(lost, x, square)
		rest := Polynomial(u, square, s-s0, t-t0)
		u.AddMul(rest, lost, F(t0))
		short := u.Hold(x)
		u.MulSub(short, g, y)
		u.AddMul(short, x, rest)
		return gate(v, y, short)
	}
}

// Tanh is tanh x.
func Tanh[R any](u Unit[R]) func(x R) R {
	high := u.Hold(F(20))
	return func(x R) R {
		t := Abs(u, x)
		e := Power(u, u.Least(u.Add(t, t), high), nil).normal()
		far := u.Add(e, F(1))
		far = u.Div(u.Hold(F(2)), far)
		far = u.Sub(u.Hold(F(1)), far)
		z := u.Mul(x, x)
		near := u.Mul(z, Polynomial(u, z, -0.3333333134651184, 0.13333195447921753, -0.053945254534482956, 0.021691903471946716,
			-0.008154511451721191, 0.0021211050916463137))
		u.MulAdd(near, t, t)
		return u.Or(u.Where(u.Compare(BelowOrNaN, t, F(0.625)), near, far), u.And(x, Word(1<<31)))
	}
}

// Softplus is ln(1+eˣ).
func Softplus[R any](u Unit[R]) func(x R) R {
	decay, zero := decay(u), u.Zero()
	return func(x R) R {
		_, e := decay(x, nil)
		// 1+e is 2ⁿ·(1+g)
		large := u.Compare(Greater, e, F(math.Sqrt2-1))
		g := u.Where(large, u.Mul(u.Sub(e, F(1)), F(0.5)), e)
		n := u.Where(large, F(1), zero)
		return u.Add(logarithm(u, n, g), u.Most(x, zero))
	}
}
