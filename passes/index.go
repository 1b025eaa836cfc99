package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// affine is a tensor whose element at an index is a sum of multiples of that index: offset + Σ coef[k]·index of axis k. It is how positions
// are told apart from other integers, whichever way they are spelled.
type affine struct {
	coef   []sym.Expr // by axis
	offset sym.Expr
}

// search bounds how many operators a question looks at, however they are connected: values that are used twice lie on as many paths as there are
// ways to go, and questions are asked at many nodes.
type search struct{ left int }

const maxSearch = 256 // operators

func newSearch() *search { return &search{maxSearch} }

// ends counts one more operator and reports whether it is one too many.
func (s *search) ends() bool {
	s.left--
	return s.left < 0
}

// affineOf finds out whether v is affine in its own index.
func affineOf(v *ir.Value) (affine, bool) { return affineAt(v, newSearch()) }

func affineAt(v *ir.Value, s *search) (affine, bool) {
	if v == nil || !v.Type.Ranked || s.ends() {
		return affine{}, false
	}
	if c, ok := constantAffine(v); ok {
		return c, true
	}
	n := v.Def()
	if n == nil {
		return affine{}, false
	}
	in := func(i int) (affine, bool) { return affineAt(n.Input(i), s) }
	var a affine
	ok := false
	switch o := n.Op.(type) {
	case *op.Range:
		start, step := n.Input(0).Sym, n.Input(2).Sym
		if len(start) == 1 && len(step) == 1 {
			a, ok = affine{[]sym.Expr{step[0]}, start[0]}, true
		}
	case *op.Cast:
		if o.To.IsInteger() && n.Input(0).Type.Elem.IsInteger() || o.To == tensor.Float32 || o.To == tensor.Float64 {
			a, ok = in(0)
		}
	case *op.Unary:
		if o.Fn == op.Neg {
			if a, ok = in(0); ok {
				a = a.times(sym.Const(-1))
			}
		}
	case *op.Binary:
		a, ok = affineBinary(o, n, in)
	case *op.Reshape, *op.Transpose, *op.Expand, *op.Slice:
		if a, ok = in(0); ok {
			a, ok = a.moved(n)
		}
	}
	if !ok {
		return affine{}, false
	}
	return a.onUnits(v.Type.Dims), true
}

func affineBinary(o *op.Binary, n *ir.Node, in func(int) (affine, bool)) (affine, bool) {
	if o.Fn != op.Add && o.Fn != op.Sub && o.Fn != op.Mul {
		return affine{}, false
	}
	a, okA := in(0)
	b, okB := in(1)
	if !okA || !okB {
		return affine{}, false
	}
	rank := len(n.Out()[0].Type.Dims)
	a, b = a.aligned(rank), b.aligned(rank)
	switch {
	case o.Fn == op.Add:
		return a.plus(b), true
	case o.Fn == op.Sub:
		return a.plus(b.times(sym.Const(-1))), true
	case b.isUniform():
		return a.times(b.offset), true
	case a.isUniform():
		return b.times(a.offset), true
	}
	return affine{}, false
}

// constantAffine reads contents that are known.
func constantAffine(v *ir.Value) (affine, bool) {
	rank := len(v.Type.Dims)
	if len(v.Sym) == 1 {
		return affine{make([]sym.Expr, rank), v.Sym[0]}, true
	}
	t := v.Const
	if t == nil || t.Len() == 0 || t.Len() > 1<<20 || !t.DType().IsInteger() && !t.DType().IsFloat() {
		return affine{}, false
	}
	whole := func(i int) (int64, bool) {
		x := t.Float64(i)
		return int64(x), x == float64(int64(x)) && x > -1<<40 && x < 1<<40
	}
	first, ok := whole(0)
	if !ok {
		return affine{}, false
	}
	coef, step := make([]int64, rank), 1
	for k := rank - 1; k >= 0; k-- {
		if t.Dim(k) > 1 {
			next, _ := whole(step)
			coef[k] = next - first
		}
		step *= t.Dim(k)
	}
	for i := range t.Len() {
		want, rest := first, i
		for k := rank - 1; k >= 0; k-- {
			want += coef[k] * int64(rest%t.Dim(k))
			rest /= t.Dim(k)
		}
		if x, ok := whole(i); !ok || x != want {
			return affine{}, false
		}
	}
	a := affine{make([]sym.Expr, rank), sym.Const(first)}
	for k, c := range coef {
		a.coef[k] = sym.Const(c)
	}
	return a, true
}

