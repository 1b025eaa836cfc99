package ir

import "github.com/gocompile/gocompile/ir/sym"

// Substitute makes symbols constants in all types, contents and dimension expressions of the graph and its bodies. A body for which the constants
// cannot be right stays as it is: it may be a branch that is never taken with them.
func (g *Graph) Substitute(values map[*sym.Symbol]int64) error {
	m := make(map[*sym.Symbol]sym.Expr, len(values))
	for y, n := range values {
		m[y] = sym.Const(n)
	}
	return g.substitute(m)
}

func (g *Graph) substitute(m map[*sym.Symbol]sym.Expr) error {
	for _, v := range g.inputs {
		v.substitute(m)
	}
	for node := range g.Nodes() {
		if d, ok := node.Op.(*Dims); ok {
			node.Op = &Dims{Elem: d.Elem, Shape: d.Shape, Exprs: substAll(d.Exprs, m)}
		}
		if bodies := Bodies(node.Op); bodies != nil {
			node.Op = node.Op.(BodyOwner).WithBodies(substituteBodies(bodies, m))
		}
		for _, v := range node.out {
			v.substitute(m)
		}
		if _, err := g.Refine(node); err != nil {
			return err
		}
	}
	return nil
}

func substituteBodies(bodies []*Graph, m map[*sym.Symbol]sym.Expr) []*Graph {
	out := make([]*Graph, len(bodies))
	for i, b := range bodies {
		if out[i] = b.Clone(); out[i].substitute(m) != nil {
			out[i] = b
		}
	}
	return out
}

func (v *Value) substitute(m map[*sym.Symbol]sym.Expr) {
	v.Type = v.Type.subst(m)
	v.Sym = substAll(v.Sym, m)
}

func (t Type) subst(m map[*sym.Symbol]sym.Expr) Type {
	t.Dims = substAll(t.Dims, m)
	if t.Item != nil {
		item := t.Item.subst(m)
		t.Item = &item
	}
	return t
}

func substAll(e []sym.Expr, m map[*sym.Symbol]sym.Expr) []sym.Expr {
	if e == nil {
		return nil
	}
	out := make([]sym.Expr, len(e))
	for i := range e {
		out[i] = e[i].Subst(m)
	}
	return out
}
