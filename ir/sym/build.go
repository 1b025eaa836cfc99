package sym

// Builder makes something of the parts of an expression, such as code that computes it.
type Builder[T any] interface {
	Const(n int64) T
	Symbol(y *Symbol) T
	Add(a, b T) T
	Mul(a, b T) T
	FloorDiv(a T, k int64) T
	TruncDiv(a T, k int64) T
	Min(a, b T) T
	Max(a, b T) T
	Broadcast(a, b T) T
}

// Build takes e apart from the inside out. Of an expression that is an error it makes the constant 0: see [Expr.Err].
func Build[T any](e Expr, b Builder[T]) T {
	terms := e.terms()
	if len(terms) == 0 {
		return b.Const(e.k)
	}
	var sum T
	for i, t := range terms {
		p := buildAtom(t.factors[0], b)
		for _, a := range t.factors[1:] {
			p = b.Mul(p, buildAtom(a, b))
		}
		if t.coef != 1 {
			p = b.Mul(p, b.Const(t.coef))
		}
		if i == 0 {
			sum = p
		} else {
			sum = b.Add(sum, p)
		}
	}
	if e.k != 0 {
		sum = b.Add(sum, b.Const(e.k))
	}
	return sum
}

func buildAtom[T any](a *atom, b Builder[T]) T {
	if a.kind == symbolAtom {
		return b.Symbol(a.sym)
	}
	x := Build(a.args[0], b)
	switch a.kind {
	case floorAtom:
		return b.FloorDiv(x, a.n)
	case truncAtom:
		return b.TruncDiv(x, a.n)
	}
	join := map[atomKind]func(a, b T) T{minAtom: b.Min, maxAtom: b.Max, broadcastAtom: b.Broadcast}[a.kind]
	for _, arg := range a.args[1:] {
		x = join(x, Build(arg, b))
	}
	return x
}
