package randomgraph

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// attention is self-attention or cross-attention of sequences, in one of thousands of spellings.
func (m *maker) attention() *ir.Value {
	x, y := m.sequence(), m.sequence()
	if x == nil || y == nil {
		return nil
	}
	if m.coin(2) {
		y = x
	}
	a := &attending{maker: m, groups: 1 + m.IntN(2), size: 2 * (1 + m.IntN(4))}
	a.heads = a.groups * (1 + m.IntN(2))
	a.project(x, y)
	if m.coin(3) && a.size%2 == 0 {
		a.q, a.k = m.turn(a.q, 2, a.size), m.turn(a.k, 2, a.size)
	}
	if m.coin(4) {
		a.prepend()
	}
	var out *ir.Value
	if m.coin(4) {
		if m.coin(2) {
			a.repeat()
		}
		out = a.operator()
	} else {
		a.repeat()
		out = a.weigh()
	}
	out = m.expr(&op.Reshape{}, m.transpose(out, 0, 2, 1, 3), m.join(m.size(x, 0), m.size(x, 1), m.whole(int64(a.heads*a.size))))
	if m.coin(2) {
		out = m.project(out, m.width(x))
	}
	return out
}

// attending is an attention in the making.
type attending struct {
	*maker
	heads, groups, size int
	q, k, v             *ir.Value // [batch, heads, rows, size], of keys and values [batch, groups, …] at first
	offset              *ir.Value // of the first query among the keys, an i64 scalar; nil: 0
	empty               bool      // a query may be left without any key
}

// project makes queries, keys and values, alone or packed.
func (a *attending) project(x, y *ir.Value) {
	q, kv := a.heads*a.size, a.groups*a.size
	switch {
	case x == y && a.heads == a.groups && a.coin(4): // axes of thirds, heads and elements
		all := a.transpose(a.reshape(a.maker.project(x, 3*q), 0, 0, 3, int64(a.heads), int64(a.size)), 2, 0, 3, 1, 4)
		for i, to := range []**ir.Value{&a.q, &a.k, &a.v} {
			*to = a.expr(&op.Gather{}, all, a.whole(int64(i)))
		}
		return
	case x == y && a.heads == a.groups && a.coin(3):
		parts := a.exprs(&op.Split{Axis: -1, Num: 3}, a.maker.project(x, 3*q))
		a.q, a.k, a.v = parts[0], parts[1], parts[2]
	case x == y && a.coin(3):
		all := a.maker.project(x, q+2*kv)
		a.q = a.slice(all, 2, 0, int64(q), 1)
		a.k, a.v = a.slice(all, 2, int64(q), int64(q+kv), 1), a.slice(all, -1, int64(q+kv), math.MaxInt64, 1)
	default:
		a.q, a.k, a.v = a.maker.project(x, q), a.maker.project(y, kv), a.maker.project(y, kv)
	}
	a.q, a.k, a.v = a.split(a.q, a.heads), a.split(a.k, a.groups), a.split(a.v, a.groups)
}

// split makes [batch, heads, rows, size] of [batch, rows, heads·size].
func (a *attending) split(x *ir.Value, heads int) *ir.Value {
	h, d := int64(heads), int64(a.size)
	var y *ir.Value
	switch a.IntN(3) {
	case 0:
		y = a.reshape(x, 0, 0, h, d)
	case 1:
		y = a.reshape(x, 0, -1, h, d)
	default:
		y = a.expr(&op.Reshape{}, x, a.join(a.maker.size(x, 0), a.maker.size(x, 1), a.whole(h), a.whole(d)))
	}
	return a.transpose(y, 0, 2, 1, 3)
}

// prepend puts past keys and values before the new ones.
func (a *attending) prepend() {
	wanted := a.coin(2)
	for _, to := range []**ir.Value{&a.k, &a.v} {
		past := a.input("past", ir.TensorType(tensor.Float32, a.batch, sym.Int(a.groups), a.past, sym.Int(a.size)))
		a.offset = a.maker.size(past, 2)
		*to = a.expr(&op.Concat{Axis: 2}, past, *to)
		if wanted {
			a.wanted = append(a.wanted, *to)
		}
	}
}

