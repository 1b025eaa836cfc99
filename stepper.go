package gocompile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// stepper is a model compiled for steps with certain states. It is read-only but for what is made at need, and shared.
type stepper struct {
	pairs   []StatePair
	all     compiled
	last    lazyProgram // for the last position
	ends    lazyProgram // for the last positions of several sequences
	batch   batchable
	byRow   bool    // the last input is the positions of the rows of a step, of sequences of different lengths
	states  []state // parts of the pairs, in the form in which the program keeps them
	stateOf []int   // by input of the program: the number of the state, or −1
	isState []bool  // by output of the program
	appends bool    // to one of the states
	rows    axis    // of an input, whose length is the number of positions of a step
}

// compiled is a program with its variants.
type compiled struct {
	graph    *ir.Graph
	program  backend.Program
	variants *variants
}

func (c compiled) close() error {
	if c.program == nil {
		return nil
	}
	return errors.Join(c.variants.close(), c.program.Close())
}

// state is one of the states of a stepper.
type state struct {
	passes.StatePart
	appends bool // the program adds rows to it
	axis    int  // along which it has positions, −1 for none
}

// axis is one of an input; the zero axis of input −1 is none.
type axis struct{ input, axis int }

// steppers are those of a model, by their states.
type steppers struct {
	mu  sync.Mutex
	all map[string]*stepper
}

// get returns the stepper for pairs of input and output, or for those that are found if there are none, and makes it if it is new.
func (c *steppers) get(m *Model, pairs []StatePair) (*stepper, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := fmt.Sprint(pairs)
	if t := c.all[key]; t != nil {
		return t, nil
	}
	t, err := newStepper(m, pairs)
	if err != nil {
		return nil, err
	}
	if c.all == nil {
		c.all = map[string]*stepper{}
	}
	c.all[key] = t
	return t, nil
}

func (c *steppers) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for _, t := range c.all {
		err = errors.Join(err, t.close())
	}
	c.all = nil
	return err
}

func newStepper(m *Model, pairs []StatePair) (*stepper, error) {
	found, err := findStates(m.graph)
	if pairs != nil {
		found, err = givenStates(m.graph, pairs)
	}
	if err != nil {
		return nil, err
	}
	g, parts, err := m.keep(found)
	if err != nil {
		return nil, err
	}
	t := &stepper{all: compiled{graph: g}, stateOf: slices.Repeat([]int{-1}, len(g.Inputs())), isState: make([]bool, len(g.Outputs())), rows: axis{-1, 0}}
	for _, p := range found {
		t.pairs = append(t.pairs, StatePair{m.graph.Inputs()[p.input].Name, m.graph.Outputs()[p.output].Name})
	}
	var states []backend.State
	for i, p := range parts {
		states = append(states, backend.State{Input: p.Input, Output: p.Output, Append: true})
		t.stateOf[p.Input], t.isState[p.Output] = i, true
	}
	if t.all.program, err = m.program.Variant(g, states); err != nil {
		return nil, err
	}
	for i, p := range parts {
		s := state{p, t.all.program.States()[i].Append, growing(g.Inputs()[p.Input].Type, g.Outputs()[p.Output].Value)}
		t.appends = t.appends || s.appends
		t.states = append(t.states, s)
	}
	for i, v := range g.Inputs() { // tokens, or what stands for them: [batch, positions, …]
		if t.stateOf[i] < 0 && t.rows.input < 0 && v.Type.IsTensor() && len(v.Type.Dims) >= 2 && !isDerived(v.Name) {
			t.rows = axis{i, 1}
		}
	}
	t.all.variants = newVariants(g, t.all.program, m.passes)
	t.last.make = func() (compiled, error) { return t.compileLast(m.passes) }
	t.ends.make = func() (compiled, error) { return t.compileEnds(m.passes) }
	return t, nil
}

// keep is the graph of the model in which states have the form that attention wants, and the parts of them.
func (m *Model) keep(found []statePair) (*ir.Graph, []passes.StatePart, error) {
	pairs := make([][2]int, len(found))
	for i, p := range found {
		pairs[i] = [2]int{p.input, p.output}
	}
	g := m.graph.Clone()
	parts, changed, err := passes.States(g, pairs)
	if err != nil || !changed {
		return m.graph, parts, err
	}
	m.program.Fill()
	o := m.passes
	o.Report, o.After, o.Limit = nil, nil, 0
	_, err = passes.Optimize(g, o)
	return g, parts, err
}

