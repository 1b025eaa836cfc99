package sym

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// generator makes random expressions together with a direct evaluation of what was asked for.
type generator struct {
	r    *rand.Rand
	syms []*Symbol
}

type model func(b Binding) (int64, bool)

func (g *generator) expr(depth int, polynomial bool) (Expr, model) {
	if depth == 0 || g.r.IntN(5) == 0 {
		if g.r.IntN(3) == 0 {
			n := g.r.Int64N(9) - 3
			return Const(n), func(Binding) (int64, bool) { return n, true }
		}
		y := g.syms[g.r.IntN(len(g.syms))]
		return y.Expr(), func(b Binding) (int64, bool) { return b[y.ID()], true }
	}
	a, f := g.expr(depth-1, polynomial)
	b, h := g.expr(depth-1, polynomial)
	both := func(op func(x, y int64) int64) model {
		return func(b Binding) (int64, bool) {
			x, ok := f(b)
			y, ok2 := h(b)
			return op(x, y), ok && ok2
		}
	}
	k := g.r.Int64N(6) + 1
	ops := 3
	if !polynomial {
		ops = 10
	}
	switch g.r.IntN(ops) {
	case 0:
		return a.Add(b), both(func(x, y int64) int64 { return x + y })
	case 1:
		return a.Sub(b), both(func(x, y int64) int64 { return x - y })
	case 2:
		return a.Mul(b), both(func(x, y int64) int64 { return x * y })
	case 3:
		return Min(a, b), both(func(x, y int64) int64 { return min(x, y) })
	case 4:
		return Max(a, b), both(func(x, y int64) int64 { return max(x, y) })
	case 5:
		return a.CeilDiv(k), both(func(x, _ int64) int64 { return -floorDiv(-x, k) })
	case 6:
		return a.Mod(k), both(func(x, _ int64) int64 { return (x%k + k) % k })
	case 7:
		return a.TruncDiv(-k), both(func(x, _ int64) int64 { return x / -k })
	}
	return a.FloorDiv(k), both(func(x, _ int64) int64 { return floorDiv(x, k) })
}

func (g *generator) bind(b Binding) {
	for _, y := range g.syms {
		b[y.ID()] = y.Min() + g.r.Int64N(7)
	}
}

func newGenerator(seed uint64) (*Scope, *generator) {
	sc := newScope()
	sc.Named("Z").SetMin(-3)
	g := &generator{rand.New(rand.NewPCG(seed, 1)), sc.Symbols()}
	return sc, g
}

func TestCanonicalFormKeepsTheValue(t *testing.T) {
	sc, g := newGenerator(1)
	b := sc.NewBinding()
	for range 4000 {
		e, want := g.expr(4, false)
		if e.Err() != nil {
			continue
		}
		lo, hi, loOK, hiOK := e.Bounds()
		if back, err := Parse(e.String(), sc); err != nil || !back.Equal(e) {
			t.Fatalf("%v reads back as %v, %v", e, back, err)
		}
		m := map[*Symbol]Expr{g.syms[0]: g.syms[1].Expr().Add(Int(2)), g.syms[6]: Int(-1)}
		s := e.Subst(m)
		for range 8 {
			g.bind(b)
			w, _ := want(b)
			v, err := e.Eval(b)
			if err != nil || v != w {
				t.Fatalf("%v is %d, %v under %v, want %d", e, v, err, b, w)
			}
			if loOK && v < lo || hiOK && v > hi || e.AtLeast(v+1) {
				t.Fatalf("%v is %d under %v, beyond [%d %v, %d %v]", e, v, b, lo, loOK, hi, hiOK)
			}
			b[0], b[6] = b[1]+2, -1
			if w, _ := want(b); s.Err() == nil {
				if v, err := s.Eval(b); err != nil || v != w {
					t.Fatalf("%v substituted is %v = %d, %v under %v, want %d", e, s, v, err, b, w)
				}
			}
		}
	}
}

// Polynomials of low degree that agree on many points are one polynomial.
func TestPolynomialsAreEqualWithTheirValues(t *testing.T) {
	sc, g := newGenerator(2)
	b := sc.NewBinding()
	g.syms = g.syms[:2]
	equal := 0
	for range 4000 {
		x, _ := g.expr(2, true)
		y, _ := g.expr(2, true)
		same := true
		for i := range int64(81) {
			b[0], b[1] = i/9, i%9
			v, err1 := x.Eval(b)
			w, err2 := y.Eval(b)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			same = same && v == w
		}
		if same != x.Equal(y) || same != (x.Key() == y.Key()) || same != y.Sub(x).Equal(Expr{}) {
			t.Fatalf("%v and %v: same values %v, equal %v", x, y, same, x.Equal(y))
		}
		if same {
			equal++
		}
		if q, ok := DivExact(x.Mul(y), y); !y.Equal(Expr{}) && (!ok || !q.Equal(x)) {
			t.Fatalf("(%v)*(%v) divided by the second is %v, %v", x, y, q, ok)
		}
	}
	if equal < 20 {
		t.Errorf("only %d equal pairs", equal)
	}
}