// moved follows a through an operator that only moves elements.
func (a affine) moved(n *ir.Node) (affine, bool) {
	from, to := n.Input(0).Type.Dims, n.Out()[0].Type.Dims
	switch o := n.Op.(type) {
	case *op.Expand:
		return a.onUnits(from).aligned(len(to)), len(to) >= len(from)
	case *op.Transpose:
		if len(o.Perm) != len(from) {
			return affine{}, false
		}
		b := affine{make([]sym.Expr, len(to)), a.offset}
		for i, k := range o.Perm {
			b.coef[i] = a.coef[k]
		}
		return b, true
	case *op.Reshape:
		return a.reshaped(from, to)
	case *op.Slice:
		return a.sliced(n)
	}
	return affine{}, false
}

// reshaped handles reshapes that add or remove axes of length 1.
func (a affine) reshaped(from, to []sym.Expr) (affine, bool) {
	b := affine{make([]sym.Expr, len(to)), a.offset}
	i := 0
	for k, d := range to {
		if isUnit(d) {
			continue
		}
		for i < len(from) && isUnit(from[i]) {
			i++
		}
		if i == len(from) || !from[i].Equal(d) {
			return affine{}, false
		}
		b.coef[k] = a.coef[i]
		i++
	}
	for ; i < len(from); i++ {
		if !isUnit(from[i]) {
			return affine{}, false
		}
	}
	return b, true
}

func (a affine) sliced(n *ir.Node) (affine, bool) {
	starts, axes, steps := symbols(n.Input(1)), symbols(n.Input(3)), symbols(n.Input(4))
	rank := len(n.Input(0).Type.Dims)
	b := affine{slices.Clone(a.coef), a.offset}
	for i, s := range starts {
		axis, step := i, sym.Const(1)
		if n.Input(3) != nil {
			if i >= len(axes) {
				return affine{}, false
			}
			k, ok := axes[i].IsConst()
			if !ok {
				return affine{}, false
			}
			if axis = int(k); axis < 0 {
				axis += rank
			}
		}
		if n.Input(4) != nil {
			if i >= len(steps) {
				return affine{}, false
			}
			step = steps[i]
		}
		if axis < 0 || axis >= rank || !s.AtLeast(0) || !step.AtLeast(1) {
			return affine{}, false
		}
		b.offset = b.offset.Add(a.coef[axis].Mul(s))
		b.coef[axis] = a.coef[axis].Mul(step)
	}
	return b, len(starts) > 0 && b.offset.Err() == nil
}

// symbols are the contents of a small integer vector, nil if they are not known.
func symbols(v *ir.Value) []sym.Expr {
	if v == nil {
		return nil
	}
	return v.Sym
}

func isUnit(d sym.Expr) bool { n, ok := d.IsConst(); return ok && n == 1 }

// onUnits drops coefficients of axes of length 1, whose index is always 0.
func (a affine) onUnits(dims []sym.Expr) affine {
	b := affine{slices.Clone(a.coef), a.offset}
	for i, d := range dims {
		if isUnit(d) {
			b.coef[i] = sym.Expr{}
		}
	}
	return b
}

// aligned adds axes in front.
func (a affine) aligned(rank int) affine {
	return affine{append(make([]sym.Expr, max(0, rank-len(a.coef))), a.coef...), a.offset}
}

func (a affine) plus(b affine) affine {
	c := affine{make([]sym.Expr, len(a.coef)), a.offset.Add(b.offset)}
	for i := range c.coef {
		c.coef[i] = a.coef[i].Add(b.coef[i])
	}
	return c
}

func (a affine) times(k sym.Expr) affine {
	c := affine{make([]sym.Expr, len(a.coef)), a.offset.Mul(k)}
	for i := range c.coef {
		c.coef[i] = a.coef[i].Mul(k)
	}
	return c
}

// isUniform reports whether all elements are the same.
func (a affine) isUniform() bool {
	return !slices.ContainsFunc(a.coef, func(c sym.Expr) bool { n, ok := c.IsConst(); return !ok || n != 0 })
}

// isIndexOf reports whether a is just the index of that axis.
func (a affine) isIndexOf(axis int) bool {
	for k, c := range a.coef {
		want := int64(0)
		if k == axis {
			want = 1
		}
		if n, ok := c.IsConst(); !ok || n != want {
			return false
		}
	}
	n, ok := a.offset.IsConst()
	return ok && n == 0
}

// atLeast reports whether no element over a tensor of those dimensions is less than n.
func (a affine) atLeast(n int64, dims []sym.Expr) bool {
	low := a.offset
	for i, c := range a.coef {
		if c.AtLeast(0) {
			continue
		}
		if !c.Neg().AtLeast(0) {
			return false
		}
		low = low.Add(c.Mul(dims[i].Sub(sym.Const(1))))
	}
	return low.AtLeast(n)
}
