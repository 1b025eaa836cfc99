package sym

import "math"

// interval is a range of values; negInf and posInf stand for no bound. All arithmetic widens where it overflows.
type interval struct{ lo, hi int64 }

const (
	negInf = math.MinInt64
	posInf = math.MaxInt64
)

func (r interval) add(s interval) interval {
	out := interval{negInf, posInf}
	if r.lo != negInf && s.lo != negInf {
		if v, ok := addOverflow(r.lo, s.lo); ok {
			out.lo = min(v, posInf-1)
		} else if r.lo > 0 {
			out.lo = posInf - 1
		}
	}
	if r.hi != posInf && s.hi != posInf {
		if v, ok := addOverflow(r.hi, s.hi); ok {
			out.hi = max(v, negInf+1)
		} else if r.hi < 0 {
			out.hi = negInf + 1
		}
	}
	return out
}

// mulInf multiplies with 0 * infinity = 0 and saturates to the infinities.
func mulInf(a, b int64) int64 {
	if a == 0 || b == 0 {
		return 0
	}
	if a != negInf && a != posInf && b != negInf && b != posInf {
		if v, ok := mulOverflow(a, b); ok {
			return v
		}
	}
	if (a < 0) == (b < 0) {
		return posInf
	}
	return negInf
}

func (r interval) mul(s interval) interval {
	a, b, c, d := mulInf(r.lo, s.lo), mulInf(r.lo, s.hi), mulInf(r.hi, s.lo), mulInf(r.hi, s.hi)
	return interval{min(a, b, c, d, posInf-1), max(a, b, c, d, negInf+1)}
}

// div divides by k > 0 with a division that is monotone.
func (r interval) div(k int64, by func(n, k int64) int64) interval {
	if r.lo != negInf {
		r.lo = by(r.lo, k)
	}
	if r.hi != posInf {
		r.hi = by(r.hi, k)
	}
	return r
}

func truncDiv(n, k int64) int64 { return n / k }

// linear returns the atom of a term coef·atom, or nil.
func (t term) linear(coef int64) *atom {
	if t.coef == coef && len(t.factors) == 1 {
		return t.factors[0]
	}
	return nil
}

// interval computes the range of e from the ranges of its parts.
func (e Expr) interval() interval {
	if e.Err() != nil {
		return interval{negInf, posInf}
	}
	r := interval{e.k, e.k}
	for _, t := range e.terms() {
		s := interval{t.coef, t.coef}
		for _, a := range t.factors {
			s = s.mul(a.interval())
		}
		r = r.add(s)
	}
	return r
}

func (a *atom) interval() interval {
	switch a.kind {
	case symbolAtom:
		return interval{a.sym.min, posInf}
	case floorAtom:
		return a.args[0].interval().div(a.n, floorDiv)
	case truncAtom:
		return a.args[0].interval().div(a.n, truncDiv)
	}
	r := a.args[0].interval()
	allPositive := r.lo >= 1
	loMax := r.lo
	for _, x := range a.args[1:] {
		s := x.interval()
		allPositive = allPositive && s.lo >= 1
		loMax = max(loMax, s.lo)
		switch a.kind {
		case minAtom:
			r = interval{min(r.lo, s.lo), min(r.hi, s.hi)}
		case maxAtom:
			r = interval{max(r.lo, s.lo), max(r.hi, s.hi)}
		default:
			r = interval{min(r.lo, s.lo), max(r.hi, s.hi)}
		}
	}
	if a.kind == broadcastAtom && allPositive {
		r.lo = loMax
	}
	return r
}

// Bounds returns values that e never leaves, from the minima of the symbols; loOK and hiOK tell whether there is such a bound.
func (e Expr) Bounds() (lo, hi int64, loOK, hiOK bool) {
	r := e.interval()
	for _, t := range e.terms() {
		if s, ok := e.modBounds(t); ok {
			r = interval{max(r.lo, s.lo), min(r.hi, s.hi)}
		}
	}
	return r.lo, r.hi, r.lo != negInf, r.hi != posInf
}