func TestBind(t *testing.T) {
	for _, c := range []struct {
		dims   string
		actual []int
		want   string // bindings of A, B, N, M, S; or a part of the error
	}{
		{"N; 2*N + 1", []int{3, 7}, "3"},
		{"2*N + 1", []int{7}, "3"},
		{"N + M; M", []int{7, 3}, "4"},
		{"N*M; M", []int{12, 3}, "4"},
		{"N + N*M; M", []int{12, 3}, "3"},
		{"floor(N/2); N", []int{2, 5}, "5"},
		{"broadcast(A, B); A; B; N", []int{4, 1, 4, 9}, "9"},
		{"N; N", []int{3, 4}, "dimension 1 is 4, want N = 3 (N = 3 previously bound by dimension 0, which is 3)"},
		{"2*N + 1", []int{4}, "no integer N"},
		{"S", []int{0}, "S must be 1 or more"},
		{"N", []int{-1}, "N must be 0 or more"},
		{"N; 768", []int{1, 512}, "dimension 1 is 512, want 768"},
		{"N", []int{1, 2}, "2 dimensions, want 1"},
		{"A; B; broadcast(A, B)", []int{2, 3, 3}, "do not broadcast"},
		{"N; M; max(N, M)", []int{2, 3, 4}, "N = 2 previously bound by dimension 0, which is 2; M = 3"},
	} {
		sc := newScope()
		var dims []Expr
		for _, s := range strings.Split(c.dims, ";") {
			dims = append(dims, parse(t, sc, s))
		}
		b := sc.NewBinding()
		err := Bind(b, dims, c.actual)
		n := sc.Named("N")
		if v, e := n.Expr().Eval(b); err == nil && (e != nil || Const(v).String() != c.want) {
			t.Errorf("%s = %v: N is %d, want %s", c.dims, c.actual, v, c.want)
		}
		if err == nil {
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %v: %v, want %s", c.dims, c.actual, err, c.want)
		}
		for i, v := range b {
			if v != Unbound {
				t.Errorf("%s = %v: symbol %d stays bound", c.dims, c.actual, i)
			}
		}
	}
	sc := newScope()
	b := sc.NewBinding()
	if err := Bind(b, []Expr{parse(t, sc, "N*M")}, []int{4}); err != nil || b[2] != Unbound {
		t.Errorf("what cannot be solved yet: %v %v", err, b)
	}
	var unbound *UnboundError
	if _, err := sc.Named("N").Expr().Eval(b); !errors.As(err, &unbound) || unbound.Symbol.Name() != "N" {
		t.Errorf("evaluation without a value: %v", err)
	}
}

func TestNamesAreNeverConfused(t *testing.T) {
	sc := NewScope()
	names := []string{"N", "a`", "a'", `a"`, "", "max", "N + 1", "x\x00", "1", "é", "\xff", "error", "mod"}
	var all Expr
	for _, n := range names {
		all = all.Add(sc.Named(n).Expr())
	}
	if back := parse(t, sc, all.String()); !back.Equal(all) || len(all.Symbols()) != len(names) || sc.Len() != len(names) {
		t.Errorf("%v reads back as %v; %d symbols", all, back, sc.Len())
	}
	sc.Named("h.1")
	if y := sc.Fresh("h"); y.Name() != "h.2" || !y.Fresh() || !y.Expr().Add(all).HasFresh() || all.HasFresh() {
		t.Errorf("fresh symbol %s", y.Name())
	}
}

func TestNoAllocation(t *testing.T) {
	sc := newScope()
	e := parse(t, sc, "max(floor((N+15)/16)*M, 3) + N*M - 1")
	b := Binding{1, 2, 3, 4, 5, 6, 7}
	if n := testing.AllocsPerRun(20, func() { _, _ = e.Eval(b) }); n != 0 {
		t.Errorf("Eval allocates %v times", n)
	}
	if n := testing.AllocsPerRun(20, func() { Int(3).Add(Int(4)).Mul(Int(2)).Sub(Int(5)).CeilDiv(2).Equal(Int(1)) }); n != 0 {
		t.Errorf("constants allocate %v times", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2*N + 1", "floor((N+15)/16)", "max(N, 1)", "broadcast(A, B)", "-9223372036854775808", "`a b`*\"c`\"", "mod(-N, 3)", "N\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sc := NewScope()
		e, err := Parse(s, sc)
		if err != nil || len(s) > 200 {
			return
		}
		if back, err := Parse(e.String(), sc); err != nil || !back.Equal(e) {
			t.Errorf("%q is %v, which reads back as %v, %v", s, e, back, err)
		}
	})
}
