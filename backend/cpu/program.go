package cpu

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Options of a program.
type Options struct {
	Pool        *pool.Pool  // nil: the pool of the process
	MemoryLimit int64       // bytes that intermediate values and results of a session may take; 0: no limit but the machine's
	Unfused     bool        // every node is a step of its own
	Weights     gemm.Format // that constant float32 matrices are rounded to and kept in
	// Release is told of the memory of constants, or of parts of them, that the program has packed, and will hardly read again. It may be nil, and must be
	// safe for concurrent use.
	Release func(constant []byte)

	States []backend.State // see [backend.Options]

	packs *packs // of another program with constants in common; nil: none
}

// Program is a compiled graph. It is read-only and may be used by any number of sessions at once.
type Program struct {
	graph   *ir.Graph
	steps   []step
	slots   []slot
	inputs  []int // slots of the graph's inputs
	opened  []int // inputs whose shape the graph leaves open
	outputs []int
	pool    *pool.Pool
	level   level.Level
	limit   int64
	open    bool // some shapes have to be found out for each plan
	unfused bool
	weights gemm.Format
	packs   *packs
	release func(constant []byte)

	states    []backend.State
	fromState []int               // by input: the state that it is, or −1
	toState   []int               // by output
	kept      map[*ir.Node][2]int // attentions that append to states: those of the keys and of the values
	elastic   []int               // symbols that grow with these states

	describe  sync.Once
	described []*backend.Step // see Steps

	mu        sync.Mutex
	plans     map[string]*plan // by the values of all symbols
	stretched map[string]*plan // by the values of all symbols that are not elastic, and the capacity for those; nil where there can be none
}

// slot is a value of the program.
type slot struct {
	value *ir.Value
	kind  slotKind
	konst tensor.Value // of a constant
	dims  *ir.Dims     // of a tensor of dimensions
	first int          // step that defines it, −1 for inputs and constants
	last  int          // last step that uses it; len(steps) for outputs
}

type slotKind uint8

const (
	computed slotKind = iota // by a step
	input                    // given by the caller
	constant
	dimension // computed from symbols when the plan is made
	kept      // of a state that is appended to, which lies with the state
)

// step is a node, or several that are computed at once, with their operands.
type step struct {
	node   *ir.Node   // where it is computed
	nodes  []*ir.Node // all, in an order in which they can be computed
	in     []int      // slots, −1 where absent
	out    []int      // slots
	used   []bool     // which results anything needs
	unit   *unit      // what it was made from, if that is not a single node with its own inputs and results
	kernel kernel     // nil: the node's own Eval
	view   viewer     // nil: the results never are views
	bodies []*Program // of control flow
}

// kernel computes the results of a step in memory that is laid out already; a result that nothing needs is nil. It may use nothing else of
// the session than scratch memory. What it may be beside that: [bindable], [inPlacer], and a fmt.Stringer that names it.
type kernel interface {
	run(x *exec, in, out []*tensor.Tensor) error
}

// Compile lowers a graph. The graph must not change afterwards.
func Compile(g *ir.Graph, o Options) (*Program, error) {
	lv, err := level.Current()
	if err != nil {
		return nil, err
	}
	p := &Program{graph: g, pool: o.Pool, level: lv, limit: o.MemoryLimit, open: open(g), unfused: o.Unfused, weights: o.Weights, packs: o.packs, release: o.Release, plans: map[string]*plan{}, stretched: map[string]*plan{}}
	p.keep(o.States)
	if p.packs == nil {
		p.packs = newPacks()
	}
	if p.pool == nil {
		p.pool = pool.Default()
	}
	l := &lowering{program: p, options: o, slotOf: map[*ir.Value]int{}}
	p.reserve()
	l.units = p.units(g, !o.Unfused)
	for _, v := range g.Inputs() {
		kind := input
		if i := p.fromState[v.Index()]; i >= 0 && p.states[i].Append {
			kind = kept
		}
		p.inputs = append(p.inputs, l.slot(v, slot{kind: kind, first: -1}))
		if openType(v.Type) {
			p.opened = append(p.opened, v.Index())
		}
	}
	for n := range g.Nodes() { // first of all, as a step may stand before a constant of one of its nodes
		l.constant(n)
	}
	for n := range g.Nodes() {
		if err := l.node(n); err != nil {
			return nil, &ir.NodeError{Node: n, Err: err}
		}
	}
	for _, out := range g.Outputs() {
		s, ok := l.slotOf[out.Value]
		if !ok {
			return nil, fmt.Errorf("output %q is not defined", out.Name)
		}
		p.outputs = append(p.outputs, s)
		p.slots[s].last = len(p.steps)
	}
	return p, nil
}

