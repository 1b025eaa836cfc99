package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// cell is one step of a recurrent layer spelled out:
//
//	LSTM  c' = f(…)⊙c + f(…)⊙g(…), h' = f(…)⊙h(c')
//	GRU   h' = (1 − z)⊙n + z⊙h or n + z⊙(h − n), with z = f(…) or 1 − f(…), n = g(… + r⊙(h·R + b)) or g(… + (r⊙h)·R), r = f(…)
//	RNN   h' = f(…)
//
// where … stands for affine functions of the input and of the state h.
type cell struct {
	kind       string     // LSTM, GRU or RNN
	gates      []cellGate // in the order of ONNX
	h, c       *ir.Value
	newH       *ir.Value
	newC       *ir.Value
	fns        []*op.Unary // activations in the order of ONNX
	resetAfter bool        // the reset gate multiplies what the weights made of the state
	seen       map[*ir.Node]bool
	reader     *reader
}

// cellGate is the sum that an activation is applied to.
type cellGate struct {
	form  *form
	reset *form // of the candidate of a GRU, what the reset gate multiplies; else nil
	minus bool  // the gate is 1 less what was found, so that the sum is to be negated
}

// cellOf sees h, [batch, hidden], as the new state of a cell; nil if it is none.
func cellOf(h *ir.Value, r *reader) *cell {
	if len(h.Type.Dims) != 2 || !isFloat32(h) {
		return nil
	}
	hidden, ok := h.Type.Dims[1].IsConst()
	if !ok || hidden <= 0 {
		return nil
	}
	c := &cell{newH: h, reader: r, seen: r.seen}
	for _, match := range []func(int) bool{c.lstm, c.gru, c.rnn} {
		clear(c.seen)
		c.gates, c.fns, c.h, c.c, c.newC = nil, nil, nil, nil, nil
		if match(int(hidden)) {
			return c
		}
	}
	return nil
}

// squashing is an activation, of which a value is the columns from the first on.
type squashing struct {
	*op.Unary
	sum   *ir.Value
	first int
	nodes [2]*ir.Node
}

// activated sees v as the result of an activation, or as columns of one; nil if it is none that ONNX has for cells.
func (b bounds) activated(v *ir.Value) *squashing {
	s := &squashing{}
	n := defOf(v)
	if n == nil {
		return nil
	}
	s.nodes[0] = n
	if _, ok := n.Op.(*op.Unary); !ok {
		if p, ok := b.spanOf(v); ok && !p.dropped && p.axis == len(p.of.Type.Dims)-1 {
			v, s.first = p.of, int(p.start)
		} else if x, first, ok := b.gateOf(v); ok {
			v, s.first = x, first
		}
	}
	n, o := nodeOf[*op.Unary](v)
	if n == nil {
		return nil
	}
	s.Unary, s.sum, s.nodes[1] = o, n.Input(0), n
	switch o.Fn {
	case op.Sigmoid, op.Tanh, op.Relu, op.HardSigmoid, op.Softsign, op.Softplus:
		return s
	}
	return nil
}

// gate reads the sum under an activation.
func (c *cell) gate(s *squashing, hidden int) (cellGate, bool) {
	f, ok := c.reader.formOf(s.sum, s.first, hidden)
	c.seen[s.nodes[0]], c.seen[s.nodes[1]] = true, true
	return cellGate{form: f}, ok
}

// product is the node and factors of a product of two.
func (c *cell) product(v *ir.Value) (a, b *ir.Value, ok bool) {
	n := binaryOf(v, op.Mul)
	if n == nil {
		return nil, nil, false
	}
	c.seen[n] = true
	return n.Input(0), n.Input(1), true
}

func (c *cell) lstm(hidden int) bool {
	a, b, ok := c.product(c.newH)
	if !ok {
		return false
	}
	for range 2 {
		out, squash := c.reader.bounds.activated(a), c.reader.bounds.activated(b)
		a, b = b, a
		if out == nil || squash == nil || squash.nodes[0] != squash.nodes[1] {
			continue
		}
		sum := binaryOf(squash.sum, op.Add)
		if sum == nil {
			continue
		}
		for i := range 2 {
			if c.lstmState(sum.Input(i), sum.Input(1-i), out, squash, hidden) {
				c.seen[sum], c.seen[squash.nodes[0]] = true, true
				c.kind, c.newC = "LSTM", squash.sum
				return true
			}
		}
	}
	return false
}

