package passes

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// mask is what stands between scores [B, H, S, T] and their softmax, as structure.
type mask struct {
	causal bool
	start  sym.Expr   // position of the first query among the keys, of the causal condition
	left   int        // keys of a local window, 0: no limit
	conds  []conjunct // conditions that are no structure
	floats []bias     // biases that are none
	slopes *tensor.Tensor
	alibi  *ir.Value  // the bias that the slopes stand for
	split  []sym.Expr // dimensions of the scores where masks are read and their first axis is split in two; nil where it is whole
	finite bool       // masked scores are finite, so that a query without any key sees all of them alike
	hard   bool       // masked scores are -Inf
}

// bias is added to the scores, times a factor.
type bias struct {
	value  *ir.Value
	factor float64
	split  []sym.Expr // of the scores; see mask
}

// add takes a bias apart; it reports false, and leaves m as it was, if masked scores would mean two things.
func (m *mask) add(v *ir.Value) bool {
	before := *m
	if !m.addParts(v, newSearch()) {
		*m = before
		return false
	}
	return true
}

func (m *mask) addParts(v *ir.Value, s *search) bool {
	if n := binaryOf(v, op.Add); n != nil && !s.ends() {
		return m.addParts(n.Input(0), s) && m.addParts(n.Input(1), s)
	}
	if n, _ := nodeOf[*op.Where](v); n != nil {
		a, okA := fill(n.Input(1))
		b, okB := fill(n.Input(2))
		switch {
		case okA && okB && a == 0 && isMasking(b):
			return m.require(n.Input(0), false, b)
		case okA && okB && b == 0 && isMasking(a):
			return m.require(n.Input(0), true, a)
		}
	}
	if x, k, ok := withScalar(binaryOf(v, op.Mul)); ok && isMasking(k) && !math.IsInf(k, 0) {
		if c := castOfBool(x); c != nil {
			return m.require(c, true, k)
		}
		if n := binaryOf(x, op.Sub); n != nil {
			if one, ok := scalarOf(n.Input(0)); ok && one == 1 && castOfBool(n.Input(1)) != nil {
				return m.require(castOfBool(n.Input(1)), false, k)
			}
		}
	}
	if t, ok := triangleOf(v); ok {
		if t.inside != 0 {
			t = t.complement()
		}
		if t.inside == 0 && isMasking(t.other) {
			return m.bound(conjunct{bound: t.bound, isBound: true}, t.other)
		}
	}
	if s := slopes(v); s != nil && m.alibi == nil && m.split == nil {
		m.slopes, m.alibi = s, v
		return true
	}
	m.floats = append(m.floats, bias{v, 1, m.split})
	return true
}

// isMasking reports whether a score that this is added to has no weight beside any other.
func isMasking(x float64) bool { return x <= -1e4 }

// require adds the condition under which a key is not masked; masked scores are x.
func (m *mask) require(cond *ir.Value, negated bool, x float64) bool {
	for _, c := range conjuncts(cond, negated) {
		if c.isBound {
			if m.bound(c, x) {
				continue
			}
			if c.value == nil {
				c = conjunct{value: cond, negated: negated}
			}
		}
		if x > -1e30 { // the scores of a query without any key still differ
			return false
		}
		m.note(x)
		m.conds = append(m.conds, conjunct{value: c.value, negated: c.negated, split: m.split})
		if c.value == cond {
			break
		}
	}
	return true
}

func (m *mask) note(x float64) {
	if math.IsInf(x, -1) {
		m.hard = true
	} else {
		m.finite = true
	}
}

// bound makes b ≥ 0 a causal mask or a window, and reports whether that went.
func (m *mask) bound(c conjunct, x float64) bool {
	b := c.bound
	rank := len(b.coef)
	if rank < 2 {
		return false
	}
	for _, k := range b.coef[:rank-2] {
		if n, ok := k.IsConst(); !ok || n != 0 {
			return false
		}
	}
	i, okI := b.coef[rank-2].IsConst()
	j, okJ := b.coef[rank-1].IsConst()
	switch {
	case !okI || !okJ:
		return false
	case i == 1 && j == -1: // j ≤ i + offset
		if m.causal {
			return m.start.Equal(b.offset)
		}
		m.causal, m.start = true, b.offset
	case i == -1 && j == 1 && m.causal: // j ≥ i − offset, with j ≤ i + start
		n, ok := b.offset.Add(m.start).Add(sym.Const(1)).IsConst()
		if !ok || n < 1 || n > math.MaxInt32 || m.left > 0 {
			return false
		}
		m.left = int(n)
	default:
		return false
	}
	m.note(x)
	return true
}

// slopes recognises the bias of ALiBi, a number a head times the key's position (to which anything may be added that is the same in a row),
// and gives these numbers; nil if v is none.
func slopes(v *ir.Value) *tensor.Tensor {
	n := binaryOf(v, op.Mul)
	if n == nil || !v.Type.Ranked || len(v.Type.Dims) < 3 {
		return nil
	}
	rank := len(v.Type.Dims)
	for i := range 2 {
		k := n.Input(1 - i)
		if k.Const == nil || k.Const.DType() != tensor.Float32 || k.Const.Rank() < 3 || k.Const.Len() != k.Const.Dim(k.Const.Rank()-3) {
			continue
		}
		a, ok := affineOf(n.Input(i))
		if !ok {
			continue
		}
		a = a.aligned(rank)
		j, ok := a.coef[rank-1].IsConst()
		if !ok || j == 0 {
			continue
		}
		for _, c := range a.coef[:rank-2] {
			if n, isConst := c.IsConst(); !isConst || n != 0 {
				ok = false
			}
		}
		if !ok {
			continue
		}
		s := tensor.New(tensor.Float32, k.Const.Len())
		for h := range k.Const.Len() {
			s.SetFloat64(h, k.Const.Float64(h)*float64(j))
		}
		return s
	}
	return nil
}

// scale multiplies what was added to the scores so far; false if that is structure, whose meaning a factor would change.
func (m *mask) scale(k float64) bool {
	if m.causal || m.left > 0 || len(m.conds) > 0 || m.slopes != nil {
		return false
	}
	for i := range m.floats {
		m.floats[i].factor *= k
	}
	return true
}
