package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// maskStructures takes what a mask says by position, that later keys or those before a window are masked, out of the mask of attention, which models may
// hold as one operator.
func maskStructures(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Attention)
		if !ok || n.Input(op.AttentionMask) == nil || n.Input(op.AttentionPastK) != nil || n.Input(op.AttentionLengths) != nil || n.Input(op.AttentionCapacity) != nil ||
			n.Input(op.AttentionSlopes) != nil || !masksEveryKey(n) {
			continue
		}
		m := &attentionMatch{node: n}
		if o.Causal {
			start := symbols(n.Input(op.AttentionStart))
			if n.Input(op.AttentionStart) == nil {
				start = []sym.Expr{sym.Const(0)}
			}
			if len(start) != 1 {
				continue
			}
			m.mask.causal, m.mask.start, m.mask.left = true, start[0], o.Left
		}
		if !m.takeApart(n.Input(op.AttentionMask)) || m.mask.causal == o.Causal && m.mask.left == o.Left || o.Left > 0 && !o.Causal || !r.rewrite() {
			continue
		}
		if err := m.restructure(g, o); err != nil {
			return err
		}
	}
	return nil
}

// masksEveryKey reports whether the mask has a column for each key, so that nothing is masked by its being short.
func masksEveryKey(n *ir.Node) bool {
	mask, k := n.Input(op.AttentionMask).Type, n.Input(op.AttentionK).Type
	rank, ok := k.Rank()
	return ok && rank >= 3 && mask.Ranked && len(mask.Dims) >= 2 && mask.Dims[len(mask.Dims)-1].Equal(k.Dims[rank-2])
}

// takeApart reads the mask of an operator; it reports false where its meaning would change.
func (m *attentionMatch) takeApart(v *ir.Value) bool {
	k := &m.mask
	if v.Type.Elem == tensor.Bool {
		return k.require(v, false, math.Inf(-1))
	}
	if !k.add(v) || k.slopes != nil {
		return false
	}
	// Finite numbers are a bias for the operator, which counts only where a query has no key left.
	return !k.finite || !k.hard && len(k.conds) == 0 && k.causal && k.start.AtLeast(0)
}

// restructure puts the same attention with another mask in place of the node.
func (m *attentionMatch) restructure(g *ir.Graph, o *op.Attention) error {
	n := m.node
	add := adderBefore(g, n)
	p, in := *o, slices.Clone(n.In())
	p.Causal, p.Left = m.mask.causal, m.mask.left
	var err error
	if in[op.AttentionMask], err = m.maskValue(add); err != nil {
		return err
	}
	if c, ok := m.mask.start.IsConst(); !(ok && c == 0) {
		for len(in) <= op.AttentionStart {
			in = append(in, nil)
		}
		if in[op.AttentionStart], err = add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{m.mask.start}}); err != nil {
			return err
		}
	}
	for len(in) > 3 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	x, err := g.InsertBefore(n, &p, in...)
	if err != nil {
		return err
	}
	x.Name = n.Name
	for i, v := range n.Out() {
		x.Out()[i].Learn(v.Fact)
		g.ReplaceUses(v, x.Out()[i])
	}
	ir.Credit(x, n)
	g.Remove(n)
	return nil
}