// lstmState matches f⊙c and i⊙g, the parts of the new cell state.
func (c *cell) lstmState(kept, added *ir.Value, out, squash *squashing, hidden int) bool {
	f, state, ok1 := c.product(kept)
	i, g, ok2 := c.product(added)
	if !ok1 || !ok2 {
		return false
	}
	isGate := func(v *ir.Value) bool { n := c.reader.bounds.activated(v); return n != nil && sameFn(n, out) }
	if !isGate(f) {
		f, state = state, f
	}
	if !isGate(i) {
		i, g = g, i
	}
	if !isGate(f) || !isGate(i) || c.reader.bounds.activated(g) == nil || c.reader.bounds.activated(state) != nil {
		return false
	}
	c.gates = nil
	for _, s := range []*squashing{c.reader.bounds.activated(i), out, c.reader.bounds.activated(f), c.reader.bounds.activated(g)} {
		q, ok := c.gate(s, hidden)
		if !ok {
			return false
		}
		c.gates = append(c.gates, q)
	}
	c.c = state
	c.fns = []*op.Unary{out.Unary, c.reader.bounds.activated(g).Unary, squash.Unary}
	return true
}

func sameFn(a, b *squashing) bool { return *a.Unary == *b.Unary }

func (c *cell) gru(hidden int) bool {
	n := binaryOf(c.newH, op.Add)
	if n == nil {
		return false
	}
	c.seen[n] = true
	return c.blend(n.Input(0), n.Input(1), hidden) || c.blend(n.Input(1), n.Input(0), hidden)
}

// blend matches x + y as a mixture of the candidate and the state by z: x + z⊙(y − x), or (1 − z)⊙p + z⊙q.
func (c *cell) blend(x, y *ir.Value, hidden int) bool {
	s, t, ok := c.product(y)
	if !ok {
		return false
	}
	for range 2 {
		if d := binaryOf(t, op.Sub); d != nil && d.Input(1) == x && c.mixture(s, x, d.Input(0), hidden) {
			c.seen[d] = true
			return true
		}
		s, t = t, s
	}
	p, q, ok := c.product(x)
	for range 4 {
		if d := binaryOf(q, op.Sub); ok && d != nil && d.Input(1) == s {
			if one, isScalar := scalarOf(d.Input(0)); isScalar && one == 1 && c.mixture(s, p, t, hidden) {
				c.seen[d] = true
				return true
			}
		}
		if s, t = t, s; s == y.Def().Input(0) {
			p, q = q, p
		}
	}
	return false
}

// mixture matches (1 − z)⊙a + z⊙b, of which one is the candidate and the other the state.
func (c *cell) mixture(z, a, b *ir.Value, hidden int) bool {
	n := c.reader.bounds.activated(z)
	return n != nil && (c.gruGates(n, c.reader.bounds.activated(a), b, false, hidden) || c.gruGates(n, c.reader.bounds.activated(b), a, true, hidden))
}

// gruGates matches the gates; minus is set if z is the share of the candidate.
func (c *cell) gruGates(z, candidate *squashing, h *ir.Value, minus bool, hidden int) bool {
	if candidate == nil {
		return false
	}
	update, ok := c.gate(z, hidden)
	if !ok {
		return false
	}
	update.minus = minus
	if minus && z.Fn != op.Sigmoid {
		return false // 1 − f(s) is f(−s) for the logistic function
	}
	c.seen[candidate.nodes[0]], c.seen[candidate.nodes[1]] = true, true
	sum, ok := c.reader.formOf(candidate.sum, candidate.first, hidden)
	if !ok {
		return false
	}
	for k, t := range sum.terms { // what is multiplied by the reset gate
		p, q, ok := c.product(t.of.value)
		if !ok || t.of.step {
			continue
		}
		for range 2 {
			r := c.reader.bounds.activated(p)
			if r == nil || !sameFn(r, z) {
				p, q = q, p
				continue
			}
			reset, ok := c.gate(r, hidden)
			if !ok {
				return false
			}
			n := cellGate{form: &form{n: hidden, terms: slices.Delete(slices.Clone(sum.terms), k, k+1), shifts: sum.shifts}}
			switch {
			case t.matrix == nil && t.col == 0 && t.factor == 1:
				if n.reset, ok = c.reader.formOf(q, 0, hidden); !ok {
					return false
				}
				c.resetAfter = true
			case t.matrix != nil && q == h:
				t.of = source{value: h}
				n.form.terms = append(n.form.terms, t)
				c.resetAfter = false
			default:
				return false
			}
			c.gates = []cellGate{update, reset, n}
			c.fns = []*op.Unary{z.Unary, candidate.Unary}
			c.kind, c.h = "GRU", h
			return true
		}
	}
	return false
}

func (c *cell) rnn(hidden int) bool {
	n := c.reader.bounds.activated(c.newH)
	if n == nil || n.nodes[0] != n.nodes[1] {
		return false
	}
	g, ok := c.gate(n, hidden)
	if !ok || len(g.form.terms) == 0 || !slices.ContainsFunc(g.form.terms, func(t term) bool { return t.matrix != nil }) {
		return false
	}
	c.kind, c.gates, c.fns = "RNN", []cellGate{g}, []*op.Unary{n.Unary}
	return true
}
