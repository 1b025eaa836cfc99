package sym

import (
	"fmt"
	"slices"
	"strings"
)

// Min returns the smaller of two expressions.
func Min(a, b Expr) Expr { return extremum(minAtom, a, b) }

// Max returns the larger of two expressions.
func Max(a, b Expr) Expr { return extremum(maxAtom, a, b) }

func extremum(kind atomKind, a, b Expr) Expr {
	if err := firstErr(a, b); err != nil {
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
	if len(args) > maxArgs {
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

// Broadcast applies the NumPy rule to one dimension: 1 gives way to the other one, equal ones stay. A dimension that is provably
// not 1 wins: the others must turn out to be 1 or the same. Dimensions that can never broadcast are an error.
func Broadcast(a, b Expr) (Expr, error) {
	if err := firstErr(a, b); err != nil {
		return Expr{}, err
	}
	var args []Expr
	for _, e := range []Expr{a, b} {
		if x, ok := e.isAtom(); ok && x.kind == broadcastAtom {
			args = append(args, x.args...)
		} else if c, ok := e.IsConst(); ok && c < 0 {
			return Expr{}, fmt.Errorf("negative dimension %d", c)
		} else if !ok || c != 1 {
			args = append(args, e)
		}
	}
	slices.SortFunc(args, func(x, y Expr) int { return strings.Compare(x.String(), y.String()) })
	args = slices.CompactFunc(args, Expr.Equal)
	args = slices.DeleteFunc(args, func(x Expr) bool { return slices.ContainsFunc(args, func(y Expr) bool { return x.cappedFrom(y) }) })
	switch {
	case len(args) == 0:
		return Const(1), nil
	case len(args) == 1:
		return args[0], nil
	case len(args) > maxArgs:
		return Expr{}, ErrTooLarge
	}
	winner := -1
	for i, x := range args {
		c, isConst := x.IsConst()
		switch {
		case !x.AtLeast(2) && !(isConst && c == 0):
		case winner < 0:
			winner = i
		case LT(x, args[winner]) || LT(args[winner], x):
			return Expr{}, fmt.Errorf("dimensions %v and %v do not broadcast", a, b)
		case isConst:
			winner = i
		}
	}
	if winner >= 0 {
		return args[winner], nil
	}
	e := newAtom(&atom{kind: broadcastAtom, args: args})
	return e, e.Err()
}

// cappedFrom reports whether e broadcasts with y only where it is y, or where y wins because e is 1: e is min(y, …) with other arguments that are
// at least 1, or, since dimensions are not negative, max(y, …) with other arguments that are not positive.
func (e Expr) cappedFrom(y Expr) bool {
	x, ok := e.isAtom()
	if !ok || x.kind != minAtom && x.kind != maxAtom {
		return false
	}
	found := false
	for _, a := range x.args {
		switch {
		case a.Equal(y):
			found = true
		case x.kind == minAtom && !a.AtLeast(1), x.kind == maxAtom && !a.Neg().AtLeast(0):
			return false
		}
	}
	return found
}
