package gocompile

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// batchable is the stepper for sequences of different lengths in one step, made when it is asked for.
type batchable struct {
	once sync.Once
	*stepper
	err error
}

// together is the stepper for sequences of different lengths in one step: this one, or another that has positions as an input; an error if there can be none.
func (t *stepper) together(m *Model) (*stepper, error) {
	t.batch.once.Do(func() {
		if t.batch.err = t.separable(); t.batch.err == nil {
			t.batch.stepper, t.batch.err = t.apart(m)
		}
	})
	return t.batch.stepper, t.batch.err
}

// separable checks that all states are keys and values that steps append to, in as many batches and positions as a step has.
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
	return nil
}

// apart makes lengths of sequences meet nowhere but in attention, which keeps them apart.
func (t *stepper) apart(m *Model) (*stepper, error) {
	l := t.lengthsIn(t.all.graph)
	if l.meets(t, t.all.graph) == nil {
		return t, nil
	}
	t.all.program.Fill()
	g := t.all.graph.Clone()
	tokens := g.Inputs()[t.rows.input].Type.Dims
	at := g.AddInput("positions of rows", ir.TensorType(tensor.Int64, tokens[0]))
	r := &byRow{g: g, lengths: t.lengthsIn(g), at: at, batch: tokens[0], rows: tokens[t.rows.axis], done: map[*ir.Value]*ir.Value{}}
	if err := r.replace(); err != nil {
		return nil, fmt.Errorf("%w; positions could come from an input such as position_ids", err)
	}
	if n := t.lengthsIn(g).meets(t, g); n != nil {
		return nil, fmt.Errorf("%T depends on how many positions all sequences have together; positions could come from an input such as position_ids", n.Op)
	}
	b := &stepper{pairs: t.pairs, states: t.states, stateOf: append(slices.Clone(t.stateOf), -1), isState: t.isState, appends: t.appends, rows: t.rows, byRow: true}
	b.ends.make = func() (compiled, error) { return b.compileEnds(m.passes) }
	var err error
	b.all, err = t.compilePart(g, m.passes)
	return b, err
}

// lengths says what of a graph depends on how many positions there were before a step.
type lengths struct {
	of      map[*sym.Symbol]int // what a symbol is more than the number of past positions, when a step has one; or unknownLength
	told    map[*ir.Value]bool  // values with numbers that depend on lengths
	harmful map[*ir.Value]bool  // values of which results depend, or what attention reads, other than by which keys it sees
}

const unknownLength = -1

// cachePosition is the name of an input of positions that all sequences share.
const cachePosition = "cache_position"

// lengthsIn looks through the graph of a step.
func (t *stepper) lengthsIn(g *ir.Graph) *lengths {
	l := &lengths{of: map[*sym.Symbol]int{}, told: map[*ir.Value]bool{}, harmful: map[*ir.Value]bool{}}
	tokens := g.Inputs()[t.rows.input].Type.Dims
	for i, v := range g.Inputs() {
		l.told[v] = v.Name == cachePosition
		for axis, d := range v.Type.Dims {
			for _, y := range d.Symbols() {
				if slices.Contains(tokens[0].Symbols(), y) || slices.Contains(tokens[t.rows.axis].Symbols(), y) {
					continue
				}
				more, seen := l.of[y]
				switch s := stateAt(t.stateOf, i); {
				case s >= 0 && axis == t.states[s].axis:
					l.of[y] = 0
				case seen && more != unknownLength:
				case v.Name == "attention_mask" && axis == 1:
					l.of[y] = 1
				default:
					l.of[y] = unknownLength
				}
			}
		}
	}
	for n := range g.Nodes() {
		if l.tells(n) {
			for _, v := range n.Out() {
				l.told[v] = true
			}
		}
	}
	for k, o := range g.Outputs() {
		l.harmful[o.Value] = l.harmful[o.Value] || !t.isState[k]
	}
	for n := range g.Backward() {
		_, attends := n.Op.(*op.Attention)
		if attends || slices.ContainsFunc(n.Out(), func(v *ir.Value) bool { return l.harmful[v] }) {
			for _, v := range l.operands(n) {
				l.harmful[v] = true
			}
		}
	}
	return l
}

// operands are the inputs of a node whose numbers reach its results, nil in the place of others: not the shape of a reshape, and not what attention
// sees which keys by.
func (l *lengths) operands(n *ir.Node) []*ir.Value {
	in := slices.Clone(n.In())
	switch n.Op.(type) {
	case *op.Reshape:
		in = in[:1]
	case *op.Attention:
		clear(in[op.AttentionMask:min(len(in), op.AttentionSlopes)])
	}
	return in
}

// tells reports whether results of a node depend on lengths.
func (l *lengths) tells(n *ir.Node) bool {
	depends := func(e sym.Expr) bool {
		return slices.ContainsFunc(e.Symbols(), func(y *sym.Symbol) bool { _, ok := l.of[y]; return ok })
	}
	switch o := n.Op.(type) {
	case *ir.Dims:
		return slices.ContainsFunc(o.Exprs, depends)
	case *op.Shape, *op.Size:
		return slices.ContainsFunc(n.Input(0).Type.Dims, depends)
	case *op.Attention:
		return false
	}
	return slices.ContainsFunc(l.operands(n), func(v *ir.Value) bool { return l.told[v] })
}

// meets is the first node at which lengths reach attention or a result, nil if there is none.
func (l *lengths) meets(t *stepper, g *ir.Graph) *ir.Node {
	for n := range g.Nodes() {
		if _, ok := n.Op.(*op.Attention); ok && slices.ContainsFunc(l.operands(n), func(v *ir.Value) bool { return l.told[v] }) {
			return n
		}
	}
	for k, o := range g.Outputs() {
		if n := o.Value.Def(); !t.isState[k] && l.told[o.Value] && n != nil {
			return n
		}
	}
	return nil
}

// stateAt is the state that input i is, −1 for none.
func stateAt(stateOf []int, i int) int {
	if i >= len(stateOf) {
		return -1
	}
	return stateOf[i]
}
