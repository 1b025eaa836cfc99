package sym

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

func isName(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && (r == '.' || unicode.IsDigit(r))
}

// quoteName returns a symbol's name as it stands in expressions: plain if it is a word, else in backquotes, or in double quotes with Go's escapes if it has a backquote.
func quoteName(name string) string {
	for i, r := range name {
		if !isName(r, i == 0) {
			if strings.Contains(name, "`") {
				return strconv.Quote(name)
			}
			return "`" + name + "`"
		}
	}
	if name == "" || functions[name] {
		return "`" + name + "`"
	}
	return name
}

var functions = map[string]bool{"floor": true, "trunc": true, "min": true, "max": true, "broadcast": true, "ceil": true, "mod": true}

// String is the text form: 2*N + 1, floor((N + 15)/16), max(M, N), broadcast(A, B).
func (e Expr) String() string {
	if e.p == nil {
		return strconv.FormatInt(e.k, 10)
	}
	if e.p.err != nil {
		return "<" + e.p.err.Error() + ">"
	}
	var b strings.Builder
	for i, t := range e.p.terms {
		c := t.coef
		switch {
		case i > 0 && c < 0 && c != math.MinInt64:
			b.WriteString(" - ")
			c = -c
		case i > 0:
			b.WriteString(" + ")
		case c == -1:
			b.WriteString("-")
			c = 1
		}
		if c != 1 {
			fmt.Fprintf(&b, "%d*", c)
		}
		for j, a := range t.factors {
			if j > 0 {
				b.WriteByte('*')
			}
			b.WriteString(a.key)
		}
	}
	switch {
	case e.k > 0:
		fmt.Fprintf(&b, " + %d", e.k)
	case e.k == math.MinInt64:
		fmt.Fprintf(&b, " + %d", e.k)
	case e.k < 0:
		fmt.Fprintf(&b, " - %s", strings.TrimPrefix(strconv.FormatInt(e.k, 10), "-"))
	}
	return b.String()
}

func (a *atom) text() string {
	switch a.kind {
	case floorAtom:
		return fmt.Sprintf("floor((%v)/%d)", a.args[0], a.n)
	case truncAtom:
		return fmt.Sprintf("trunc((%v)/%d)", a.args[0], a.n)
	}
	parts := make([]string, len(a.args))
	for i, x := range a.args {
		parts[i] = x.String()
	}
	name := map[atomKind]string{minAtom: "min", maxAtom: "max", broadcastAtom: "broadcast"}[a.kind]
	return name + "(" + strings.Join(parts, ", ") + ")"
}

// Parse reads the text form, and ceil(e/k) and mod(e, k) besides; names become symbols of sc.
func Parse(s string, sc *Scope) (Expr, error) {
	p := &parser{s: s, sc: sc}
	e, err := p.sum()
	if err == nil && (p.peek() != 0 || p.i < len(p.s)) {
		err = p.errorf("unexpected %q", p.s[p.i:])
	}
	if err == nil {
		err = e.Err()
	}
	return e, err
}

type parser struct {
	s     string
	i     int
	depth int
	sc    *Scope
}

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("expression %q: %s", p.s, fmt.Sprintf(format, args...))
}

func (p *parser) peek() byte {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
	}
	if p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

func (p *parser) expect(c byte) error {
	if p.peek() != c {
		return p.errorf("expected %q at %d", c, p.i)
	}
	p.i++
	return nil
}

func (p *parser) sum() (Expr, error) {
	if p.depth++; p.depth > 100 {
		return Expr{}, p.errorf("nested too deeply")
	}
	defer func() { p.depth-- }()
	e, err := p.product()
	for err == nil {
		c := p.peek()
		if c != '+' && c != '-' {
			return e, nil
		}
		p.i++
		var t Expr
		if t, err = p.product(); err == nil {
			if c == '-' {
				t = t.Neg()
			}
			e = e.Add(t)
		}
	}
	return e, err
}

func (p *parser) product() (Expr, error) {
	e, err := p.factor()
	for err == nil && p.peek() == '*' {
		p.i++
		var f Expr
		if f, err = p.factor(); err == nil {
			e = e.Mul(f)
		}
	}
	return e, err
}

func (p *parser) factor() (Expr, error) {
	switch c := p.peek(); {
	case c == '(':
		p.i++
		e, err := p.sum()
		if err == nil {
			err = p.expect(')')
		}
		return e, err
	case c >= '0' && c <= '9':
		start := p.i
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		n, err := strconv.ParseInt(p.s[start:p.i], 10, 64)
		if err != nil {
			return Expr{}, p.errorf("%s does not fit 64 bits", p.s[start:p.i])
		}
		return Const(n), nil
	case c == '-':
		return p.negative()
	case c == '"':
		q, err := strconv.QuotedPrefix(p.s[p.i:])
		if err != nil {
			return Expr{}, p.errorf("missing quote")
		}
		p.i += len(q)
		name, err := strconv.Unquote(q)
		return p.sc.Named(name).Expr(), err
	case c == '`':
		end := strings.IndexByte(p.s[p.i+1:], '`')
		if end < 0 {
			return Expr{}, p.errorf("missing backquote")
		}
		name := p.s[p.i+1 : p.i+1+end]
		p.i += end + 2
		return p.sc.Named(name).Expr(), nil
	}
	start := p.i
	for p.i < len(p.s) {
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !isName(r, p.i == start) {
			break
		}
		p.i += n
	}
	name := p.s[start:p.i]
	if name == "" {
		return Expr{}, p.errorf("expected a number or name at %d", p.i)
	}
	if functions[name] && p.peek() == '(' {
		return p.call(name)
	}
	return p.sc.Named(name).Expr(), nil
}

// negative reads a minus sign and a factor; -9223372036854775808 is a number.
func (p *parser) negative() (Expr, error) {
	p.i++
	p.peek()
	const lowest = "9223372036854775808"
	if rest, ok := strings.CutPrefix(p.s[p.i:], lowest); ok && (rest == "" || rest[0] < '0' || rest[0] > '9') {
		p.i += len(lowest)
		return Const(math.MinInt64), nil
	}
	if p.peek() == '-' {
		return Expr{}, p.errorf("two signs at %d", p.i)
	}
	e, err := p.factor()
	return e.Neg(), err
}

func (p *parser) call(name string) (Expr, error) {
	p.i++ // the parenthesis
	e, err := p.sum()
	if err != nil {
		return e, err
	}
	sep := map[string]byte{"floor": '/', "ceil": '/', "trunc": '/', "mod": ','}[name]
	if sep != 0 {
		return p.divide(e, name, sep)
	}
	for p.peek() == ',' {
		p.i++
		o, err := p.sum()
		if err != nil {
			return e, err
		}
		switch name {
		case "min":
			e = Min(e, o)
		case "max":
			e = Max(e, o)
		default:
			if e, err = Broadcast(e, o); err != nil {
				return e, p.errorf("%v", err)
			}
		}
	}
	return e, p.expect(')')
}

// divide reads the divisor of e and applies the division.
func (p *parser) divide(e Expr, name string, sep byte) (Expr, error) {
	if err := p.expect(sep); err != nil {
		return e, err
	}
	k, err := p.factor()
	if err != nil {
		return e, err
	}
	n, ok := k.IsConst()
	if !ok || n <= 0 {
		return e, p.errorf("divisors are positive constants")
	}
	by := map[string]func(Expr, int64) Expr{"floor": Expr.FloorDiv, "ceil": Expr.CeilDiv, "trunc": Expr.TruncDiv, "mod": Expr.Mod}
	return by[name](e, n), p.expect(')')
}
