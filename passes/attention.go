package passes

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// attentions recognises scaled dot-product attention from its core,
//
//	MatMul(Softmax(mask(cap(MatMul(Q, Kᵀ)·scale))), V)
//
// or the same turned round, MatMul(Vᵀ, weightsᵀ), where the mask is any chain of sums with biases and choices between a score and a number that means none, and K and V may be repeated for
// groups of query heads. Everything that exporters spell differently (where the scale stands, which axes were exchanged how, guards against
// NaN) is gone before or looked through.
func attentions(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.MatMul)
		if !ok || !isFloat32(n.Out()[0]) {
			continue
		}
		m := &attentionMatch{node: n, v: n.Input(1), transV: o.TransB, scale: 1}
		softmax, sm := m.softmax(n.Input(0))
		if softmax == nil || o.TransA {
			m = &attentionMatch{node: n, v: n.Input(0), transV: !o.TransA, scale: 1, turned: true}
			if softmax, sm = m.softmax(n.Input(1)); softmax == nil || !o.TransB {
				continue
			}
		}
		if !m.match(softmax, sm) {
			r.missed("attention", n, m.because)
			continue
		}
		if !r.rewrite() {
			return nil
		}
		if err := m.build(g); err != nil {
			return err
		}
	}
	return nil
}

// attentionMatch is the state of one attempt.
type attentionMatch struct {
	node    *ir.Node // the product of weights and values
	transV  bool
	turned  bool // the product has the weights, transposed, behind
	guarded bool // NaN weights are made 0
	q, k, v *ir.Value
	transQ  bool // Q is [B, H, D, S]
	transK  bool // K is [B, H, T, D], as it is needed
	scale   float64
	factors []*ir.Value // of the scores, the same in each row of a head
	softcap float64
	mask    mask
	groups  int64
	because string
}

func (m *attentionMatch) fail(format string, args ...any) bool {
	if m.because == "" {
		m.because = fmt.Sprintf(format, args...)
	}
	return false
}

// softmax finds the softmax that the weights come from, through a guard Where(IsNaN(p), 0, p).
func (m *attentionMatch) softmax(p *ir.Value) (*ir.Node, *op.Softmax) {
	if n, _ := nodeOf[*op.Where](p); n != nil {
		if is := unaryOf(n.Input(0), op.IsNaN); is != nil && is.Input(0) == n.Input(2) {
			if zero, ok := fill(n.Input(1)); ok && zero == 0 {
				m.guarded, p = true, n.Input(2)
			}
		}
	}
	return nodeOf[*op.Softmax](p)
}

func (m *attentionMatch) match(softmax *ir.Node, o *op.Softmax) bool {
	weights := softmax.Out()[0]
	rank, ranked := weights.Type.Rank()
	switch {
	case o.Log || !ranked || rank < 3 || o.Axis != -1 && o.Axis != rank-1:
		return m.fail("the softmax is not one over the last axis of 3 or more")
	case m.usedElsewhere(weights):
		return m.fail("the weights are used elsewhere too")
	}
	if !m.scores(softmax.Input(0)) {
		return m.fail("the scores are no product of two computed matrices")
	}
	for _, v := range []*ir.Value{m.q, m.k, m.v} {
		if n, ok := v.Type.Rank(); !ok || n != rank {
			return m.fail("queries, keys and values have not the rank of the scores, %d", rank)
		}
	}
	return m.heads(rank) && m.masks()
}

// usedElsewhere reports whether the weights have other uses than products with values, by way of the guard. Weights of several values become an
// attention of each.
func (m *attentionMatch) usedElsewhere(w *ir.Value) bool {
	if w.IsOutput() {
		return true
	}
	for _, u := range w.Uses() {
		if u.Node == m.node {
			continue
		}
		if !m.guarded {
			if o, ok := u.Node.Op.(*op.MatMul); ok && u.Index == 0 && !o.TransA {
				continue
			}
			return true
		}
		for _, v := range u.Node.Out() { // IsNaN, or the choice itself
			if v.IsOutput() || len(v.Uses()) != 1 {
				return true
			}
		}
	}
	return false
}

