package sym

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Bounds returns what is known of the smallest and largest value of e, given the minima of its symbols.
func (e Expr) Bounds() (lo, hi int64, loOK, hiOK bool) {
	if e.Err() != nil {
		return
	}
	lo, hi, loOK, hiOK = e.k, e.k, true, true
	for _, t := range e.terms() {
		l, h, lk, hk := int64(1), int64(1), true, true
		for _, a := range t.factors {
			al, ah, alk, ahk := a.bounds()
			if !alk || al < 0 { // products are followed for factors that are not negative only
				return 0, 0, false, false
			}
			l, lk = mulKnown(l, al, lk)
			h, hk = mulKnown(h, ah, hk && ahk)
		}
		if t.coef < 0 {
			l, h, lk, hk = h, l, hk, lk
		}
		l, lk = mulKnown(l, t.coef, lk)
		h, hk = mulKnown(h, t.coef, hk)
		lo, loOK = addKnown(lo, l, loOK && lk)
		hi, hiOK = addKnown(hi, h, hiOK && hk)
	}
	return lo, hi, loOK, hiOK
}

func mulKnown(a, b int64, ok bool) (int64, bool) {
	n, fits := mulOverflow(a, b)
	return n, ok && fits
}

func addKnown(a, b int64, ok bool) (int64, bool) {
	n, fits := addOverflow(a, b)
	return n, ok && fits
}

func (a *atom) bounds() (lo, hi int64, loOK, hiOK bool) {
	switch a.kind {
	case symbolAtom:
		return a.sym.min, 0, true, false
	case floorAtom:
		lo, hi, loOK, hiOK = a.args[0].Bounds()
		return floorDiv(lo, a.n), floorDiv(hi, a.n), loOK, hiOK
	case truncAtom:
		lo, hi, loOK, hiOK = a.args[0].Bounds()
		return lo / a.n, hi / a.n, loOK, hiOK
	}
	lo, hi, loOK, hiOK = a.args[0].Bounds()
	for _, x := range a.args[1:] {
		l, h, lk, hk := x.Bounds()
		if a.kind == minAtom {
			lo, loOK = min(lo, l), loOK && lk
			switch {
			case hk && hiOK:
				hi = min(hi, h)
			case hk:
				hi, hiOK = h, true
			}
			continue
		}
		// max; and a broadcast is one of its two arguments, at most the larger and at least the smaller
		hi, hiOK = max(hi, h), hiOK && hk
		if a.kind == broadcastAtom {
			lo, loOK = min(lo, l), loOK && lk
			continue
		}
		switch {
		case lk && loOK:
			lo = max(lo, l)
		case lk:
			lo, loOK = l, true
		}
	}
	return lo, hi, loOK, hiOK
}

// AtLeast reports whether e ≥ n for all values of its symbols, as far as that can be proved.
func (e Expr) AtLeast(n int64) bool {
	lo, _, ok, _ := e.Bounds()
	return ok && lo >= n
}

// LE reports whether a ≤ b is provable.
func LE(a, b Expr) bool { return b.Sub(a).AtLeast(0) }

// LT reports whether a < b is provable.
func LT(a, b Expr) bool { return b.Sub(a).AtLeast(1) }

// Min returns the smaller of two expressions.
func Min(a, b Expr) Expr { return extremum(minAtom, a, b) }

// Max returns the larger of two expressions.
func Max(a, b Expr) Expr { return extremum(maxAtom, a, b) }

func extremum(kind atomKind, a, b Expr) Expr {
	if err := errors.Join(a.Err(), b.Err()); err != nil {
		return failed(err)
	}
	var args []Expr
	for _, e := range []Expr{a, b} {
		if x, ok := e.isAtom(); ok && x.kind == kind {
			args = append(args, x.args...)
		} else {
			args = append(args, e)
		}
	}
	if len(args) > maxTerms {
		return failed(ErrTooLarge)
	}
	dominates := func(x, y Expr) bool { // y need not be looked at beside x
		if kind == minAtom {
			return LE(x, y)
		}
		return LE(y, x)
	}
	var keep []Expr
	for i, y := range args {
		needed := true
		for j, x := range args {
			if i != j && dominates(x, y) && (!dominates(y, x) || j < i) {
				needed = false
				break
			}
		}
		if needed {
			keep = append(keep, y)
		}
	}
	if len(keep) == 1 {
		return keep[0]
	}
	slices.SortFunc(keep, func(x, y Expr) int { return strings.Compare(x.String(), y.String()) })
	return newAtom(&atom{kind: kind, args: keep})
}

// Broadcast applies the NumPy rule to one dimension: 1 gives way to the other one, equal ones stay. A symbol against a constant
// other than 1 must turn out to be 1 or that constant, so the result is the constant. Different constants are an error.
func Broadcast(a, b Expr) (Expr, error) {
	if err := errors.Join(a.Err(), b.Err()); err != nil {
		return Expr{}, err
	}
	x, constA := a.IsConst()
	y, constB := b.IsConst()
	switch {
	case a.Equal(b), constB && y == 1:
		return a, nil
	case constA && x == 1:
		return b, nil
	case constA && constB:
		return Expr{}, fmt.Errorf("dimensions %d and %d do not broadcast", x, y)
	case constA:
		return a, nil
	case constB:
		return b, nil
	case a.AtLeast(2) && b.AtLeast(2):
		return a, nil // both must be equal
	}
	for _, p := range [][2]Expr{{a, b}, {b, a}} {
		if t, ok := p[0].isAtom(); ok && t.kind == broadcastAtom && (t.args[0].Equal(p[1]) || t.args[1].Equal(p[1])) {
			return p[0], nil
		}
	}
	args := []Expr{a, b}
	slices.SortFunc(args, func(x, y Expr) int { return strings.Compare(x.String(), y.String()) })
	e := newAtom(&atom{kind: broadcastAtom, args: args})
	return e, e.Err()
}
