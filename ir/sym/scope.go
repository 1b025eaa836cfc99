// Package sym is the algebra of symbolic integers in which tensor dimensions are expressed: sums of products of symbols,
// floor division by constants, min, max and the NumPy broadcast of two dimensions.
//
// Expressions are immutable and canonical: two expressions that are equal as polynomials are equal structurally. The package
// imports nothing of the project.
package sym

import (
	"fmt"
	"math"
	"sync"
)

// Scope holds the symbols of one model.
type Scope struct {
	mu     sync.Mutex
	byName map[string]*Symbol
	all    []*Symbol
	fresh  map[string]int
}

// Symbol is a dimension that is not known before the program runs. It is at least Min.
type Symbol struct {
	id    int
	name  string
	min   int64
	fresh bool
	expr  Expr
}

// NewScope returns a scope without symbols.
func NewScope() *Scope { return &Scope{byName: map[string]*Symbol{}, fresh: map[string]int{}} }

// Named returns the symbol of that name and makes it if there is none.
func (s *Scope) Named(name string) *Symbol {
	s.mu.Lock()
	defer s.mu.Unlock()
	if y := s.byName[name]; y != nil {
		return y
	}
	return s.add(name)
}

// Fresh makes a symbol that depends on data, under a name derived from hint.
func (s *Scope) Fresh(hint string) *Symbol {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		s.fresh[hint]++
		if name := fmt.Sprintf("%s.%d", hint, s.fresh[hint]); s.byName[name] == nil {
			y := s.add(name)
			y.fresh = true
			return y
		}
	}
}

func (s *Scope) add(name string) *Symbol {
	y := &Symbol{id: len(s.all), name: name}
	a := &atom{kind: symbolAtom, sym: y, key: quoteName(name)}
	y.expr = fromTerm(term{1, []*atom{a}})
	s.all = append(s.all, y)
	s.byName[name] = y
	return y
}

// Lookup returns the symbol of that name if there is one.
func (s *Scope) Lookup(name string) (*Symbol, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	y, ok := s.byName[name]
	return y, ok
}

// Len is the number of symbols.
func (s *Scope) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

// Symbols returns all symbols by ID.
func (s *Scope) Symbols() []*Symbol {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*Symbol(nil), s.all...)
}

// NewBinding returns a binding of no symbol.
func (s *Scope) NewBinding() Binding {
	b := make(Binding, s.Len())
	b.Reset()
	return b
}

// ID numbers the symbols of a scope from 0.
func (y *Symbol) ID() int { return y.id }

// Name is unique in the scope.
func (y *Symbol) Name() string { return y.name }

// Expr is the expression that is just this symbol.
func (y *Symbol) Expr() Expr { return y.expr }

// Fresh reports whether the symbol depends on data.
func (y *Symbol) Fresh() bool { return y.fresh }

// Min is the smallest value that the symbol can have, 0 unless SetMin changed it.
func (y *Symbol) Min() int64 { return y.min }

// SetMin asserts a smallest value, for instance 1 for a sequence length; Bind enforces it. Set it before expressions are built.
func (y *Symbol) SetMin(n int64) { y.min = n }

// Binding gives symbols values, by ID.
type Binding []int64

// Unbound marks a symbol without a value.
const Unbound = math.MinInt64

// Reset unbinds all symbols.
func (b Binding) Reset() {
	for i := range b {
		b[i] = Unbound
	}
}

func (b Binding) get(y *Symbol) (int64, bool) {
	if y.id >= len(b) || b[y.id] == Unbound {
		return 0, false
	}
	return b[y.id], true
}