// repeat repeats keys and values for groups of heads.
func (a *attending) repeat() {
	times := int64(a.heads / a.groups)
	if times == 1 {
		return
	}
	for _, to := range []**ir.Value{&a.k, &a.v} {
		rows := a.maker.size(*to, 2)
		narrow := a.unsqueeze(*to, 2)
		var wide *ir.Value
		if a.coin(2) {
			wide = a.expr(&op.Expand{}, narrow, a.list(1, 1, times, 1, 1))
		} else {
			wide = a.expr(&op.Tile{}, narrow, a.list(1, 1, times, 1, 1))
		}
		*to = a.expr(&op.Reshape{}, wide, a.join(a.maker.size(wide, 0), a.whole(int64(a.heads)), rows, a.whole(int64(a.size))))
	}
}

// weigh is the attention of heads.
func (a *attending) weigh() *ir.Value {
	scale := 1 / math.Sqrt(float64(a.size))
	q, k := a.q, a.k
	where := a.IntN(5)
	switch where {
	case 0:
		q = a.scaled(q, scale)
	case 1:
		k = a.scaled(k, scale)
	case 2:
		q, k = a.scaled(q, math.Sqrt(scale)), a.scaled(k, math.Sqrt(scale))
	}
	s := a.scores(q, k)
	if where >= 3 {
		s = a.scaled(s, scale)
	}
	if a.coin(5) {
		s = a.scaled(a.unary(op.Tanh, a.scaled(s, 0.25)), 4)
	}
	s = a.mask(s)
	p := a.softmax(s)
	if a.empty || a.coin(4) {
		p = a.expr(&op.Where{}, a.unary(op.IsNaN, p), a.number(0), p)
	}
	if a.coin(6) {
		return a.expr(&op.Einsum{Equation: "bhij,bhjd->bhid"}, p, a.v)
	}
	return a.expr(&op.MatMul{}, p, a.v)
}

// softmax is that of the last axis, at times spelled out.
func (a *attending) softmax(s *ir.Value) *ir.Value {
	axis := -1
	if a.coin(2) {
		axis = 3
	}
	if !a.empty && a.coin(6) {
		at := a.list(int64(axis))
		e := a.unary(op.Exp, a.minus(s, a.expr(&op.Reduce{Fn: op.ReduceMax, KeepDims: true}, s, at)))
		return a.binary(op.Div, e, a.expr(&op.Reduce{Fn: op.ReduceSum, KeepDims: true}, e, at))
	}
	return a.expr(&op.Softmax{Axis: axis}, s)
}

// operator is the attention of heads as one operator, as newer opsets have it.
func (a *attending) operator() *ir.Value {
	o := &op.Attention{Causal: a.coin(2)}
	in := make([]*ir.Value, op.AttentionStart+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = a.q, a.k, a.v
	if o.Causal && a.offset != nil {
		in[op.AttentionStart] = a.offset
	}
	var conditions []*ir.Value
	if a.coin(2) {
		conditions = a.causal(a.maker.size(a.q, 2), a.maker.size(a.k, 2))
	}
	if a.offset == nil && a.coin(3) {
		conditions = append(conditions, a.unsqueeze(a.keep, 1, 2))
	}
	if len(conditions) > 0 {
		mask := conditions[0]
		for _, c := range conditions[1:] {
			mask = a.binary(op.And, mask, c)
		}
		if a.coin(2) {
			mask = a.bias(mask, []float64{math.Inf(-1), -math.MaxFloat32, -1e9}[a.IntN(3)])
		}
		in[op.AttentionMask] = mask
	}
	for in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	return a.exprs(o, in...)[0]
}

// scores is q·kᵀ.
func (a *attending) scores(q, k *ir.Value) *ir.Value {
	switch a.IntN(4) {
	case 0:
		return a.expr(&op.Einsum{Equation: "bhid,bhjd->bhij"}, q, k)
	case 1: // by way of three axes
		d := int64(a.size)
		flat := a.expr(&op.Reshape{}, k, a.join(a.whole(-1), a.maker.size(k, 2), a.whole(d)))
		t := a.expr(&op.Reshape{}, a.transpose(flat, 0, 2, 1), a.join(a.maker.size(k, 0), a.whole(int64(a.heads)), a.whole(d), a.maker.size(k, 2)))
		return a.expr(&op.MatMul{}, q, t)
	}
	return a.expr(&op.MatMul{}, q, a.transpose(k, 0, 1, 3, 2))
}
