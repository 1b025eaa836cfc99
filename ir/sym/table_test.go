package sym

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// parse reads s or ends the test.
func parse(t testing.TB, sc *Scope, s string) Expr {
	t.Helper()
	e, err := Parse(s, sc)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// newScope has S, L with minimum 1 and Z without a minimum; all others are made by Parse with minimum 0.
func newScope() *Scope {
	sc := NewScope()
	for _, name := range []string{"A", "B", "N", "M"} {
		sc.Named(name)
	}
	sc.Named("S").SetMin(1)
	sc.Named("L").SetMin(1)
	sc.Named("Z").SetMin(math.MinInt64)
	return sc
}

func TestCanonicalForm(t *testing.T) {
	spaces := strings.NewReplacer(" ", "")
	for in, want := range map[string]string{
		"1 + 2*N":                        "2*N + 1",
		"N - N":                          "0",
		"(N+1)*(N-1)":                    "N*N - 1",
		"(A+B)*(A-B)":                    "A*A - B*B",
		"M*N + N*M":                      "2*M*N",
		"3 - N":                          "-N + 3",
		"floor(4*N/4)":                   "N",
		"floor((4*N+3)/4)":               "N",
		"floor((5*N+6)/4)":               "N + floor((N+2)/4) + 1",
		"floor((2*N+1)/4)":               "floor(N/2)",
		"floor((floor((N+1)/2)+3)/4)":    "floor((N+7)/8)",
		"floor((floor(N/2)+N)/2)":        "floor(3*N/4)",
		"ceil(N/16)":                     "floor((N+15)/16)",
		"ceil(-7/2)":                     "-3",
		"ceil(ceil(N/2)/2)":              "floor((N+3)/4)",
		"mod(8*N + 5, 4)":                "1",
		"mod(N, 4) + 4*floor(N/4)":       "N",
		"mod(-7, 4)":                     "1",
		"trunc(N/2)":                     "floor(N/2)",
		"trunc(-N/2)":                    "-floor(N/2)",
		"trunc(Z/2)":                     "trunc(Z/2)",
		"trunc(-Z/2)":                    "-trunc(Z/2)",
		"trunc(trunc(Z/2)/3)":            "trunc(Z/6)",
		"trunc((2*Z+4)/6)":               "trunc((Z+2)/3)",
		"trunc(-7/2)":                    "-3",
		"floor(min(max(N, 0), 3)/4)":     "0",
		"max(N, 0)":                      "N",
		"max(N, 1)":                      "max(N, 1)",
		"max(S, 1)":                      "S",
		"max(1, max(M, N))":              "max(N, M, 1)",
		"max(N, N + 1)":                  "N + 1",
		"max(N, 2*N)":                    "2*N",
		"max(4, max(N, 2))":              "max(N, 4)",
		"min(N, max(N, M))":              "N",
		"min(N, N + M)":                  "N",
		"min(-1, N)":                     "-1",
		"max(N*S, N)":                    "N*S",
		"min(floor(N/2), N)":             "floor(N/2)",
		"max(ceil(N/2), floor(N/2))":     "floor((N+1)/2)",
		"broadcast(A, 1)":                "A",
		"broadcast(A, A)":                "A",
		"broadcast(B, A)":                "broadcast(A, B)",
		"broadcast(A, broadcast(B, A))":  "broadcast(A, B)",
		"broadcast(A, 7)":                "7",
		"broadcast(0, A)":                "0",
		"broadcast(broadcast(A, B), 7)":  "7",
		"broadcast(A, N + 2)":            "N + 2",
		"`batch size` + `max`":           "`batch size` + `max`",
		"-9223372036854775808*N":         "-9223372036854775808*N",
		"N + -9223372036854775808":       "N + -9223372036854775808",
		" ( N ) ":                        "N",
		"x.1*x.1":                        "x.1*x.1",
		"floor((floor(N/2)+Z)/3) + (-1)": "floor((N+2*Z)/6) - 1",
	} {
		sc := newScope()
		e := parse(t, sc, in)
		if w := parse(t, sc, want); !e.Equal(w) || e.Key() != w.Key() {
			t.Errorf("%s = %v, want %s", in, e, want)
		}
		if s := spaces.Replace(e.String()); s != spaces.Replace(want) && !strings.ContainsAny(want, "(") {
			t.Errorf("%s prints %q, want %q", in, s, want)
		}
	}
}

// square returns e to the power 2^n.
func square(e Expr, n int) Expr {
	for range n {
		e = e.Mul(e)
	}
	return e
}

func TestErrorExpressions(t *testing.T) {
	sc := newScope()
	n := sc.Named("N").Expr()
	top := Const(math.MaxInt64)
	big := n
	for i := range 200 {
		big = Max(big.Add(sc.Fresh("x").Expr()), big.FloorDiv(2).Add(Int(i)))
	}
	for name, e := range map[string]Expr{
		"add": top.Add(Const(1)), "sub": Const(math.MinInt64).Sub(Const(1)), "neg": Const(math.MinInt64).Neg(),
		"mul": top.Mul(Const(2)), "coefficients": n.Mul(top).Add(n), "scale": n.Mul(top).Mul(n.Mul(Const(2))),
		"floor": n.FloorDiv(0), "ceil": n.CeilDiv(-1), "mod": n.Mod(0), "trunc": n.TruncDiv(0),
		"degree": square(n, 12), "growth": big, "sticky": Max(n, Product(n, n.FloorDiv(-1), Const(0))),
	} {
		if e.Err() == nil {
			t.Errorf("%s: no error in %v", name, e)
		}
		if _, err := e.Eval(Binding{1}); err == nil {
			t.Errorf("%s: evaluates", name)
		}
		if _, ok := e.IsConst(); ok || e.AtLeast(math.MinInt64) || !e.Equal(e) || e.Equal(n) {
			t.Errorf("%s: an error is taken for a value", name)
		}
	}
	if _, err := n.Mul(top).Eval(Binding{0, 0, 2}); !errors.Is(err, ErrOverflow) {
		t.Errorf("overflow of an evaluation: %v", err)
	}
}

func TestBroadcastErrors(t *testing.T) {
	sc := newScope()
	for _, s := range [][2]string{{"2", "3"}, {"0", "3"}, {"-1", "1"}, {"3", "N + 4"}, {"N + 2", "N + 3"}} {
		a, b := parse(t, sc, s[0]), parse(t, sc, s[1])
		for range 2 {
			if e, err := Broadcast(a, b); err == nil {
				t.Errorf("%v with %v gives %v", a, b, e)
			}
			a, b = b, a
		}
	}
	e := parse(t, sc, "broadcast(A, B)")
	for _, c := range []struct {
		a, b, want int64
		ok         bool
	}{{1, 5, 5, true}, {5, 1, 5, true}, {5, 5, 5, true}, {0, 1, 0, true}, {2, 3, 0, false}, {0, 2, 0, false}} {
		v, err := e.Eval(Binding{c.a, c.b})
		if v != c.want || (err == nil) != c.ok {
			t.Errorf("broadcast(%d, %d) = %d, %v", c.a, c.b, v, err)
		}
	}
}

func TestDivExact(t *testing.T) {
	for _, c := range []struct{ num, den, want string }{
		{"768*B*S", "64*B*S", "12"},
		{"0", "N", "0"},
		{"N*N - M*M", "N + M", "N - M"},
		{"N*N + N", "N", "N + 1"},
		{"6*N + 4", "2", "3*N + 2"},
		{"-9223372036854775808", "-1", ""},
		{"N", "0", ""}, {"N", "2", ""}, {"N", "M", ""}, {"N*N + 1", "N + 1", ""},
		{"B*floor(S/2)", "floor(S/2)", "B"},
	} {
		sc := newScope()
		q, ok := DivExact(parse(t, sc, c.num), parse(t, sc, c.den))
		if ok != (c.want != "") || ok && !q.Equal(parse(t, sc, c.want)) {
			t.Errorf("(%s) / (%s) = %v, %v, want %s", c.num, c.den, q, ok, c.want)
		}
	}
}

func TestBounds(t *testing.T) {
	const inf = math.MaxInt64
	for s, want := range map[string][2]int64{
		"5": {5, 5}, "N": {0, inf}, "S + 1": {2, inf}, "-2*S": {-inf, -2}, "N*S": {0, inf}, "Z": {-inf, inf},
		"mod(N, 4)": {0, 3}, "min(N, 3)": {0, 3}, "max(Z, 3)": {3, inf}, "ceil(S/16)": {1, inf}, "trunc((Z+1)/2)": {-inf, inf},
		"broadcast(S, L)": {1, inf}, "broadcast(S, A)": {0, inf}, "9223372036854775807*S + N + 5": {inf - 1, inf},
	} {
		lo, hi, loOK, hiOK := parse(t, newScope(), s).Bounds()
		if loOK != (want[0] != -inf) || loOK && lo != want[0] || hiOK != (want[1] != inf) || hiOK && hi != want[1] {
			t.Errorf("%s is in [%d %v, %d %v], want %d", s, lo, loOK, hi, hiOK, want)
		}
	}
}

func TestProofs(t *testing.T) {
	for _, c := range []struct {
		a, b   string
		le, lt bool
	}{
		{"N", "N", true, false}, {"N", "N + 1", true, true}, {"N", "2*N", true, false}, {"S", "2*S", true, true},
		{"N", "N*S", true, false}, {"N*L", "N*S*L", true, false}, {"N", "M", false, false}, {"N + 1", "N", false, false},
		{"floor(N/2)", "N", true, false}, {"N", "2*ceil(N/2)", true, false}, {"16*floor(N/16)", "N + 1", true, true},
		{"N", "max(N, M)", true, false}, {"min(N, M)", "N", true, false}, {"max(N, M)", "N + M", true, false},
		{"floor(S/2)", "S", true, true}, {"max(N, 1)", "max(N, 2)", true, false}, {"Z", "2*Z", false, false},
	} {
		sc := newScope()
		a, b := parse(t, sc, c.a), parse(t, sc, c.b)
		if LE(a, b) != c.le || LT(a, b) != c.lt {
			t.Errorf("%s, %s: LE %v LT %v, want %v %v", c.a, c.b, LE(a, b), LT(a, b), c.le, c.lt)
		}
	}
}
