package cpu

import (
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Options of a program.
type Options struct {
	Pool        *pool.Pool // nil: the pool of the process
	MemoryLimit int64      // bytes that an arena, and any value outside of it, may take; 0: no limit but the machine's
}

// Program is a compiled graph. It is read-only and may be used by any number of sessions at once.
type Program struct {
	graph   *ir.Graph
	steps   []step
	slots   []slot
	inputs  []int // slots of the graph's inputs
	outputs []int
	pool    *pool.Pool
	level   level.Level
	limit   int64

	mu    sync.Mutex
	plans map[string]*plan // by the values of all symbols
}

// slot is a value of the program.
type slot struct {
	value  *ir.Value
	kind   slotKind
	source int          // of an alias: the slot whose memory it shares
	konst  tensor.Value // of a constant
	dims   *ir.Dims     // of a tensor of dimensions
	first  int          // step that defines it, −1 for inputs and constants
	last   int          // last step that uses it; len(steps) for outputs
}

type slotKind uint8

const (
	computed slotKind = iota // by a step, into the arena if the size is known before the run
	input                    // given by the caller
	constant
	dimension // computed from symbols when the plan is made
	alias     // another shape of the memory of another slot
)

// step is a node with its operands.
type step struct {
	node   *ir.Node
	in     []int // slots, −1 where absent
	out    []int // slots
	kernel kernel
	used   []bool     // which results anything needs
	bodies []*Program // of control flow
}

// kernel computes the results of a step in memory that is laid out already. It may use nothing else of the session than
// scratch memory.
type kernel interface {
	run(x *exec, in, out []*tensor.Tensor) error
}

// Compile lowers a graph. The graph must not change afterwards.
func Compile(g *ir.Graph, o Options) (*Program, error) {
	lv, err := level.Current()
	if err != nil {
		return nil, err
	}
	p := &Program{graph: g, pool: o.Pool, level: lv, limit: o.MemoryLimit, plans: map[string]*plan{}}
	if p.pool == nil {
		p.pool = pool.Default()
	}
	l := &lowering{program: p, slotOf: map[*ir.Value]int{}}
	for _, v := range g.Inputs() {
		p.inputs = append(p.inputs, l.slot(v, slot{kind: input, first: -1}))
	}
	for n := range g.Nodes() {
		if err := l.node(n, o); err != nil {
			return nil, &ir.NodeError{Node: n, Err: err}
		}
	}
	for _, out := range g.Outputs() {
		s, ok := l.slotOf[out.Value]
		if !ok {
			return nil, fmt.Errorf("output %q is not defined", out.Name)
		}
		p.outputs = append(p.outputs, s)
		p.keep(s, len(p.steps))
	}
	return p, nil
}

// keep notes that a slot, and the one whose memory it shares, is needed at a step.
func (p *Program) keep(s, step int) {
	for {
		p.slots[s].last = max(p.slots[s].last, step)
		if p.slots[s].kind != alias {
			return
		}
		s = p.slots[s].source
	}
}

// Graph is the graph that the program was made from; not to be changed.
func (p *Program) Graph() *ir.Graph { return p.graph }

// lowering is the state of Compile.
type lowering struct {
	program *Program
	slotOf  map[*ir.Value]int
}

func (l *lowering) slot(v *ir.Value, s slot) int {
	s.value = v
	s.last = s.first
	l.program.slots = append(l.program.slots, s)
	l.slotOf[v] = len(l.program.slots) - 1
	return len(l.program.slots) - 1
}

func (l *lowering) node(n *ir.Node, o Options) error {
	p := l.program
	switch op := n.Op.(type) {
	case *ir.Const:
		l.slot(n.Out()[0], slot{kind: constant, konst: op.Value, first: -1})
		return nil
	case *ir.Dims:
		l.slot(n.Out()[0], slot{kind: dimension, dims: op, first: -1})
		return nil
	}
	if !slices.ContainsFunc(n.Out(), (*ir.Value).Used) {
		return nil
	}
	at := len(p.steps)
	if aliases(n) {
		src := l.slotOf[n.Input(0)]
		s := l.slot(n.Out()[0], slot{kind: alias, source: src, first: at})
		_ = s
		for _, v := range n.In() { // the step stands for shapes that are not known before the run
			if v != nil {
				p.keep(l.slotOf[v], at)
			}
		}
		p.steps = append(p.steps, step{node: n, in: l.operands(n), out: []int{l.slotOf[n.Out()[0]]}, used: []bool{true}})
		return nil
	}
	st := step{node: n, in: l.operands(n), kernel: lower(n, p)}
	for _, b := range ir.Bodies(n.Op) {
		body, err := Compile(b, Options{Pool: p.pool, MemoryLimit: o.MemoryLimit})
		if err != nil {
			return err
		}
		st.bodies = append(st.bodies, body)
	}
	for _, s := range st.in {
		if s >= 0 {
			p.keep(s, at)
		}
	}
	for _, v := range n.Out() {
		st.out = append(st.out, l.slot(v, slot{kind: computed, first: at}))
		st.used = append(st.used, v.Used())
	}
	p.steps = append(p.steps, st)
	return nil
}

func (l *lowering) operands(n *ir.Node) []int {
	in := make([]int, len(n.In()))
	for i, v := range n.In() {
		in[i] = -1
		if v != nil {
			in[i] = l.slotOf[v]
		}
	}
	return in
}

// root is the slot whose memory a slot lives in.
func (p *Program) root(s int) int {
	for p.slots[s].kind == alias {
		s = p.slots[s].source
	}
	return s
}

// symbols is the scope that all sizes refer to.
func (p *Program) symbols() *sym.Scope { return p.graph.Scope }
