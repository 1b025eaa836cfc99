package gocompile

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// batchable is whether sequences of different lengths can share a step, found out when it is asked for.
type batchable struct {
	once sync.Once
	err  error
}

// together is nil if sequences of different lengths can share a step, else why not.
func (t *stepper) together() error {
	t.batch.once.Do(func() { t.batch.err = t.separable() })
	return t.batch.err
}

// separable checks that the lengths of sequences do not meet but in attention, which keeps them apart: all states are keys and values that steps
// append to, and nothing else that is computed depends on how many positions there are.
func (t *stepper) separable() error {
	for _, s := range t.states {
		if !s.appends {
			return fmt.Errorf("state %q is not keys or values that a step appends to", t.pairs[s.State].Input)
		}
	}
	if t.rows.input < 0 {
		return fmt.Errorf("no input has a row for each position of a step")
	}
	tokens := t.all.graph.Inputs()[t.rows.input]
	for i, what := range []string{"batch", "number of positions"} {
		if n, fixed := tokens.Type.Dims[i].IsConst(); fixed {
			return fmt.Errorf("the %s of input %q is always %d", what, tokens.Name, n)
		}
	}
	if n := t.findLength(); n != nil {
		return fmt.Errorf("%v, %T, depends on how many positions all sequences have together: positions must come from an input such as position_ids", n.Out()[0], n.Op)
	}
	return nil
}

// findLength is the first node at which the length of what was before, as a number rather than by attention to it, enters what is computed; nil if there
// is none.
func (t *stepper) findLength() *ir.Node {
	g := t.all.graph
	tokens := g.Inputs()[t.rows.input].Type.Dims
	length := map[*sym.Symbol]bool{}
	for _, v := range g.Inputs() {
		for _, d := range v.Type.Dims {
			for _, y := range d.Symbols() {
				length[y] = !slices.Contains(tokens[0].Symbols(), y) && !slices.Contains(tokens[t.rows.axis].Symbols(), y)
			}
		}
	}
	depends := func(e sym.Expr) bool {
		return slices.ContainsFunc(e.Symbols(), func(y *sym.Symbol) bool { return length[y] })
	}
	told := map[*ir.Value]bool{} // values with numbers that depend on lengths
	for _, v := range g.Inputs() {
		told[v] = v.Name == "cache_position"
	}
	for n := range g.Nodes() {
		in := n.In()
		tells := false
		switch o := n.Op.(type) {
		case *ir.Dims:
			tells = slices.ContainsFunc(o.Exprs, depends)
		case *op.Shape, *op.Size:
			tells = slices.ContainsFunc(n.Input(0).Type.Dims, depends)
		case *op.Reshape:
			in = in[:1]
		case *op.Attention:
			in = slices.Concat(in[:op.AttentionMask], in[min(len(in), op.AttentionSlopes):])
			if slices.ContainsFunc(in, func(v *ir.Value) bool { return told[v] }) {
				return n
			}
		}
		if tells || slices.ContainsFunc(in, func(v *ir.Value) bool { return told[v] }) {
			for _, v := range n.Out() {
				told[v] = true
			}
		}
	}
	for k, o := range g.Outputs() {
		if !t.isState[k] && told[o.Value] && o.Value.Def() != nil {
			return o.Value.Def()
		}
	}
	return nil
}
