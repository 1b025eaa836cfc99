package sym

import (
	"fmt"
	"math"
	"strings"
)

// MismatchError says that an actual dimension contradicts its expression.
type MismatchError struct {
	Dim       int    // index into the dimensions given to Bind
	Expr      Expr   // the dimension as declared
	Want, Got int64  // the value of Expr and the actual value
	Why       string // where the values of the symbols come from, or which assertion fails
}

func (e *MismatchError) Error() string {
	s := fmt.Sprintf("dimension %d is %d, want %v = %d", e.Dim, e.Got, e.Expr, e.Want)
	if _, ok := e.Expr.IsConst(); ok {
		s = fmt.Sprintf("dimension %d is %d, want %d", e.Dim, e.Got, e.Want)
	}
	if e.Why != "" {
		s += " (" + e.Why + ")"
	}
	return s
}

// bound is a symbol that one call of Bind has given a value, and the dimension it came from.
type bound struct {
	sym *Symbol
	dim int
}

// Bind unifies declared dimensions with actual ones. Symbols without a value in b get one from dimensions that are
// linear in a single unknown (N, 2*N + 1, N*M with M known), in whatever order makes them known; then all
// dimensions whose symbols all have values are checked. A contradiction is a [*MismatchError]; b is then as it was before.
func Bind(b Binding, dims []Expr, actual []int) error {
	if len(dims) != len(actual) {
		return fmt.Errorf("%d dimensions, want %d", len(actual), len(dims))
	}
	var buf [8]bound
	news := buf[:0]
	for progress := true; progress; {
		progress = false
		for i, e := range dims {
			y := e.unknown(b)
			if y == nil || y.id >= len(b) {
				continue
			}
			v, ok, err := e.solve(y, b, int64(actual[i]))
			if err == nil && !ok {
				continue
			}
			if err == nil && v < y.min {
				err = &MismatchError{Want: e.withValue(b, y, y.min), Why: fmt.Sprintf("%s must be %d or more", y.name, y.min)}
			}
			if err != nil {
				return undo(b, news, located(err, i, e, actual[i]))
			}
			b[y.id] = v
			news = append(news, bound{y, i})
			progress = true
		}
	}
	for i, e := range dims {
		if !e.isBound(b) {
			continue
		}
		v, err := e.Eval(b)
		if err != nil {
			return undo(b, news, fmt.Errorf("dimension %d, %v: %w", i, e, err))
		}
		if v != int64(actual[i]) {
			why := explain(b, e, news, actual)
			return undo(b, news, &MismatchError{i, e, v, int64(actual[i]), why})
		}
	}
	return nil
}

func undo(b Binding, news []bound, err error) error {
	for _, n := range news {
		b[n.sym.id] = Unbound
	}
	return err
}

func located(err error, dim int, e Expr, actual int) error {
	if m, ok := err.(*MismatchError); ok {
		m.Dim, m.Expr, m.Got = dim, e, int64(actual)
		return m
	}
	return fmt.Errorf("dimension %d, %v: %w", dim, e, err)
}

// withValue evaluates e with one symbol set, 0 where that fails.
func (e Expr) withValue(b Binding, y *Symbol, v int64) int64 {
	old := b[y.id]
	b[y.id] = v
	w, _ := e.Eval(b)
	b[y.id] = old
	return w
}

// explain lists the values of the symbols of e and where they come from.
func explain(b Binding, e Expr, news []bound, actual []int) string {
	var parts []string
	for _, y := range e.Symbols() {
		s := fmt.Sprintf("%s = %d previously bound", y.name, b[y.id])
		for _, n := range news {
			if n.sym == y {
				s = fmt.Sprintf("%s = %d previously bound by dimension %d, which is %d", y.name, b[y.id], n.dim, actual[n.dim])
			}
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

// unknown returns the only unbound symbol of e, if e is linear in it.
func (e Expr) unknown(b Binding) *Symbol {
	var y *Symbol
	for _, t := range e.terms() {
		count := 0 // of unbound factors
		for _, f := range t.factors {
			if f.kind != symbolAtom {
				for _, x := range f.args {
					if !x.isBound(b) {
						return nil
					}
				}
				continue
			}
			if _, ok := b.get(f.sym); ok {
				continue
			}
			if count > 0 || (y != nil && y != f.sym) {
				return nil
			}
			y = f.sym
			count++
		}
	}
	return y
}

func (e Expr) isBound(b Binding) bool {
	return e.visit(func(y *Symbol) bool { _, ok := b.get(y); return ok })
}

// solve returns the y for which e is want; ok is false where y has the coefficient 0.
func (e Expr) solve(y *Symbol, b Binding, want int64) (v int64, ok bool, err error) {
	slope, rest := int64(0), e.k
	for _, t := range e.p.terms {
		c, err := t.evalBut(y, b)
		if err != nil {
			return 0, false, err
		}
		into := &rest
		for _, f := range t.factors {
			if f.sym == y {
				into = &slope
			}
		}
		if *into, ok = addOverflow(*into, c); !ok {
			return 0, false, ErrOverflow
		}
	}
	if slope == 0 {
		return 0, false, nil
	}
	diff := Const(want).Sub(Const(rest))
	if diff.Err() != nil || slope == -1 && diff.k == math.MinInt64 {
		return 0, false, ErrOverflow
	}
	v = diff.k / slope
	if diff.k%slope != 0 {
		near := slope*v + rest
		return 0, false, &MismatchError{Want: near, Why: fmt.Sprintf("no integer %s fits, %d is the nearest", y.name, v)}
	}
	return v, true, nil
}

// evalBut evaluates a term without its factor y.
func (t term) evalBut(y *Symbol, b Binding) (int64, error) {
	p := t.coef
	for _, a := range t.factors {
		if a.sym == y {
			continue
		}
		n, err := a.eval(b)
		if err != nil {
			return 0, err
		}
		var ok bool
		if p, ok = mulOverflow(p, n); !ok {
			return 0, ErrOverflow
		}
	}
	return p, nil
}