// scores takes apart what the softmax is applied to.
func (m *attentionMatch) scores(v *ir.Value) bool {
	n := defOf(v)
	if n == nil || !single(v) {
		return false
	}
	split := m.mask.split
	defer func() { m.mask.split = split }()
	switch o := n.Op.(type) {
	case *op.Reshape: // windows of an image, masked each in its way
		from, to := n.Input(0).Type, v.Type
		switch {
		case split == nil && splitsFirst(to, from):
			m.mask.split = from.Dims
		case split != nil && splitsFirst(from, to) && to.Dims[0].Equal(split[0]):
			m.mask.split = nil
		default:
			return false
		}
		return m.scores(n.Input(0))
	case *op.MatMul:
		if split != nil || n.Input(0).Const != nil || n.Input(1).Const != nil {
			return false
		}
		m.q, m.transQ, m.k, m.transK = n.Input(0), o.TransA, n.Input(1), o.TransB
		return true
	case *op.Where:
		if x, ok := fill(n.Input(2)); ok && isMasking(x) && m.scores(n.Input(1)) {
			return m.mask.require(n.Input(0), false, x) || m.fail("masked scores are %g, which is not low enough", x)
		}
		if x, ok := fill(n.Input(1)); ok && isMasking(x) && m.scores(n.Input(2)) {
			return m.mask.require(n.Input(0), true, x) || m.fail("masked scores are %g, which is not low enough", x)
		}
	case *op.Binary:
		if x, k, ok := withScalar(n); ok && o.Fn == op.Mul {
			if t := unaryOf(x, op.Tanh); t != nil && single(x) && m.scores(t.Input(0)) {
				if m.softcap != 0 || m.masked() {
					return m.fail("scores are capped after they are masked or capped")
				}
				m.softcap = k // k·tanh(s), which is k·tanh((s·k)/k)
				m.scale *= k
				return true
			}
			if !m.scores(x) {
				return false
			}
			if m.softcap != 0 || !m.mask.scale(k) {
				return m.fail("scores are scaled after they are masked or capped")
			}
			m.scale *= k
			return true
		}
		if o.Fn == op.Mul {
			return m.factor(n)
		}
		if o.Fn == op.Sub && m.scores(n.Input(0)) {
			m.mask.floats = append(m.mask.floats, bias{n.Input(1), -1, m.mask.split})
			return true
		}
		if o.Fn == op.Max {
			return m.bounded(n)
		}
		if o.Fn == op.Add {
			for i := range 2 {
				before := *m
				if m.scores(n.Input(i)) {
					if !m.mask.add(n.Input(1 - i)) {
						m.mask.floats = append(m.mask.floats, bias{n.Input(1 - i), 1, m.mask.split})
					}
					return true
				}
				before.because = m.because
				*m = before
			}
		}
	}
	return false
}

// factor finds scores times numbers that are the same in each row of a head, such as a temperature of each head.
func (m *attentionMatch) factor(n *ir.Node) bool {
	for i := range 2 {
		before := *m
		f := n.Input(1 - i)
		d := f.Type.Dims
		if !f.Type.Ranked || len(d) > 1 && !isUnit(d[len(d)-2]) || len(d) > 0 && !isUnit(d[len(d)-1]) || !sameDims(n.Input(i).Type, n.Out()[0].Type) || !m.scores(n.Input(i)) {
			before.because = m.because
			*m = before
			continue
		}
		if m.softcap != 0 || m.masked() || m.mask.split != nil && len(d) > len(m.mask.split)-2 {
			return m.fail("scores are multiplied after they are masked or capped")
		}
		m.factors = append(m.factors, f)
		return true
	}
	return false
}

// bounded looks through a lower bound of masked scores, the lowest number there is, which makes finite what is -Inf.
func (m *attentionMatch) bounded(n *ir.Node) bool {
	for i := range 2 {
		if low, ok := fill(n.Input(i)); ok && low <= -1e30 && sameDims(n.Input(1-i).Type, n.Out()[0].Type) && m.scores(n.Input(1-i)) {
			if m.mask.hard {
				m.mask.hard, m.mask.finite = false, true
			}
			return true
		}
	}
	return false
}

func (m *attentionMatch) masked() bool {
	return len(m.mask.floats) > 0 || len(m.mask.conds) > 0 || m.mask.causal || m.mask.left > 0 || m.mask.slopes != nil
}

// heads checks the axes in front, and looks through the repetition of keys and values for groups of heads.
func (m *attentionMatch) heads(rank int) bool {
	m.groups = 1
	if rank == 4 && m.transK && !m.transV {
		k, gk := repeated(m.k)
		v, gv := repeated(m.v)
		if gk > 1 && gk == gv {
			m.k, m.v, m.groups = k, v, gk
		}
	}
	q, k, v := m.q.Type.Dims, m.k.Type.Dims, m.v.Type.Dims
	for i := range rank - 2 {
		want := q[i]
		if i == 1 && m.groups > 1 {
			want = k[i]
		}
		if i == 1 && rank == 4 && isUnit(k[i]) && isUnit(v[i]) {
			continue // one head of keys for all
		}
		if !k[i].Equal(want) || !v[i].Equal(want) {
			return m.fail("axis %d of queries, keys and values differs: %v, %v, %v", i, q[i], k[i], v[i])
		}
	}
	return true
}

