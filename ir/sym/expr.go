package sym

import (
	"errors"
	"math"
	"slices"
	"strings"
)

// Expr is an immutable symbolic integer. The zero Expr is 0.
type Expr struct {
	k int64 // constant part
	p *poly // what depends on symbols; nil for constants
}

// poly is a sum of terms in descending order, or an error.
type poly struct {
	terms []term
	err   error
}

// term is a product of atoms, sorted by key and repeated for powers, times a coefficient that is not 0.
type term struct {
	coef    int64
	factors []*atom
}

type atomKind uint8

const (
	symbolAtom atomKind = iota
	floorAtom           // floor(args[0] / n)
	truncAtom           // args[0] / n rounded toward zero
	minAtom
	maxAtom
	broadcastAtom
)

type atom struct {
	kind atomKind
	sym  *Symbol
	args []Expr
	n    int64
	key  string
}

// Limits of an expression; models are untrusted.
const (
	maxTerms = 1024
	maxText  = 1 << 16 // bytes of the text form, about
	maxArgs  = 64      // of min, max and broadcast
)

var (
	// ErrOverflow is the error of an expression whose coefficients do not fit 64 bits.
	ErrOverflow = errors.New("symbolic dimension overflows 64 bits")
	// ErrTooLarge is the error of an expression with too many terms.
	ErrTooLarge = errors.New("symbolic dimension has too many terms")
)

// Const is the constant n.
func Const(n int64) Expr { return Expr{k: n} }

// Int is the constant n.
func Int(n int) Expr { return Expr{k: int64(n)} }

func failed(err error) Expr { return Expr{p: &poly{err: err}} }

// Err returns what went wrong in building the expression, nil for a sound one.
func (e Expr) Err() error {
	if e.p == nil {
		return nil
	}
	return e.p.err
}

// IsConst returns the value of a constant.
func (e Expr) IsConst() (int64, bool) { return e.k, e.p == nil }

func firstErr(a, b Expr) error {
	if err := a.Err(); err != nil {
		return err
	}
	return b.Err()
}

func fromTerm(t term) Expr { return Expr{p: &poly{terms: []term{t}}} }

func (e Expr) terms() []term {
	if e.p == nil {
		return nil
	}
	return e.p.terms
}

// isAtom returns the atom if the expression is nothing but one.
func (e Expr) isAtom() (*atom, bool) {
	if t := e.terms(); e.k == 0 && len(t) == 1 && t[0].coef == 1 && len(t[0].factors) == 1 {
		return t[0].factors[0], true
	}
	return nil, false
}

// compareFactors is a monomial order: by degree, then by the atoms; it is compatible with multiplication.
func compareFactors(a, b []*atom) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	for i := range a {
		if a[i] != b[i] {
			if c := strings.Compare(b[i].key, a[i].key); c != 0 {
				return c
			}
		}
	}
	return 0
}

func addOverflow(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0)
}

func mulOverflow(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	p := a * b
	if p/b != a || (a == -1 && b == math.MinInt64) || (b == -1 && a == math.MinInt64) {
		return 0, false
	}
	return p, true
}

// Add returns e + o.
func (e Expr) Add(o Expr) Expr {
	if err := firstErr(e, o); err != nil {
		return failed(err)
	}
	k, ok := addOverflow(e.k, o.k)
	if !ok {
		return failed(ErrOverflow)
	}
	switch {
	case o.p == nil:
		return Expr{k, e.p}
	case e.p == nil:
		return Expr{k, o.p}
	}
	a, b := e.p.terms, o.p.terms
	sum := make([]term, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch c := compareFactors(a[0].factors, b[0].factors); {
		case c > 0:
			sum, a = append(sum, a[0]), a[1:]
		case c < 0:
			sum, b = append(sum, b[0]), b[1:]
		default:
			n, ok := addOverflow(a[0].coef, b[0].coef)
			if !ok {
				return failed(ErrOverflow)
			}
			if n != 0 {
				sum = append(sum, term{n, a[0].factors})
			}
			a, b = a[1:], b[1:]
		}
	}
	sum = append(append(sum, a...), b...)
	return build(k, sum)
}

func build(k int64, terms []term) Expr {
	switch {
	case len(terms) == 0:
		return Const(k)
	case len(terms) > maxTerms:
		return failed(ErrTooLarge)
	}
	size := 0
	for _, t := range terms {
		for _, a := range t.factors {
			size += len(a.key)
		}
	}
	if size > maxText {
		return failed(ErrTooLarge)
	}
	return Expr{k, &poly{terms: terms}}
}

// Sub returns e − o.
func (e Expr) Sub(o Expr) Expr { return e.Add(o.Neg()) }

// Neg returns −e.
func (e Expr) Neg() Expr { return e.scale(-1) }