// modBounds bounds e by j*k*floor(x/k) = j*x - j*(x mod k), if t is such a term.
func (e Expr) modBounds(t term) (interval, bool) {
	a := t.linear(t.coef)
	if a == nil || a.kind != floorAtom || t.coef%a.n != 0 {
		return interval{}, false
	}
	j := t.coef / a.n
	rest := e.Sub(build(0, []term{t})).Add(a.args[0].scale(j))
	return rest.interval().add(interval{j, j}.mul(interval{1 - a.n, 0})), rest.Err() == nil
}

// AtLeast tells whether e is provably n or more. False means unknown or less.
func (e Expr) AtLeast(n int64) bool {
	fuel := 32
	return prove(e, n, &fuel)
}

// LE tells whether a <= b is provable from the minima of the symbols.
func LE(a, b Expr) bool { return b.Sub(a).AtLeast(0) }

// LT tells whether a < b is provable from the minima of the symbols.
func LT(a, b Expr) bool { return b.Sub(a).AtLeast(1) }

// prove shows e >= n by intervals, by shifting symbols to their minima, or by one step on a term that a bound can
// replace; fuel limits the steps.
func prove(e Expr, n int64, fuel *int) bool {
	if e.Err() != nil {
		return false
	}
	if lo := e.interval().lo; lo != negInf && lo >= n {
		return true
	}
	if e.p == nil || *fuel <= 0 {
		return false
	}
	*fuel--
	if lo := e.shiftedLow(); lo != negInf && lo >= n {
		return true
	}
	for _, t := range e.p.terms {
		a := t.linear(t.coef)
		if a == nil || a.kind == symbolAtom || a.kind == broadcastAtom || a.kind == truncAtom {
			continue
		}
		rest := e.Sub(build(0, []term{t}))
		if a.kind == floorAtom {
			if proveFloor(rest, t.coef, a, n, fuel) {
				return true
			}
			continue
		}
		// c*max(x, y) is at least both for c > 0, and is one of both in any case.
		any := (a.kind == maxAtom) == (t.coef > 0)
		shown := 0
		for _, x := range a.args {
			if prove(rest.Add(x.scale(t.coef)), n, fuel) {
				shown++
			} else if !any {
				break
			}
		}
		if any && shown > 0 || shown == len(a.args) {
			return true
		}
	}
	return false
}

// proveFloor shows rest + coef*floor(x/k) >= n, that is, k*rest + coef*(x - x mod k) > k*(n-1).
func proveFloor(rest Expr, coef int64, a *atom, n int64, fuel *int) bool {
	low := rest.scale(a.n).Add(a.args[0].scale(coef))
	if coef > 0 {
		low = low.Sub(Const(coef).scale(a.n - 1))
	}
	less, ok := addOverflow(n, -1)
	if !ok {
		return false
	}
	bound, ok := mulOverflow(less, a.n)
	if !ok || bound == math.MaxInt64 {
		return false
	}
	return prove(low, bound+1, fuel)
}

// shiftedLow bounds e from below with each symbol s written as min + s', s' >= 0, so that N*M - N is seen to be 0 or more for M >= 1.
func (e Expr) shiftedLow() int64 {
	var sum Expr
	moved := false
	for _, t := range e.p.terms {
		x := Const(t.coef)
		if len(t.factors) > 8 { // (N+1)^k has many terms
			return negInf
		}
		for _, a := range t.factors {
			y := fromTerm(term{1, []*atom{a}})
			if a.kind == symbolAtom {
				moved = moved || a.sym.min != 0
				y = y.Add(Const(a.sym.min))
			}
			x = x.Mul(y)
		}
		if sum = sum.Add(x); sum.Err() != nil {
			return negInf
		}
	}
	if !moved {
		return negInf
	}
	sum = sum.Add(Const(e.k))
	if sum.Err() != nil {
		return negInf
	}
	r := interval{sum.k, sum.k}
	for _, t := range sum.terms() {
		s := interval{t.coef, t.coef}
		for _, a := range t.factors {
			if a.kind == symbolAtom {
				s = s.mul(interval{0, posInf})
			} else {
				s = s.mul(a.interval())
			}
		}
		r = r.add(s)
	}
	return r.lo
}
