package formula

// Relu is max(x, 0).
func Relu[R any](u Unit[R]) func(x R) R {
	zero := u.Zero()
	return func(x R) R { return u.Most(x, zero) }
}

// LeakyRelu is x, or a·x below 0.
func LeakyRelu[R any](u Unit[R], a any) func(x R) R {
	return func(x R) R { return u.Where(u.Negative(x), u.Mul(x, a), x) }
}

// Sqrt is √x.
func Sqrt[R any](u Unit[R]) func(x R) R { return u.Sqrt }

// Rsqrt is 1/√x.
func Rsqrt[R any](u Unit[R]) func(x R) R {
	one := u.Hold(F(1))
	return func(x R) R { return u.Div(one, u.Sqrt(x)) }
}

// Reciprocal is 1/x.
func Reciprocal[R any](u Unit[R]) func(x R) R {
	one := u.Hold(F(1))
	return func(x R) R { return u.Div(one, x) }
}

// AbsOf is |x|.
func AbsOf[R any](u Unit[R]) func(x R) R { return func(x R) R { return Abs(u, x) } }

// Neg is -x.
func Neg[R any](u Unit[R]) func(x R) R { return func(x R) R { return u.Xor(x, Word(1<<31)) } }

// Square is x².
func Square[R any](u Unit[R]) func(x R) R { return func(x R) R { return u.Mul(x, x) } }

// Floor is the largest integer ≤ x.
func Floor[R any](u Unit[R]) func(x R) R { return func(x R) R { return u.Round(x, Down) } }

// Ceil is the smallest integer ≥ x.
func Ceil[R any](u Unit[R]) func(x R) R { return func(x R) R { return u.Round(x, Up) } }

// Round is the nearest integer, an even one of two.
func Round[R any](u Unit[R]) func(x R) R { return func(x R) R { return u.Round(x, Nearest) } }

// Sign is 1 or -1, or x if that is 0.
func Sign[R any](u Unit[R]) func(x R) R {
	zero := u.Zero()
	return func(x R) R {
		return u.Where(u.Compare(Greater, x, zero), F(1), u.Where(u.Compare(Less, x, zero), F(-1), x))
	}
}

// HardSwish is x·max(0, min(6, x+3))/6.
func HardSwish[R any](u Unit[R]) func(x R) R {
	zero, six := u.Zero(), u.Hold(F(6))
	return func(x R) R {
		return u.Mul(x, u.Mul(u.Least(u.Most(u.Add(x, F(3)), zero), six), F(1.0/6)))
	}
}

// HardSigmoid is max(0, min(1, a·x+b)).
func HardSigmoid[R any](u Unit[R], a R, b any) func(x R) R {
	zero, one := u.Zero(), u.Hold(F(1))
	return func(x R) R { return u.Least(u.Most(affine(u, x, a, b), zero), one) }
}

// Clip is min(max(x, a), b).
func Clip[R any](u Unit[R], a, b R) func(x R) R {
	return func(x R) R { return u.Least(u.Most(x, a), b) }
}

// Affine is a·x+b.
func Affine[R any](u Unit[R], a R, b any) func(x R) R {
	return func(x R) R { return affine(u, x, a, b) }
}

func affine[R any](u Unit[R], x, a R, b any) R {
	y := u.Hold(x)
	u.MulAdd(y, a, b)
	return y
}

// Min is the smaller of x and y, NaN if either is.
func Min[R any](u Unit[R], x, y R) R { return both(u, u.Least, x, y) }

// Max is the larger of x and y, NaN if either is.
func Max[R any](u Unit[R], x, y R) R { return both(u, u.Most, x, y) }

// both is g in both orders: either gives NaN for one of the operands, and bits of equal numbers are equal.
func both[R any](u Unit[R], g func(x, limit R) R, x, y R) R { return u.Or(g(x, y), g(y, x)) }
