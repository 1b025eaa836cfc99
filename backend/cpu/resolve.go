package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
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
	for _, v := range g.Inputs() {
		if openType(v.Type) {
			return true
		}
	}
	for n := range g.Nodes() {
		for _, v := range n.Out() {
			if openType(v.Type) {
				return true
			}
		}
	}
	return false
}

// openType reports whether the shape of a tensor is not expressed by the dimensions of inputs.
func openType(t ir.Type) bool {
	return t.IsTensor() && (!t.Ranked || slices.ContainsFunc(t.Dims, sym.Expr.HasFresh))
}

// resolve infers what a binding, and the shapes of inputs that the graph leaves open, decide.
func (p *Program) resolve(b sym.Binding, in []tensor.Value) *resolver {
	r := &resolver{binding: slices.Clone(b), facts: map[*ir.Value]*ir.Fact{}}
	if !p.open {
		return r
	}
	for i, v := range p.graph.Inputs() {
		if t, ok := valueAt(in, i).(*tensor.Tensor); ok && openType(v.Type) {
			r.facts[v] = &ir.Fact{Type: ir.StaticType(t.DType(), t.Shape()...)}
		}
	}
	r.graph(p.graph)
	return r
}

func valueAt(in []tensor.Value, i int) tensor.Value {
	if i >= len(in) {
		return nil
	}
	return in[i]
}

func (r *resolver) graph(g *ir.Graph) {
	for n := range g.Nodes() {
		switch o := n.Op.(type) {
		case *op.If:
			r.choice(n, o)
		case ir.BodyOwner:
		default:
			if slices.ContainsFunc(n.Out(), r.lacks) || slices.ContainsFunc(n.Out(), r.opaque) {
				r.node(n)
			}
		}
	}
}

// opaque reports whether a value could be small integers or bools that are not known.
func (r *resolver) opaque(v *ir.Value) bool {
	if !small(v.Type.Elem) || v.Const != nil || r.facts[v] != nil {
		return false
	}
	shape := r.shape(v)
	return shape != nil && count(shape) <= ir.MaxSymbolic && r.fact(v).Const == nil
}

// foldable reports whether a node computes a small number of integers or bools from such numbers that are known, and its result is not.
// Comparisons of sizes, of which conditions are made, are.
func (r *resolver) foldable(n *ir.Node) bool {
	if len(n.In()) == 0 || len(n.Out()) != 1 || !small(n.Out()[0].Type.Elem) || ir.IsImpure(n.Op) {
		return false
	}
	for _, v := range n.In() {
		if v != nil && (r.known(v) == nil || !small(v.Type.Elem)) {
			return false
		}
	}
	return true
}

func small(d tensor.DType) bool { return d == tensor.Int64 || d == tensor.Int32 || d == tensor.Bool }

// known is the contents of a small tensor, nil if it is not known.
func (r *resolver) known(v *ir.Value) *tensor.Tensor {
	if !v.Type.IsTensor() {
		return nil
	}
	if t := r.fact(v).Const; t != nil && t.Len() <= ir.MaxSymbolic {
		return t
	}
	return nil
}

// choice resolves an If whose condition is known, by the body that it takes.
func (r *resolver) choice(n *ir.Node, o *op.If) {
	cond := r.known(n.Input(0))
	if cond == nil || cond.Len() != 1 || cond.DType() != tensor.Bool {
		return
	}
	body := o.Else
	if cond.Int64(0) != 0 {
		body = o.Then
	}
	for i, v := range body.Inputs() {
		if outer := n.Input(1 + i); outer != nil && outer.Type.IsTensor() && r.shape(outer) != nil {
			r.facts[v] = r.fact(outer)
		}
	}
	r.graph(body)
	for i, out := range body.Outputs() {
		if v := n.Out()[i]; v.Type.IsTensor() && out.Value.Type.IsTensor() && r.shape(out.Value) != nil {
			r.learn(v, r.fact(out.Value))
		}
	}
}

// learn notes the fact of a value, and the symbols of its dimensions.
func (r *resolver) learn(v *ir.Value, f *ir.Fact) {
	shape, ok := f.Type.Static()
	if !ok {
		return
	}
	if _, err := tensor.NumElements(shape); err != nil {
		return
	}
	r.facts[v] = f
	if v.Type.Ranked && len(v.Type.Dims) == len(shape) {
		_ = sym.Bind(r.binding, v.Type.Dims, shape) // a contradiction is found when the value is there
	}
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
	if r.foldable(n) && len(facts) == 1 && facts[0].Const == nil {
		if t := r.fold(n); t != nil {
			facts[0] = ir.ConstFact(t)
		}
	}
	for i, v := range n.Out() {
		if i < len(facts) && facts[i].Type.IsTensor() {
			r.learn(v, &facts[i])
		}
	}
}

// fold computes the result of a foldable node, nil if that fails.
func (r *resolver) fold(n *ir.Node) *tensor.Tensor {
	c := &ir.EvalContext{In: make([]tensor.Value, len(n.In())), Binding: r.binding}
	for i, v := range n.In() {
		if v != nil {
			c.In[i] = r.known(v)
		}
	}
	c.Alloc = func(_ int, d tensor.DType, shape []int) (*tensor.Tensor, error) {
		if k, err := tensor.NumElements(shape); err != nil || k > ir.MaxSymbolic {
			return nil, fmt.Errorf("too much to look at before the run")
		}
		return tensor.New(d, shape...), nil
	}
	if err := ir.CallEval(n.Op, c); err != nil || len(c.Out) == 0 {
		return nil
	}
	t, _ := c.Out[0].(*tensor.Tensor)
	return t
}

func infer(o ir.Op, c *ir.InferContext) (facts []ir.Fact) {
	defer func() {
		if recover() != nil {
			facts = nil
		}
	}()
	facts, err := o.Infer(c)
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
	if v.Const != nil && v.Type.Elem == tensor.Bool {
		return f
	}
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
