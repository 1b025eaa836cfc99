package ir

import "github.com/gocompile/gocompile/ir/sym"

// Substitute makes a symbol the constant n in all types, contents and dimension expressions of the graph and its bodies.
func (g *Graph) Substitute(y *sym.Symbol, n int64) error {
	m := map[*sym.Symbol]sym.Expr{y: sym.Const(n)}
	for _, v := range g.inputs {
		v.substitute(m)
	}
	for node := range g.Nodes() {
		if d, ok := node.Op.(*Dims); ok {
			node.Op = &Dims{Elem: d.Elem, Shape: d.Shape, Exprs: substAll(d.Exprs, m)}
		}
		for _, b := range Bodies(node.Op) {
			if err := b.Substitute(y, n); err != nil {
				return err
			}
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
