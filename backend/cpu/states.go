package cpu

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// keep finds the states that runs append to: past keys and values that only one attention reads, whose present ones are nothing but the new
// states.
func (p *Program) keep(states []backend.State) {
	p.states = slices.Clone(states)
	for i := range p.states {
		p.states[i].Append = false
	}
	p.kept = map[*ir.Node][2]int{}
	p.fromState = slices.Repeat([]int{-1}, len(p.graph.Inputs()))
	p.toState = slices.Repeat([]int{-1}, len(p.graph.Outputs()))
	for i, s := range states {
		p.fromState[s.Input], p.toState[s.Output] = i, i
	}
	for n := range p.graph.Nodes() {
		o, ok := n.Op.(*op.Attention)
		if !ok || !attends(o, n) {
			continue
		}
		keys, values := p.appended(n, 0, states), p.appended(n, 1, states)
		if keys < 0 || values < 0 {
			continue
		}
		p.kept[n] = [2]int{keys, values}
		p.states[keys].Append, p.states[values].Append = true, true
		p.stretch(n)
	}
}

// appended is the state that the past keys (which = 0) or values (1) of an attention are, −1 if they are none that can be appended to.
func (p *Program) appended(n *ir.Node, which int, states []backend.State) int {
	past, present := n.Input(op.AttentionPastK+which), n.Out()[1+which]
	if past == nil || !past.IsGraphInput() || past.IsOutput() || len(past.Uses()) != 1 || len(past.Type.Dims) != 4 || len(present.Uses()) > 0 {
		return -1
	}
	if d := present.Type.Dims; len(d) != 4 || d[2].HasFresh() {
		return -1
	}
	state := p.fromState[past.Index()]
	for k, o := range p.graph.Outputs() {
		if o.Value == present && (state < 0 || p.toState[k] != state) { // a result beside the state
			return -1
		}
	}
	if state < 0 || !states[state].Append || p.graph.Outputs()[states[state].Output].Value != present {
		return -1
	}
	return state
}

// States implements [backend.Program].
func (p *Program) States() []backend.State { return p.states }

// step is the state of a call of Step.
type stepping struct {
	slots   []backend.Slot
	lengths []int // by state: rows after the step
}

// Step implements [backend.Session].
func (s *Session) Step(ctx context.Context, in []tensor.Value, slots []backend.Slot) ([]tensor.Value, error) {
	p, x := s.program, &s.exec
	if len(slots) != len(p.states) {
		return nil, fmt.Errorf("%d states, want %d", len(slots), len(p.states))
	}
	s.binding.Reset()
	if x.step.lengths == nil {
		x.step.lengths = make([]int, len(slots))
	}
	x.step.slots = slots
	defer func() { x.step.slots = nil }()
	if err := s.bindStep(in); err != nil {
		return nil, err
	}
	if err := s.reserve(); err != nil {
		return nil, err
	}
	if err := s.planStep(in); err != nil {
		return nil, err
	}
	defer s.end()
	if err := s.compute(ctx, in); err != nil {
		return nil, err
	}
	for i, st := range p.states {
		if st.Append {
			slots[i].Advance(x.step.lengths[i])
		}
	}
	return s.results(s.lent()), nil
}

// bindStep binds the symbols of all inputs, states that are appended to included.
func (s *Session) bindStep(in []tensor.Value) error {
	g := s.program.graph
	if len(in) != len(g.Inputs()) {
		return fmt.Errorf("graph %q takes %d inputs, got %d", g.Name, len(g.Inputs()), len(in))
	}
	for i, v := range g.Inputs() {
		var err error
		switch state := s.stateOf(i); {
		case state != nil:
			err = ir.BindShape(v.Type, state.Elem(), state.Shape(), s.binding)
		case in[i] == nil:
			return fmt.Errorf("input %q is missing", v.Name)
		default:
			err = ir.BindValue(v.Type, in[i], s.binding)
		}
		if err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
	}
	return nil
}

// stateOf is the memory of the state that an input is, nil if it is none that is appended to.
func (s *Session) stateOf(input int) *backend.Slot {
	if i := s.program.fromState[input]; i >= 0 && s.program.states[i].Append {
		return &s.exec.step.slots[i]
	}
	return nil
}

// reserve finds out how many rows each state will have, and makes room for them.
func (s *Session) reserve() error {
	p := s.program
	for i, st := range p.states {
		if !st.Append {
			continue
		}
		o := p.graph.Outputs()[st.Output]
		n, err := o.Value.Type.Dims[2].Eval(s.binding)
		if err != nil {
			return fmt.Errorf("output %q: %w", o.Name, err)
		}
		state := &s.exec.step.slots[i]
		if before := state.Shape()[2]; n < int64(before) || n > 1<<40 {
			return fmt.Errorf("output %q would have %d rows after %d", o.Name, n, before)
		}
		if err := state.Reserve(int(n), int64(len(s.arena))); err != nil {
			return fmt.Errorf("state %q: %w", p.graph.Inputs()[st.Input].Name, err)
		}
		s.exec.step.lengths[i] = int(n)
	}
	return nil
}

// capacity is the largest of all states that are appended to.
func (s *Session) capacity() int {
	n := 0
	for i, st := range s.program.states {
		if st.Append {
			n = max(n, s.exec.step.slots[i].Cap())
		}
	}
	return n
}

// spare is memory of the size of a slot that becomes a state, nil if there is none.
func (s *Session) spare(slot int) []byte {
	for k, o := range s.program.outputs {
		if s.plan.given[k] && s.slots[o].root == slot && s.fits(k) {
			return s.exec.step.slots[s.program.toState[k]].Spare.Bytes()
		}
	}
	return nil
}

// fits reports whether the spare memory of a state can hold output k, which is the new state.
func (s *Session) fits(k int) bool {
	i, o := s.program.toState[k], s.program.outputs[k]
	if i < 0 || s.exec.step.slots == nil || s.slots[o].elastic {
		return false
	}
	t := s.exec.step.slots[i].Spare
	return t != nil && t.DType() == s.program.slots[o].value.Type.Elem && len(t.Bytes()) == s.slots[o].bytes
}
