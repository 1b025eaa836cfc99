package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// caches makes keys and values that were appended to past ones,
//
//	K = Concat(past K, new K), V = Concat(past V, new V), Attention(Q, K, V)
//
// which nothing else but results of the graph is made of, the past and new operands of the attention, whose present ones the results become. So
// the attention says what a session that keeps its cache has to write, and reads new rows in whichever layout they come.
func caches(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Attention)
		if !ok || n.Input(op.AttentionPastK) != nil || n.Out()[1].Used() || n.Out()[2].Used() {
			continue
		}
		var joined [2]*ir.Node
		for i := range joined {
			joined[i] = joinOf(n, op.AttentionK+i)
		}
		if joined[0] == nil || joined[1] == nil {
			continue
		}
		if !r.rewrite() {
			return nil
		}
		if err := appendCache(g, n, o, joined); err != nil {
			return err
		}
	}
	return nil
}

// joinOf is the Concat of two along the rows that is input i of an attention and otherwise only a result of the graph; nil if there is none.
func joinOf(n *ir.Node, i int) *ir.Node {
	c, o := nodeOf[*op.Concat](n.Input(i))
	if c == nil || len(c.In()) != 2 || len(c.Out()[0].Type.Dims) != 4 || o.Axis != 2 && o.Axis != -2 || c.Input(0).Const != nil || len(c.Out()[0].Uses()) != 1 {
		return nil
	}
	return c
}

func appendCache(g *ir.Graph, n *ir.Node, o *op.Attention, joined [2]*ir.Node) error {
	m, in := *o, slices.Clone(n.In())
	for len(in) <= op.AttentionSlopes {
		in = append(in, nil)
	}
	m.Append = true
	for i, c := range joined {
		in[op.AttentionPastK+i], in[op.AttentionK+i] = c.Input(0), c.Input(1)
	}
	past := joined[0].Input(0).Type.Dims[2]
	start := symbols(in[op.AttentionStart])
	switch {
	case len(start) == 1 && start[0].Equal(past): // where queries stand without a start
		in[op.AttentionStart] = nil
	case in[op.AttentionStart] == nil && (o.Causal || o.Left > 0 || o.Right > 0 || in[op.AttentionSlopes] != nil):
		zero, err := g.InsertBefore(n, &ir.Const{Value: tensor.Scalar(int64(0))})
		if err != nil {
			return err
		}
		in[op.AttentionStart] = zero.Out()[0]
	}
	for len(in) > op.AttentionPastV+1 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	a, err := g.InsertBefore(n, &m, in...)
	if err != nil {
		return err
	}
	a.Name = n.Name
	for i, v := range n.Out() {
		g.ReplaceUses(v, a.Out()[i])
	}
	ir.Credit(a, n)
	g.Remove(n)
	for i, c := range joined {
		v := a.Out()[1+i]
		v.Learn(c.Out()[0].Fact)
		g.ReplaceUses(c.Out()[0], v)
		ir.Credit(a, c)
		g.Remove(c)
	}
	return nil
}
