package ir

import (
	"errors"
	"fmt"

	"github.com/gocompile/gocompile/tensor"
)

// Verify checks the invariants of a graph and its bodies: every value is defined before it is used and in the same graph,
// recorded uses are the real ones, each recorded type is one that the operator can have inferred, and the inputs of bodies
// fit their owner. It returns all violations.
func Verify(g *Graph) error {
	var errs []error
	report := func(n *Node, format string, args ...any) {
		err := fmt.Errorf(format, args...)
		if n != nil {
			err = &NodeError{n, err}
		}
		errs = append(errs, fmt.Errorf("graph %q: %w", g.Name, err))
	}
	defined := make(map[*Value]bool, g.nextVal)
	uses := make(map[*Value]int, g.nextVal)
	for i, v := range g.inputs {
		defined[v] = true
		if v.graph != g || v.def != nil || v.index != i {
			report(nil, "input %d is not recorded as such", i)
		}
	}
	count := 0
	for n := g.first; n != nil; n = n.next {
		count++
		if n.graph != g || (n.next != nil && n.next.prev != n) {
			report(n, "broken list of nodes")
			break
		}
		for i, v := range n.in {
			switch {
			case v == nil:
				continue
			case !defined[v]:
				report(n, "input %d (%v %q) is used before it is defined", i, v, v.Name)
			}
			uses[v]++
		}
		verifyTypes(g, n, report)
		for i, v := range n.out {
			if v.def != n || v.index != i || v.graph != g {
				report(n, "result %d is not recorded as such", i)
			}
			if defined[v] {
				report(n, "result %d is defined twice", i)
			}
			defined[v] = true
		}
		for _, b := range Bodies(n.Op) {
			if b.Scope != g.Scope {
				report(n, "a body has symbols of another model")
			}
			if err := Verify(b); err != nil {
				report(n, "%w", err)
			}
		}
	}
	if count != g.count {
		report(nil, "%d nodes recorded, %d found", g.count, count)
	}
	for v, k := range uses {
		if k != len(v.uses) {
			report(v.def, "value %v: %d uses recorded, %d found", v, len(v.uses), k)
		}
	}
	for i, o := range g.outputs {
		if o.Value == nil || !defined[o.Value] {
			report(nil, "output %d (%q) is not defined", i, o.Name)
		}
	}
	return errors.Join(errs...)
}

func verifyTypes(g *Graph, n *Node, report func(*Node, string, ...any)) {
	facts, err := g.InferFacts(n.Op, n.in)
	if err != nil {
		report(n, "%w", err)
		return
	}
	if len(facts) != len(n.out) {
		report(n, "has %d results, its operator %d", len(n.out), len(facts))
		return
	}
	for i, f := range facts {
		if !Compatible(f.Type, n.out[i].Type) {
			report(n, "result %d is recorded as %v, inferred as %v", i, n.out[i].Type, f.Type)
		}
	}
}

// Compatible reports whether a value can be of both types: the same kind and element type, and no axis on which both state
// different constants.
func Compatible(a, b Type) bool {
	if a.Kind != b.Kind {
		return false
	}
	if a.Elem != b.Elem && a.Elem != tensor.Invalid && b.Elem != tensor.Invalid {
		return false
	}
	if a.Kind != KindTensor {
		return a.Item == nil || b.Item == nil || Compatible(*a.Item, *b.Item)
	}
	if !a.Ranked || !b.Ranked {
		return true
	}
	if len(a.Dims) != len(b.Dims) {
		return false
	}
	for i := range a.Dims {
		x, okx := a.Dims[i].IsConst()
		y, oky := b.Dims[i].IsConst()
		if okx && oky && x != y {
			return false
		}
	}
	return true
}
