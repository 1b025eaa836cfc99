package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// conjunct is one of the conditions that a bool tensor is the conjunction of: that an affine function of the index is not negative, or the
// value itself where it is no such thing.
type conjunct struct {
	bound   affine // ≥ 0
	isBound bool
	value   *ir.Value  // nil for a bound that no value of the graph spells alone
	negated bool       // of value
	split   []sym.Expr // of the scores, for conditions of a mask; see there
}

// conjuncts takes a bool tensor apart. Conditions that always hold are left out.
func conjuncts(v *ir.Value, negated bool) []conjunct { return conjunctsAt(v, negated, newSearch()) }

func conjunctsAt(v *ir.Value, negated bool, s *search) []conjunct {
	whole := []conjunct{{value: v, negated: negated}}
	n := v.Def()
	if n == nil || s.ends() || !v.Type.Ranked {
		return whole
	}
	if k, ok := scalarBool(v); ok && k != negated {
		return nil
	}
	if t, ok := triangleOf(v); ok && t.inside != t.other {
		if (t.inside != 0) == negated {
			t = t.complement()
		}
		return []conjunct{{bound: t.bound, isBound: true, value: v, negated: negated}}
	}
	switch o := n.Op.(type) {
	case *op.Binary:
		switch {
		case o.Fn == op.And && !negated, o.Fn == op.Or && negated:
			return append(conjunctsAt(n.Input(0), negated, s), conjunctsAt(n.Input(1), negated, s)...)
		case o.Fn.Compares() && n.Input(0).Type.Elem != tensor.String:
			if inner, neg, ok := comparedBool(n, o.Fn); ok {
				return conjunctsAt(inner, neg != negated, s)
			}
			b, ok := comparison(n, o.Fn, negated)
			if !ok {
				return whole
			}
			if b.atLeast(0, v.Type.Dims) {
				return nil
			}
			return []conjunct{{bound: b, isBound: true, value: v, negated: negated}}
		}
	case *op.Unary:
		if o.Fn == op.Not {
			return conjunctsAt(n.Input(0), !negated, s)
		}
	case *op.Cast:
		if n.Input(0).Type.Elem == tensor.Bool {
			return conjunctsAt(n.Input(0), negated, s)
		}
		if cond, yes, no, ok := eitherOf(n.Input(0)); ok && o.To == tensor.Bool && (yes != 0) != (no != 0) {
			return conjunctsAt(cond, negated != (yes == 0), s)
		}
	case *op.Reshape, *op.Transpose, *op.Expand, *op.Slice:
		return movedConjuncts(n, whole, conjunctsAt(n.Input(0), negated, s))
	}
	return whole
}

// movedConjuncts follows bounds through an operator that moves elements; anything else is left as it stands behind it.
func movedConjuncts(n *ir.Node, whole, inner []conjunct) []conjunct {
	var out []conjunct
	for _, c := range inner {
		if !c.isBound {
			return whole
		}
		b, ok := c.bound.moved(n)
		if !ok {
			return whole
		}
		out = append(out, conjunct{bound: b.onUnits(n.Out()[0].Type.Dims), isBound: true, value: whole[0].value, negated: whole[0].negated})
	}
	if len(out) > 1 { // one value for two conditions
		for i := range out {
			out[i].value = nil
		}
	}
	return out
}

// comparison writes a comparison of affine integers as b ≥ 0.
func comparison(n *ir.Node, fn op.BinaryFn, negated bool) (affine, bool) {
	x, okX := affineOf(n.Input(0))
	y, okY := affineOf(n.Input(1))
	if !okX || !okY {
		return affine{}, false
	}
	rank := len(n.Out()[0].Type.Dims)
	x, y = x.aligned(rank), y.aligned(rank)
	minus := sym.Const(-1)
	diff := x.plus(y.times(minus)) // x − y
	less := affine{diff.times(minus).coef, diff.times(minus).offset.Sub(sym.Const(1))}
	switch {
	case fn == op.GreaterOrEqual && !negated, fn == op.Less && negated:
		return diff, true
	case fn == op.Greater && !negated, fn == op.LessOrEqual && negated:
		return affine{diff.coef, diff.offset.Sub(sym.Const(1))}, true
	case fn == op.LessOrEqual && !negated, fn == op.Greater && negated:
		return diff.times(minus), true
	case fn == op.Less && !negated, fn == op.GreaterOrEqual && negated:
		return less, true
	}
	return affine{}, false
}