// repeated looks through Reshape(Expand(Reshape(x))) that repeats each head of x: [B, G, T, D] → [B, G·r, T, D]. It returns x and r, which
// is 1 where nothing is repeated.
func repeated(v *ir.Value) (*ir.Value, int64) {
	out, _ := nodeOf[*op.Reshape](v)
	if out == nil {
		return v, 1
	}
	ex, _ := nodeOf[*op.Expand](out.Input(0))
	if ex == nil {
		return v, 1
	}
	in, _ := nodeOf[*op.Reshape](ex.Input(0))
	if in == nil {
		return v, 1
	}
	x, narrow, wide := in.Input(0).Type.Dims, ex.Input(0).Type.Dims, ex.Out()[0].Type.Dims
	if len(x) != 4 || len(narrow) != 5 || len(wide) != 5 || len(v.Type.Dims) != 4 || !isUnit(narrow[2]) {
		return v, 1
	}
	times, ok := wide[2].IsConst()
	want := []sym.Expr{x[0], x[1], wide[2], x[2], x[3]}
	for i := range want {
		ok = ok && wide[i].Equal(want[i])
	}
	if !ok || !v.Type.Equal(ir.TensorType(v.Type.Elem, x[0], x[1].Mul(wide[2]), x[2], x[3])) {
		return v, 1
	}
	return in.Input(0), times
}

// masks checks that the conditions can be told by one mask, and what becomes of queries without any key.
func (m *attentionMatch) masks() bool {
	k := &m.mask
	if k.slopes != nil {
		heads, ok := m.q.Type.Dims[max(0, len(m.q.Type.Dims)-3)].IsConst()
		if !k.causal || len(m.q.Type.Dims) != 4 || !ok || heads != int64(k.slopes.Len()) {
			k.floats, k.slopes = append(k.floats, bias{k.alibi, 1, nil}), nil
		}
	}
	if k.hard && k.finite {
		return m.fail("some masked scores are -Inf and others are finite")
	}
	return true
}

// empty is what the result is for a query without any key.
func (m *attentionMatch) empty() op.EmptyRow {
	k := &m.mask
	switch {
	case len(k.conds) == 0 && (!k.causal || k.start.AtLeast(0)):
		return op.EmptyZero // there is none
	case k.finite:
		return op.EmptyMean
	case m.guarded || !k.hard:
		return op.EmptyZero
	}
	return op.EmptyNaN
}

// maskValue is the mask as one tensor: bool if there are conditions only, else float; nil if all of it is structure.
func (m *attentionMatch) maskValue(add func(ir.Op, ...*ir.Value) (*ir.Value, error)) (*ir.Value, error) {
	var cond, bias *ir.Value
	for _, c := range m.mask.conds {
		v, err := whole(c.value, c.split, add)
		if err != nil {
			return nil, err
		}
		if c.negated {
			if v, err = add(&op.Unary{Fn: op.Not}, v); err != nil {
				return nil, err
			}
		}
		if cond == nil {
			cond = v
		} else if cond, err = add(&op.Binary{Fn: op.And}, cond, v); err != nil {
			return nil, err
		}
	}
	for _, b := range m.mask.floats {
		f, err := whole(b.value, b.split, add)
		if err != nil {
			return nil, err
		}
		if b.factor != 1 {
			k := tensor.New(f.Type.Elem)
			k.SetFloat64(0, b.factor)
			c, err := add(&ir.Const{Value: k})
			if err != nil {
				return nil, err
			}
			if f, err = add(&op.Binary{Fn: op.Mul}, f, c); err != nil {
				return nil, err
			}
		}
		if bias == nil {
			bias = f
		} else if bias, err = add(&op.Binary{Fn: op.Add}, bias, f); err != nil {
			return nil, err
		}
	}
	if cond == nil || bias == nil {
		if cond != nil {
			return cond, nil
		}
		return bias, nil
	}
	none := tensor.New(bias.Type.Elem)
	none.SetFloat64(0, math.Inf(-1))
	hidden, err := add(&ir.Const{Value: none})
	if err != nil {
		return nil, err
	}
	return add(&op.Where{}, cond, bias, hidden)
}
