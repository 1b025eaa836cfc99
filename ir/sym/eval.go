package sym

import (
	"fmt"
)

// UnboundError says that an expression cannot be evaluated because a symbol has no value.
type UnboundError struct{ Symbol *Symbol }

// Error names the symbol.
func (e *UnboundError) Error() string {
	return fmt.Sprintf("dimension %q has no value", e.Symbol.name)
}

// Eval computes e. An unbound symbol is an *UnboundError; overflow is an error.
func (e Expr) Eval(b Binding) (int64, error) {
	if e.p == nil {
		return e.k, nil
	}
	if e.p.err != nil {
		return 0, e.p.err
	}
	sum := e.k
	for i := range e.p.terms {
		t := &e.p.terms[i]
		p := t.coef
		for _, a := range t.factors {
			n, err := a.eval(b)
			if err != nil {
				return 0, err
			}
			var ok bool
			if p, ok = mulOverflow(p, n); !ok {
				return 0, ErrOverflow
			}
		}
		var ok bool
		if sum, ok = addOverflow(sum, p); !ok && p != 0 {
			return 0, ErrOverflow
		}
	}
	return sum, nil
}

func (a *atom) eval(b Binding) (int64, error) {
	if a.kind == symbolAtom {
		if n, ok := b.get(a.sym); ok {
			return n, nil
		}
		return 0, &UnboundError{a.sym}
	}
	x, err := a.args[0].Eval(b)
	if err != nil {
		return 0, err
	}
	switch a.kind {
	case floorAtom:
		return floorDiv(x, a.n), nil
	case truncAtom:
		return x / a.n, nil
	}
	for _, arg := range a.args[1:] {
		y, err := arg.Eval(b)
		if err != nil {
			return 0, err
		}
		switch a.kind {
		case minAtom:
			x = min(x, y)
		case maxAtom:
			x = max(x, y)
		case broadcastAtom:
			switch {
			case x == 1:
				x = y
			case y != 1 && x != y:
				return 0, fmt.Errorf("dimensions %v = %d and %v = %d do not broadcast", a.args[0], x, arg, y)
			}
		}
	}
	return x, nil
}

// MismatchError says that an actual dimension is not what its expression allows.
type MismatchError struct {
	Dim  int  // which axis
	Expr Expr // what it should be
	Want int64
	Got  int64
}

// Error names the axis, the expression and both values.
func (e *MismatchError) Error() string {
	if _, ok := e.Expr.IsConst(); ok {
		return fmt.Sprintf("dimension %d must be %d, got %d", e.Dim, e.Want, e.Got)
	}
	return fmt.Sprintf("dimension %d must be %v = %d, got %d", e.Dim, e.Expr, e.Want, e.Got)
}

// Bind unifies symbolic dimensions with an actual shape of the same rank: it gives values to symbols that can be solved for
// (in expressions that are linear in one unbound symbol) and checks every dimension whose symbols are then all bound.
func Bind(b Binding, dims []Expr, actual []int) error {
	for pending, progress := true, true; pending && progress; {
		pending, progress = false, false
		for i, d := range dims {
			y, known := d.unbound(b)
			switch {
			case known:
			case y == nil:
				pending = true
			default:
				if err := d.solve(b, y, i, int64(actual[i])); err != nil {
					return err
				}
				progress = true
			}
		}
	}
	for i, d := range dims {
		if _, known := d.unbound(b); !known {
			continue
		}
		want, err := d.Eval(b)
		if err != nil {
			return fmt.Errorf("dimension %d: %w", i, err)
		}
		if want != int64(actual[i]) {
			return &MismatchError{i, d, want, int64(actual[i])}
		}
	}
	return nil
}

// unbound reports whether all symbols of e have values; if exactly one has none and e is linear in it, it is returned.
func (e Expr) unbound(b Binding) (y *Symbol, known bool) {
	known = true
	for _, t := range e.terms() {
		for _, a := range t.factors {
			if a.kind != symbolAtom {
				if !a.bound(b) {
					return nil, false
				}
				continue
			}
			if _, ok := b.get(a.sym); ok || a.sym.id >= len(b) {
				continue
			}
			known = false
			if y != nil || len(t.factors) != 1 {
				return nil, false
			}
			y = a.sym
		}
	}
	return y, known
}

func (a *atom) bound(b Binding) bool {
	for _, x := range a.args {
		if !x.visit(func(y *Symbol) bool { _, ok := b.get(y); return ok }) {
			return false
		}
	}
	return true
}

func (e Expr) solve(b Binding, y *Symbol, dim int, actual int64) error {
	b[y.id] = 0
	rest, err := e.Eval(b)
	b[y.id] = Unbound
	if err != nil {
		return fmt.Errorf("dimension %d: %w", dim, err)
	}
	for _, t := range e.terms() {
		if len(t.factors) == 1 && t.factors[0].sym == y {
			n := (actual - rest) / t.coef
			if n*t.coef != actual-rest || n < y.min {
				return fmt.Errorf("dimension %d must be %v with %s ≥ %d, got %d", dim, e, y.name, y.min, actual)
			}
			b[y.id] = n
			return nil
		}
	}
	return nil
}