// comparedBool sees through comparisons with a number of what is one number where a condition holds and another where it does not.
func comparedBool(n *ir.Node, fn op.BinaryFn) (inner *ir.Value, negated, ok bool) {
	cond, yes, no, isChoice := eitherOf(n.Input(0))
	k, isScalar := scalarOf(n.Input(1))
	if !isChoice || !isScalar || !keepsShape(n.Input(1), n.Input(0)) || math.IsNaN(yes) || math.IsNaN(no) || math.IsNaN(k) {
		return nil, false, false
	}
	holds := func(x float64) bool {
		switch fn {
		case op.Equal:
			return x == k
		case op.Less:
			return x < k
		case op.LessOrEqual:
			return x <= k
		case op.Greater:
			return x > k
		default:
			return x >= k
		}
	}
	return cond, !holds(yes), holds(yes) != holds(no)
}

// eitherOf takes apart what is the number yes where cond is true, and no where it is false.
func eitherOf(v *ir.Value) (cond *ir.Value, yes, no float64, ok bool) {
	if b := castOfBool(v); b != nil {
		return b, 1, 0, true
	}
	n, _ := nodeOf[*op.Where](v)
	if n == nil || !n.Input(0).Type.Ranked || !slices.EqualFunc(n.Input(0).Type.Dims, v.Type.Dims, sym.Expr.Equal) {
		return nil, 0, 0, false
	}
	yes, okYes := fill(n.Input(1))
	no, okNo := fill(n.Input(2))
	return n.Input(0), yes, no, okYes && okNo
}

// castOfBool is the bool of which v is the value as a number, nil if it is none.
func castOfBool(v *ir.Value) *ir.Value {
	n, o := nodeOf[*op.Cast](v)
	if n == nil || n.Input(0).Type.Elem != tensor.Bool || !o.To.IsInteger() && !o.To.IsFloat() {
		return nil
	}
	return n.Input(0)
}

// scalarBool is the truth value that all elements of a constant have.
func scalarBool(v *ir.Value) (truth, ok bool) {
	if v.Const == nil || v.Const.DType() != tensor.Bool || v.Const.Len() == 0 {
		return false, false
	}
	bits := tensor.Data[bool](v.Const)
	for _, b := range bits {
		if b != bits[0] {
			return false, false
		}
	}
	return bits[0], true
}

// isFullOfTrue reports whether a bool tensor is true everywhere.
func isFullOfTrue(v *ir.Value) bool {
	v = spread(v)
	if t, ok := scalarBool(v); ok {
		return t
	}
	n := defOf(v)
	if n == nil {
		return false
	}
	switch o := n.Op.(type) {
	case *op.ConstantOfShape:
		return o.Value != nil && o.Value.DType() == tensor.Bool && o.Value.Int64(0) != 0
	case *op.Cast:
		x, ok := fill(n.Input(0))
		return o.To == tensor.Bool && ok && x != 0
	}
	return false
}

// fill is the number that all elements of v are.
func fill(v *ir.Value) (float64, bool) {
	v = spread(v)
	if x, ok := scalarOf(v); ok {
		return x, true
	}
	n, o := nodeOf[*op.ConstantOfShape](v)
	if n == nil {
		return 0, false
	}
	if o.Value == nil {
		return 0, true
	}
	if !o.Value.DType().IsFloat() && !o.Value.DType().IsInteger() {
		return 0, false
	}
	return o.Value.Float64(0), true
}

// spread is the value whose elements those of v are, repeated or moved.
func spread(v *ir.Value) *ir.Value {
	for range maxSearch {
		n := defOf(v)
		if n == nil || v.Const != nil {
			return v
		}
		switch n.Op.(type) {
		case *op.Expand, *op.Reshape, *op.Slice, *op.Transpose:
			v = n.Input(0)
		default:
			return v
		}
	}
	return v
}