func (e Expr) scale(n int64) Expr {
	if e.Err() != nil || n == 1 {
		return e
	}
	if n == 0 {
		return Expr{}
	}
	k, ok := mulOverflow(e.k, n)
	if !ok {
		return failed(ErrOverflow)
	}
	if e.p == nil {
		return Const(k)
	}
	terms := make([]term, len(e.p.terms))
	for i, t := range e.p.terms {
		c, ok := mulOverflow(t.coef, n)
		if !ok {
			return failed(ErrOverflow)
		}
		terms[i] = term{c, t.factors}
	}
	return Expr{k, &poly{terms: terms}}
}

// Mul returns e · o.
func (e Expr) Mul(o Expr) Expr {
	if err := firstErr(e, o); err != nil {
		return failed(err)
	}
	if o.p == nil {
		return e.scale(o.k)
	}
	if e.p == nil {
		return o.scale(e.k)
	}
	if len(e.p.terms)*len(o.p.terms) > maxTerms {
		return failed(ErrTooLarge)
	}
	sum := o.scale(e.k)
	for _, a := range e.p.terms {
		part := make([]term, 0, len(o.p.terms)+1)
		for _, b := range o.p.terms {
			c, ok := mulOverflow(a.coef, b.coef)
			if !ok || len(a.factors)+len(b.factors) > maxTerms {
				return failed(ErrOverflow)
			}
			part = append(part, term{c, mulFactors(a.factors, b.factors)})
		}
		if o.k != 0 {
			c, ok := mulOverflow(a.coef, o.k)
			if !ok {
				return failed(ErrOverflow)
			}
			part = append(part, term{c, a.factors})
		}
		slices.SortFunc(part, func(x, y term) int { return compareFactors(y.factors, x.factors) })
		if sum = sum.Add(build(0, part)); sum.Err() != nil {
			break
		}
	}
	return sum
}

func mulFactors(a, b []*atom) []*atom {
	f := slices.Concat(a, b)
	slices.SortStableFunc(f, func(x, y *atom) int { return strings.Compare(x.key, y.key) })
	return f
}

// Sum adds up expressions.
func Sum(e ...Expr) Expr {
	var s Expr
	for _, x := range e {
		s = s.Add(x)
	}
	return s
}

// Product multiplies expressions; of none it is 1.
func Product(e ...Expr) Expr {
	p := Const(1)
	for _, x := range e {
		p = p.Mul(x)
	}
	return p
}

// Equal reports whether two expressions are the same.
func (e Expr) Equal(o Expr) bool {
	if e.k != o.k || (e.p == nil) != (o.p == nil) {
		return false
	}
	if e.p == o.p {
		return true
	}
	if e.p.err != nil || o.p.err != nil || len(e.p.terms) != len(o.p.terms) {
		return false
	}
	for i, t := range e.p.terms {
		if u := o.p.terms[i]; t.coef != u.coef || compareFactors(t.factors, u.factors) != 0 {
			return false
		}
	}
	return true
}

// Key is a string that is the same for equal expressions of one scope and different for others.
func (e Expr) Key() string { return e.String() }

// Symbols returns the symbols in e by ID.
func (e Expr) Symbols() []*Symbol {
	var all []*Symbol
	e.visit(func(y *Symbol) bool {
		all = append(all, y)
		return true
	})
	slices.SortFunc(all, func(a, b *Symbol) int { return a.id - b.id })
	return slices.Compact(all)
}

func (e Expr) visit(f func(*Symbol) bool) bool {
	for _, t := range e.terms() {
		for _, a := range t.factors {
			if a.kind == symbolAtom {
				if !f(a.sym) {
					return false
				}
				continue
			}
			for _, x := range a.args {
				if !x.visit(f) {
					return false
				}
			}
		}
	}
	return true
}

// HasFresh reports whether e depends on data.
func (e Expr) HasFresh() bool { return !e.visit(func(y *Symbol) bool { return !y.fresh }) }

// Subst replaces symbols by expressions.
func (e Expr) Subst(m map[*Symbol]Expr) Expr {
	if e.p == nil || e.p.err != nil {
		return e
	}
	sum := Const(e.k)
	for _, t := range e.p.terms {
		p := Const(t.coef)
		for _, a := range t.factors {
			p = p.Mul(a.subst(m))
		}
		sum = sum.Add(p)
	}
	return sum
}

func (a *atom) subst(m map[*Symbol]Expr) Expr {
	if a.kind == symbolAtom {
		if x, ok := m[a.sym]; ok {
			return x
		}
		return a.sym.expr
	}
	args := make([]Expr, len(a.args))
	for i, x := range a.args {
		args[i] = x.Subst(m)
	}
	switch a.kind {
	case floorAtom:
		return args[0].FloorDiv(a.n)
	case truncAtom:
		return args[0].TruncDiv(a.n)
	case minAtom:
		return fold(args, Min)
	case maxAtom:
		return fold(args, Max)
	}
	return fold(args, func(a, b Expr) Expr {
		x, err := Broadcast(a, b)
		if err != nil {
			return failed(err)
		}
		return x
	})
}

func fold(args []Expr, f func(a, b Expr) Expr) Expr {
	x := args[0]
	for _, y := range args[1:] {
		x = f(x, y)
	}
	return x
}