// options are those of a program that shares threads and packed weights with this one.
func (p *Program) options() Options {
	return Options{Pool: p.pool, MemoryLimit: p.limit, Unfused: p.unfused, Weights: p.weights, packs: p.packs}
}

// Graph is the graph that the program was made from; not to be changed.
func (p *Program) Graph() *ir.Graph { return p.graph }

// lowering is the state of Compile.
type lowering struct {
	program *Program
	options Options
	slotOf  map[*ir.Value]int
	units   map[*ir.Node]*unit
}

func (l *lowering) slot(v *ir.Value, s slot) int {
	s.value = v
	s.last = s.first
	l.program.slots = append(l.program.slots, s)
	l.slotOf[v] = len(l.program.slots) - 1
	return len(l.program.slots) - 1
}

// constant gives a constant or a tensor of dimensions its slot. That of weights which are kept as integers is that of the integers.
func (l *lowering) constant(n *ir.Node) {
	switch o := n.Op.(type) {
	case *ir.Const:
		l.slot(n.Out()[0], slot{kind: constant, konst: o.Value, first: -1})
	case *ir.Dims:
		l.slot(n.Out()[0], slot{kind: dimension, dims: o, first: -1})
	case *op.DequantizeLinear:
		if v := n.Out()[0]; v.Used() && integerWeightsOf(v) != nil || isRecurrentWeight(v) {
			l.slotOf[n.Out()[0]] = l.slotOf[n.Input(0)]
		}
	}
}

// node adds the step of a node. One that is part of a unit comes where that is computed.
func (l *lowering) node(n *ir.Node) error {
	switch n.Op.(type) {
	case *ir.Const, *ir.Dims:
		return nil
	}
	if !slices.ContainsFunc(n.Out(), (*ir.Value).Used) {
		return nil
	}
	if s, ok := l.slotOf[n.Out()[0]]; ok && l.program.slots[s].kind == constant { // weights
		return nil
	}
	u := l.units[n]
	if u == nil {
		u = &unit{nodes: []*ir.Node{n}, in: n.In(), kernel: lower(n, l.program)}
	} else if u.place() != n {
		return nil
	}
	return l.step(n, u)
}

func (l *lowering) step(n *ir.Node, u *unit) error {
	p := l.program
	st := step{node: n, nodes: u.nodes, kernel: u.kernel, in: make([]int, len(u.in))}
	if l.units[n] == nil {
		st.view = viewOf(n)
	} else {
		st.unit = u
	}
	for _, b := range ir.Bodies(n.Op) {
		body, err := Compile(b, p.options())
		if err != nil {
			return err
		}
		st.bodies = append(st.bodies, body)
	}
	for i, v := range u.in {
		st.in[i] = -1
		if v != nil {
			slot, ok := l.slotOf[v]
			if !ok {
				return fmt.Errorf("BUG: no step computes %v, which is input %d", v, i)
			}
			st.in[i] = slot
			p.slots[slot].last = len(p.steps)
		}
	}
	for _, v := range u.results() {
		st.out = append(st.out, l.slot(v, slot{kind: computed, first: len(p.steps)}))
		st.used = append(st.used, v.Used())
	}
	if _, ok := p.kept[n]; ok {
		st.in[op.AttentionPastK], st.in[op.AttentionPastV] = -1, -1
		for k := 1; k <= 2; k++ {
			st.used[k], p.slots[st.out[k]].kind = false, kept
		}
	}
	p.steps = append(p.steps, st)
	return nil
}

// symbols is the scope that all sizes refer to.
func (p *Program) symbols() *sym.Scope { return p.graph.Scope }
