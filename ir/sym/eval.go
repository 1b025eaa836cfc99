package sym

import "fmt"

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
