package ir

import (
	"slices"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Refine infers the facts of n's results again and keeps whatever is more precise than before. It reports whether
// anything was learnt.
func (g *Graph) Refine(n *Node) (bool, error) {
	facts, err := g.InferFacts(n.Op, n.in)
	if err != nil {
		return false, &NodeError{n, err}
	}
	changed := false
	for i, f := range facts {
		if n.out[i].Learn(f) {
			changed = true
		}
	}
	return changed, nil
}

// Learn adds what f knows to the fact of v and reports whether that was news. Where both know a dimension or an element, the one with
// fewer data-dependent symbols stays, the old one on a tie.
func (v *Value) Learn(f Fact) bool {
	changed := false
	if v.Const == nil && f.Const != nil {
		v.Const, changed = f.Const, true
	}
	if v.Sym == nil && f.Sym != nil {
		v.Sym, changed = f.Sym, true
	} else if elements, learnt := mergeExprs(v.Sym, f.Sym); learnt {
		v.Sym, changed = elements, true
	}
	t, learnt := MergeType(v.Type, f.Type)
	if learnt {
		v.Type, changed = t, true
	}
	return changed
}

// MergeType returns what two types that describe one value know together, starting from old, and whether that is more
// than old.
func MergeType(old, t Type) (Type, bool) {
	if old.Kind != t.Kind {
		return old, false
	}
	changed := false
	if old.Elem == tensor.Invalid && t.Elem != tensor.Invalid {
		old.Elem, changed = t.Elem, true
	}
	if old.Kind != KindTensor {
		if old.Item != nil && t.Item != nil {
			if item, ok := MergeType(*old.Item, *t.Item); ok {
				old.Item, changed = &item, true
			}
		}
		return old, changed
	}
	if !t.Ranked {
		return old, changed
	}
	if !old.Ranked {
		old.Ranked, old.Dims = true, t.Dims
		return old, true
	}
	if len(old.Dims) != len(t.Dims) {
		return old, changed
	}
	if dims, learnt := mergeExprs(old.Dims, t.Dims); learnt {
		old.Dims, changed = dims, true
	}
	return old, changed
}

// mergeExprs returns old with those expressions of more, another list of the same values, that are more precise, and whether there were any.
func mergeExprs(old, more []sym.Expr) ([]sym.Expr, bool) {
	if len(old) != len(more) {
		return old, false
	}
	learnt := false
	for i, d := range more {
		o := old[i]
		if _, known := o.IsConst(); known || o.Equal(d) {
			continue
		}
		if _, known := d.IsConst(); !known && !(o.HasFresh() && !d.HasFresh()) {
			continue
		}
		if !learnt {
			old, learnt = slices.Clone(old), true
		}
		old[i] = d
	}
	return old, learnt
}
