package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// resolver finds out what the graph leaves open but actual input shapes decide: a dimension that could not be expressed by those of the
// inputs is inferred once more, from numbers.
type resolver struct {
	binding sym.Binding // with the symbols that were found out
	facts   map[*ir.Value]*ir.Fact
}

// open reports whether any type of a graph leaves something to find out.
func open(g *ir.Graph) bool {
	for n := range g.Nodes() {
		for _, v := range n.Out() {
			if v.Type.IsTensor() && (!v.Type.Ranked || slices.ContainsFunc(v.Type.Dims, sym.Expr.HasFresh)) {
				return true
			}
		}
	}
	return false
}

// resolve infers what a binding leaves open.
func (p *Program) resolve(b sym.Binding) *resolver {
	r := &resolver{binding: slices.Clone(b), facts: map[*ir.Value]*ir.Fact{}}
	if !p.open {
		return r
	}
	for n := range p.graph.Nodes() {
		if ir.Bodies(n.Op) == nil && slices.ContainsFunc(n.Out(), r.lacks) {
			r.node(n)
		}
	}
	return r
}

// lacks reports whether the shape of a tensor is not known.
func (r *resolver) lacks(v *ir.Value) bool { return v.Type.IsTensor() && r.shape(v) == nil }

// shape is that of a tensor, nil if it is not known.
func (r *resolver) shape(v *ir.Value) []int {
	if f := r.facts[v]; f != nil {
		s, _ := f.Type.Static()
		return s
	}
	if !v.Type.IsTensor() || !v.Type.Ranked {
		return nil
	}
	s, _ := evalDims(v.Type.Dims, r.binding)
	return s
}

// node infers the results of a node from what is known of its inputs. What it cannot find out is left to the run, errors too.
func (r *resolver) node(n *ir.Node) {
	c := &ir.InferContext{Scope: sym.NewScope(), In: make([]*ir.Fact, len(n.In()))}
	for i, v := range n.In() {
		if v == nil {
			continue
		}
		if !v.Type.IsTensor() {
			return
		}
		c.In[i] = r.fact(v)
	}
	facts := infer(n.Op, c)
	for i, v := range n.Out() {
		if i >= len(facts) || !facts[i].Type.IsTensor() {
			continue
		}
		shape, ok := facts[i].Type.Static()
		if !ok {
			continue
		}
		if _, err := tensor.NumElements(shape); err != nil {
			continue
		}
		r.facts[v] = &facts[i]
		if v.Type.Ranked && len(v.Type.Dims) == len(shape) {
			_ = sym.Bind(r.binding, v.Type.Dims, shape) // a contradiction is found when the value is there
		}
	}
}

func infer(op ir.Op, c *ir.InferContext) (facts []ir.Fact) {
	defer func() {
		if recover() != nil {
			facts = nil
		}
	}()
	facts, err := op.Infer(c)
	if err != nil {
		return nil
	}
	return facts
}

// fact is what is known of a tensor, without any symbol.
func (r *resolver) fact(v *ir.Value) *ir.Fact {
	if f := r.facts[v]; f != nil {
		return f
	}
	shape := r.shape(v)
	if shape == nil {
		return &ir.Fact{Type: ir.UnrankedType(v.Type.Elem)}
	}
	f := &ir.Fact{Type: ir.StaticType(v.Type.Elem, shape...), Const: v.Const}
	if c, ok := r.contents(v); ok {
		e := make([]sym.Expr, len(c))
		for i, n := range c {
			e[i] = sym.Const(n)
		}
		*f = ir.SymFact(v.Type.Elem, shape, e)
	}
	return f
}

// contents are those of a small integer tensor, if they are the same in all runs with these input shapes.
func (r *resolver) contents(v *ir.Value) ([]int64, bool) {
	f := &v.Fact
	if g := r.facts[v]; g != nil {
		f = g
	}
	if f.Type.Elem != tensor.Int64 && f.Type.Elem != tensor.Int32 {
		return nil, false
	}
	if f.Const != nil {
		return tensor.Int64s(f.Const), f.Const.Len() <= ir.MaxSymbolic
	}
	exprs := f.Sym
	if v.Def() != nil {
		if d, ok := v.Def().Op.(*ir.Dims); ok {
			exprs = d.Exprs
		}
	}
	if exprs == nil {
		return nil, false
	}
	out := make([]int64, len(exprs))
	for i, e := range exprs {
		var err error
		if out[i], err = e.Eval(r.binding); err != nil {
			return nil, false
		}
	}
	return out, true
}