func (t *stepper) close() error {
	var err error
	if b := t.batch.stepper; b != nil && b != t {
		err = b.close()
	}
	return errors.Join(err, t.last.close(), t.ends.close(), t.all.close())
}

// lazyProgram is made when it is needed.
type lazyProgram struct {
	make func() (compiled, error)
	once sync.Once
	compiled
	err error
}

func (l *lazyProgram) get() (compiled, error) {
	l.once.Do(func() { l.compiled, l.err = l.make() })
	return l.compiled, l.err
}

// compileLast makes a program whose outputs have the last position only, where they have one row a position. The passes see to it that the
// others are not computed.
func (t *stepper) compileLast(o passes.Options) (c compiled, err error) {
	t.all.program.Fill()
	g := t.all.graph.Clone()
	outputs := slices.Clone(g.Outputs())
	for k, out := range outputs {
		axis := t.positionsOf(out.Value.Type)
		if t.isState[k] || axis < 0 {
			continue
		}
		bounds := []*ir.Value{out.Value}
		for _, i := range []int64{-1, math.MaxInt64, int64(axis)} {
			bounds = append(bounds, g.Const(tensor.Must([]int64{i}, 1)))
		}
		n, err := g.Add(&op.Slice{}, bounds...)
		if err != nil {
			return c, err
		}
		outputs[k].Value = n.Out()[0]
	}
	g.SetOutputs(outputs...)
	return t.compilePart(g, o)
}

// compilePart makes a program that computes a part of the outputs and keeps the same states.
func (t *stepper) compilePart(g *ir.Graph, o passes.Options) (c compiled, err error) {
	o.Report, o.After, o.Limit = nil, nil, 0
	if _, err := passes.Optimize(g, o); err != nil {
		return c, err
	}
	c.graph = g
	states := t.all.program.States()
	if c.program, err = t.all.program.Variant(g, states); err != nil {
		return c, err
	}
	if !slices.Equal(c.program.States(), states) {
		c.program.Close()
		return compiled{}, fmt.Errorf("a program for the last position keeps its states elsewhere")
	}
	c.variants = newVariants(g, c.program, o)
	return c, nil
}

// positionsOf is the axis of an output that has a row for each position of a step, −1 if there is none.
func (t *stepper) positionsOf(out ir.Type) int {
	if t.rows.input < 0 || !out.IsTensor() {
		return -1
	}
	n := t.all.graph.Inputs()[t.rows.input].Type.Dims[t.rows.axis]
	if _, fixed := n.IsConst(); fixed {
		return -1
	}
	return slices.IndexFunc(out.Dims, n.Equal)
}

// growing is the axis along which a state becomes longer in a step that makes it v, −1 if there is none.
func growing(in ir.Type, v *ir.Value) int {
	out := v.Type
	if n := v.Def(); n != nil {
		if _, ok := n.Op.(*op.Attention); ok {
			return 2
		}
	}
	if !in.Ranked || !out.Ranked {
		return -1
	}
	for i, d := range in.Dims {
		longer := func(y *sym.Symbol) bool { return slices.Contains(out.Dims[i].Symbols(), y) }
		if !out.Dims[i].Equal(d) && slices.ContainsFunc(d.Symbols(), longer) {
			return i
		}
	}
	return -1
}

// shape is that of a state before the first step: no positions, else what inputs bind, what the result of the step says, and for a dimension that
// only the state has, the batch.
func (t *stepper) shape(s state, b sym.Binding, batch int) ([]int, error) {
	v, out := t.all.graph.Inputs()[s.Input], t.all.graph.Outputs()[s.Output].Value.Type
	if !v.Type.Ranked {
		return nil, fmt.Errorf("state %q: its shape is not known; SetState gives the first one", v.Name)
	}
	shape := make([]int, len(v.Type.Dims))
	for i, d := range v.Type.Dims {
		if i == s.axis {
			continue
		}
		n, err := d.Eval(b)
		if err != nil && out.Ranked {
			n, err = out.Dims[i].Eval(b)
		}
		if y := d.Symbols(); err != nil && len(y) == 1 && y[0].Expr().Equal(d) && batch >= 0 {
			n, err = int64(batch), nil
		}
		if err != nil || n < 0 {
			return nil, fmt.Errorf("state %q: dimension %d, %v, does not follow from the inputs; SetState gives the first one", v.Name, i, d)
		}
		shape[i] = int(n)
	}
	return shape, nil
}
