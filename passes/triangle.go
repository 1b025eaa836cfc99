package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// twoValued is a tensor that has one value where an affine function of its index is not negative, and another everywhere else: a triangle, however
// it was made. Truth values are 1 and 0.
type twoValued struct {
	bound         affine
	inside, other float64
}

// triangleOf recognises a triangle of equal numbers or truth values, and what is computed of one element by element.
func triangleOf(v *ir.Value) (twoValued, bool) { return triangleAt(v, newSearch()) }

func triangleAt(v *ir.Value, s *search) (twoValued, bool) {
	if v == nil || s.ends() || !v.Type.Ranked || len(v.Type.Dims) < 2 {
		return twoValued{}, false
	}
	if v.Const != nil {
		return constantTriangle(v.Const)
	}
	n := v.Def()
	if n == nil {
		return twoValued{}, false
	}
	in := func() (twoValued, bool) { return triangleAt(n.Input(0), s) }
	switch o := n.Op.(type) {
	case *op.Trilu:
		return triluOf(n, o)
	case *op.Reshape, *op.Transpose, *op.Expand, *op.Slice:
		t, ok := in()
		if !ok {
			return t, false
		}
		t.bound, ok = t.bound.moved(n)
		return t, ok
	case *op.Cast:
		if t, ok := in(); ok && o.To == tensor.Bool {
			return t.mapped(func(x float64) float64 { return truth(x != 0) }), true
		} else if n.Input(0).Type.Elem == tensor.Bool || n.Input(0).Type.Elem.IsInteger() || !o.To.IsInteger() {
			return t, ok
		}
	case *op.Unary:
		t, ok := in()
		switch o.Fn {
		case op.Not:
			return t.mapped(func(x float64) float64 { return 1 - x }), ok
		case op.Neg:
			return t.mapped(func(x float64) float64 { return -x }), ok
		}
	case *op.Binary:
		return triangleBinary(n, o.Fn, s)
	}
	return twoValued{}, false
}

// triangleBinary is a function of a triangle and a scalar.
func triangleBinary(n *ir.Node, fn op.BinaryFn, s *search) (twoValued, bool) {
	for i := range 2 {
		k, ok := scalarOf(n.Input(1 - i))
		if !ok || !keepsShape(n.Input(1-i), n.Input(i)) {
			continue
		}
		f := scalarFn(fn)
		t, ok := triangleAt(n.Input(i), s)
		if !ok || f == nil {
			return twoValued{}, false
		}
		return t.mapped(func(x float64) float64 {
			if i == 1 {
				return f(k, x)
			}
			return f(x, k)
		}), true
	}
	return twoValued{}, false
}

// scalarFn is a function of two numbers, nil for those that masks are not made with.
func scalarFn(fn op.BinaryFn) func(x, y float64) float64 {
	switch fn {
	case op.Add:
		return func(x, y float64) float64 { return x + y }
	case op.Sub:
		return func(x, y float64) float64 { return x - y }
	case op.Mul:
		return func(x, y float64) float64 { return x * y }
	case op.Equal:
		return func(x, y float64) float64 { return truth(x == y) }
	case op.Less:
		return func(x, y float64) float64 { return truth(x < y) }
	case op.LessOrEqual:
		return func(x, y float64) float64 { return truth(x <= y) }
	case op.Greater:
		return func(x, y float64) float64 { return truth(x > y) }
	case op.GreaterOrEqual:
		return func(x, y float64) float64 { return truth(x >= y) }
	}
	return nil
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func (t twoValued) mapped(f func(float64) float64) twoValued {
	return twoValued{t.bound, f(t.inside), f(t.other)}
}

// complement has the values change places: b < 0 is −b − 1 ≥ 0.
func (t twoValued) complement() twoValued {
	b := t.bound.times(sym.Const(-1))
	b.offset = b.offset.Sub(sym.Const(1))
	return twoValued{b, t.other, t.inside}
}

// triluOf is a triangle of a tensor full of one value, with zeros around it.
func triluOf(n *ir.Node, o *op.Trilu) (twoValued, bool) {
	x, ok := fill(n.Input(0))
	if !ok && isFullOfTrue(n.Input(0)) {
		x, ok = 1, true
	}
	k := sym.Expr{}
	if n.Input(1) != nil {
		s := symbols(n.Input(1))
		if len(s) != 1 {
			return twoValued{}, false
		}
		k = s[0]
	}
	return twoValued{bound: diagonal(len(n.Out()[0].Type.Dims), k, o.Upper), inside: x}, ok
}

// diagonal is the condition of an element of matrices to stand on or below diagonal k, or on or above it.
func diagonal(rank int, k sym.Expr, upper bool) affine {
	b := affine{make([]sym.Expr, rank), k}
	b.coef[rank-2], b.coef[rank-1] = sym.Const(1), sym.Const(-1)
	if upper {
		return b.times(sym.Const(-1))
	}
	return b
}

const maxTriangle = 1 << 24 // elements of a constant that is looked at

// constantTriangle recognises [1…, N, M] that has one value on and below a diagonal and another above it.
func constantTriangle(t *tensor.Tensor) (twoValued, bool) {
	d := t.DType()
	if d != tensor.Bool && !d.IsInteger() && !d.IsFloat() || t.Rank() < 2 || t.Len() == 0 || t.Len() > maxTriangle {
		return twoValued{}, false
	}
	rows, cols := t.Dim(t.Rank()-2), t.Dim(t.Rank()-1)
	if rows*cols != t.Len() || rows < 2 || cols < 2 {
		return twoValued{}, false
	}
	inside, k := t.Float64(cols*(rows-1)), -rows+1 // the corner below, and the diagonal up to which its value reaches
	for k+1 < cols && t.Float64(max(0, -k-1)*cols+max(0, k+1)) == inside {
		k++
	}
	if k == cols-1 {
		return twoValued{}, false
	}
	other := t.Float64(cols - 1)
	for i := range rows {
		for j := range cols {
			want := other
			if j <= i+k {
				want = inside
			}
			if t.Float64(i*cols+j) != want {
				return twoValued{}, false
			}
		}
	}
	return twoValued{diagonal(t.Rank(), sym.Const(int64(k)), false), inside, other}, true
}
