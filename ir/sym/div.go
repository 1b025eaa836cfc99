package sym

import (
	"fmt"
	"math"
	"slices"
)

func floorDiv(a, k int64) int64 {
	q := a / k
	if a%k < 0 {
		q--
	}
	return q
}

// FloorDiv returns floor(e / k) for a constant k > 0.
func (e Expr) FloorDiv(k int64) Expr {
	if k <= 0 {
		return failed(fmt.Errorf("division of %v by %d", e, k))
	}
	if e.Err() != nil || k == 1 {
		return e
	}
	if e.p == nil {
		return Const(floorDiv(e.k, k))
	}
	var whole, rest []term // e = k·whole + rest
	for _, t := range e.p.terms {
		q, r := floorDiv(t.coef, k), t.coef-floorDiv(t.coef, k)*k
		if q != 0 {
			whole = append(whole, term{q, t.factors})
		}
		if r != 0 {
			rest = append(rest, term{r, t.factors})
		}
	}
	q := floorDiv(e.k, k)
	out, in := build(q, whole), build(e.k-q*k, rest)
	if in.p == nil {
		return out
	}
	if g := in.content(k); g > 1 { // floor((g·x + c) / (g·k)) = floor((x + floor(c/g)) / k)
		for i := range rest {
			rest[i].coef /= g
		}
		k /= g
		in = build(in.k/g, rest)
		if k == 1 {
			return out.Add(in)
		}
	}
	if lo, hi, okLo, okHi := in.Bounds(); okLo && okHi && floorDiv(lo, k) == floorDiv(hi, k) {
		return out.Add(Const(floorDiv(lo, k)))
	}
	// floor((floor(x/a) + y) / k) = floor((x + a·y) / (a·k))
	for _, t := range rest {
		a := t.linear(1)
		if a == nil || a.kind != floorAtom {
			continue
		}
		n, ok := mulOverflow(a.n, k)
		if x := a.args[0].Add(in.Sub(fromTerm(t)).scale(a.n)); ok && x.Err() == nil {
			return out.Add(x.FloorDiv(n))
		}
	}
	return out.Add(newAtom(&atom{kind: floorAtom, args: []Expr{in}, n: k}))
}

// content returns the greatest common divisor of n > 0 and the coefficients without the constant.
func (e Expr) content(n int64) int64 {
	for _, t := range e.terms() {
		n = gcd(n, t.coef)
	}
	return n
}

// gcd is the greatest common divisor of n > 0 and any m.
func gcd(n, m int64) int64 {
	for r := m % n; r != 0; {
		n, r = max(r, -r), n%r
	}
	return n
}

// CeilDiv returns ceil(e / k) for a constant k > 0.
func (e Expr) CeilDiv(k int64) Expr { return e.Add(Const(k - 1)).FloorDiv(k) }

// Mod returns e − k·floor(e / k), which lies in [0, k).
func (e Expr) Mod(k int64) Expr { return e.Sub(e.FloorDiv(k).scale(k)) }

// TruncDiv returns e / k rounded toward zero, as ONNX divides integers, for a constant k ≠ 0.
func (e Expr) TruncDiv(k int64) Expr {
	switch {
	case k == 0 || k == math.MinInt64:
		return failed(fmt.Errorf("division of %v by %d", e, k))
	case e.Err() != nil:
		return e
	case k < 0:
		return e.TruncDiv(-k).Neg()
	case e.p == nil:
		return Const(e.k / k)
	case e.AtLeast(0):
		return e.FloorDiv(k)
	case e.Neg().AtLeast(0):
		return e.Neg().FloorDiv(k).Neg()
	}
	if k == 1 {
		return e
	}
	if e.p.terms[0].coef < 0 {
		if n := e.Neg(); n.Err() == nil {
			return n.TruncDiv(k).Neg()
		}
	}
	if g := gcd(e.content(k), e.k); g > 1 {
		q, _ := DivExact(e, Const(g))
		return q.TruncDiv(k / g)
	}
	if a, ok := e.isAtom(); ok && a.kind == truncAtom {
		if n, ok := mulOverflow(a.n, k); ok {
			return a.args[0].TruncDiv(n)
		}
	}
	return newAtom(&atom{kind: truncAtom, args: []Expr{e}, n: k})
}

func newAtom(a *atom) Expr {
	a.key = a.text()
	if len(a.key) > maxText {
		return failed(ErrTooLarge)
	}
	return fromTerm(term{1, []*atom{a}})
}

// DivExact divides polynomials; it reports false if the division leaves a remainder or den is 0.
func DivExact(num, den Expr) (Expr, bool) {
	if num.Err() != nil || den.Err() != nil {
		return Expr{}, false
	}
	if den.p == nil && den.k == 0 {
		return Expr{}, false
	}
	lead := func(e Expr) term {
		if e.p != nil {
			return e.p.terms[0]
		}
		return term{coef: e.k}
	}
	d := lead(den)
	var quotient Expr
	for steps := 0; ; steps++ {
		if n, ok := num.IsConst(); ok && n == 0 {
			return quotient, true
		}
		n := lead(num)
		rest, ok := divFactors(n.factors, d.factors)
		if !ok || n.coef%d.coef != 0 || steps > maxTerms {
			return Expr{}, false
		}
		q := Const(n.coef / d.coef)
		if len(rest) > 0 {
			q = fromTerm(term{n.coef / d.coef, rest})
		}
		quotient = quotient.Add(q)
		num = num.Sub(q.Mul(den))
		if num.Err() != nil || quotient.Err() != nil {
			return Expr{}, false
		}
	}
}

// divFactors removes the factors b from a.
func divFactors(a, b []*atom) ([]*atom, bool) {
	rest := slices.Clone(a)
	for _, f := range b {
		i := slices.IndexFunc(rest, func(x *atom) bool { return x.key == f.key })
		if i < 0 {
			return nil, false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return rest, true
}
