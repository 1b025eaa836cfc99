package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// shapes infers everything again in program order, and replaces values whose contents are known by constants or, where they depend on
// dimensions, by expressions of them.
func shapes(r *run, g *ir.Graph) error {
	for _, v := range g.Inputs() { // a body may have captured a value whose contents are known
		if v.Used() && contentsKnown(v) {
			if first := firstNode(g); first != nil && r.rewrite() {
				if err := materialise(g, first, v); err != nil {
					return err
				}
			}
		}
	}
	for n := range g.Nodes() {
		switch n.Op.(type) {
		case *ir.Const, *ir.Dims: // of which all is known
			continue
		}
		learnt, err := g.Refine(n)
		if err != nil {
			return err
		}
		if learnt {
			r.news++
		}
		if ir.IsImpure(n.Op) {
			continue
		}
		for _, v := range n.Out() {
			if v.Used() && contentsKnown(v) && r.rewrite() {
				if err := materialise(g, n, v); err != nil {
					return err
				}
			}
		}
		removeIfUnused(g, n)
	}
	return nil
}

func firstNode(g *ir.Graph) *ir.Node {
	for n := range g.Nodes() {
		return n
	}
	return nil
}

// contentsKnown reports whether a value can be computed from the dimensions of inputs alone.
func contentsKnown(v *ir.Value) bool {
	if v.Const != nil {
		return true
	}
	if v.Sym == nil {
		return false
	}
	for _, e := range v.Sym {
		if e.Err() != nil || e.HasFresh() {
			return false
		}
	}
	_, static := v.Type.Static()
	return static
}

// materialise replaces the uses of v by a node before n that holds its contents.
func materialise(g *ir.Graph, n *ir.Node, v *ir.Value) error {
	var op ir.Op
	if v.Const != nil {
		op = &ir.Const{Value: v.Const}
	} else {
		shape, _ := v.Type.Static()
		op = &ir.Dims{Elem: v.Type.Elem, Shape: shape, Exprs: append([]sym.Expr(nil), v.Sym...)}
	}
	m, err := g.InsertBefore(n, op)
	if err != nil {
		return err
	}
	g.ReplaceUses(v, m.Out()[0])
	return nil
}
