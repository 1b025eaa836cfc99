package gocompile

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/tensor"
)

// Stateful runs a model step after step and keeps what one step hands on to the next, its states: the keys and values of all positions that a
// decoder has seen, or what a recurrent net remembers of a stream. The caller gives the other inputs and gets the other outputs.
//
// Keys and values stay where they are: a step writes those of its own positions behind them, and attention reads all of them in place. Their memory
// doubles when it is full. States are zero at first, and have no positions.
//
// A Stateful takes one call at a time; calls from several goroutines wait for each other. Sequences that go on independently are one Stateful each;
// all share the weights. Sequences of the same length can share one as a batch.
type Stateful struct {
	mu      sync.Mutex
	model   *Model
	stepper *stepper
	all     runner
	last    *runner // computes the last position only; nil until it is needed
	limits  backend.Limits
	cells   []cell
	slots   []backend.Slot
	in      []tensor.Value
	derived []derived
}

// StatefulOption changes a Stateful.
type StatefulOption func(*statefulConfig)

type statefulConfig struct {
	pairs []StatePair
	rows  int
}

// WithStates says which outputs are which inputs of the next step. Without, they are found from what computes them and from their names.
func WithStates(pairs ...StatePair) StatefulOption {
	return func(c *statefulConfig) { c.pairs = pairs }
}

// WithMaxLen makes a step that would need more than n positions in a cache fail with a [*FullError].
func WithMaxLen(n int) StatefulOption { return func(c *statefulConfig) { c.rows = n } }

// FullError says that a step needs more positions in a cache than [WithMaxLen] allows.
type FullError = backend.FullError

// NewStateful makes a Stateful whose states are empty. A memory limit of the model holds for the states and the intermediate values together.
func (m *Model) NewStateful(options ...StatefulOption) (*Stateful, error) {
	c := &statefulConfig{}
	for _, o := range options {
		o(c)
	}
	t, err := m.steppers.get(m, c.pairs)
	if err != nil {
		return nil, err
	}
	s := &Stateful{model: m, stepper: t, all: newRunner(t.all.program, t.all.variants, backend.SessionOptions{}), limits: backend.Limits{Rows: c.rows, Bytes: m.memory},
		cells: make([]cell, len(t.states)), slots: make([]backend.Slot, len(t.states)), in: make([]tensor.Value, len(t.all.graph.Inputs()))}
	s.derived = deriveInputs(t)
	return s, nil
}

// States lists the states.
func (s *Stateful) States() []StatePair { return slices.Clone(s.stepper.pairs) }

// Inputs lists what a step takes: the inputs of the model that are no states.
func (s *Stateful) Inputs() []Port {
	return slices.DeleteFunc(s.model.Inputs(), func(p Port) bool {
		return slices.ContainsFunc(s.stepper.pairs, func(q StatePair) bool { return q.Input == p.Name })
	})
}

// Outputs lists what a step gives: the outputs of the model that are no states.
func (s *Stateful) Outputs() []Port {
	return slices.DeleteFunc(s.model.Outputs(), func(p Port) bool {
		return slices.ContainsFunc(s.stepper.pairs, func(q StatePair) bool { return q.Output == p.Name })
	})
}

// StepOption changes a single step.
type StepOption uint8

// LastOnly makes a step give the last position only of outputs that have one row a position: logits f32[1, 7, 50000] become f32[1, 1, 50000], and
// nothing is computed that only the others need.
const LastOnly StepOption = 1

// Step runs the model on the inputs and the states, and makes the new states those of the next step. Inputs and outputs are as for [Session.Run]; they
// are those that are no states. A step that fails, or is cancelled by ctx, leaves the states as they were.
//
// Of the inputs that decoders have beside tokens these may be left out, if the model has positions in its states, and have the values that belong to
// a batch of sequences of the same length: attention_mask (1 for all positions, past and new), position_ids and cache_position (of the new ones, counted
// from the first).
func (s *Stateful) Step(ctx context.Context, inputs map[string]tensor.Value, options ...StepOption) (map[string]tensor.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer clear(s.in)
	if err := s.collect(inputs); err != nil {
		return nil, err
	}
	r, err := s.runnerFor(slices.Contains(options, LastOnly))
	if err != nil {
		return nil, err
	}
	for i := range s.cells {
		s.cells[i].fill(&s.slots[i])
	}
	results, err := s.pick(r).Step(ctx, s.in, s.slots)
	if err != nil {
		return nil, err
	}
	out := make(map[string]tensor.Value, len(results)-len(s.cells))
	for i, st := range s.stepper.states {
		s.cells[i].advance(results[st.Output])
	}
	for k, o := range s.stepper.all.graph.Outputs() {
		if !s.stepper.isState[k] {
			out[o.Name] = results[k]
		}
	}
	clear(results)
	return out, nil
}

// runnerFor is the one for all positions, or for the last only where a step has several.
func (s *Stateful) runnerFor(last bool) (*runner, error) {
	t := s.stepper
	if !last || t.rows.input < 0 {
		return &s.all, nil
	}
	if x, ok := s.in[t.rows.input].(*tensor.Tensor); ok && x.Rank() > t.rows.axis && x.Dim(t.rows.axis) <= 1 {
		return &s.all, nil
	}
	if s.last == nil {
		c, err := t.lastOnly()
		if err != nil {
			return nil, err
		}
		r := newRunner(c.program, c.variants, backend.SessionOptions{})
		s.last = &r
	}
	return s.last, nil
}

// pick is the session for a step. Programs for single shapes are for states that have the same shape in every step.
func (s *Stateful) pick(r *runner) backend.Session {
	if s.stepper.appends {
		return r.general
	}
	return r.pick(s.in)
}

// collect puts the inputs of a step in order, with those that are derived and the states.
func (s *Stateful) collect(inputs map[string]tensor.Value) error {
	g, taken := s.stepper.all.graph, 0
	for i, v := range g.Inputs() {
		if s.stepper.stateOf[i] >= 0 {
			continue
		}
		if x := inputs[v.Name]; x != nil {
			s.in[i] = x
			taken++
		}
	}
	if taken != len(inputs) {
		for name, x := range inputs {
			switch {
			case x == nil:
				return fmt.Errorf("input %q is missing; a step takes %s", name, portList(s.Inputs()))
			case !hasPort(s.model.Inputs(), name):
				return fmt.Errorf("the model has no input %q; a step takes %s", name, portList(s.Inputs()))
			case !hasPort(s.Inputs(), name):
				return fmt.Errorf("input %q is a state, which is kept; SetState changes it", name)
			}
		}
	}
	s.derive()
	for i, v := range g.Inputs() {
		if s.in[i] == nil && s.stepper.stateOf[i] < 0 {
			return fmt.Errorf("input %q is missing; a step takes %s", v.Name, portList(s.Inputs()))
		}
	}
	if err := s.begin(); err != nil {
		return err
	}
	for i, st := range s.stepper.states {
		if x := s.cells[i].value; x != nil {
			s.in[st.Input] = x
		}
	}
	return nil
}

// Len is the number of positions in the states, 0 for a model whose states have none.
func (s *Stateful) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.len()
}

func (s *Stateful) len() int {
	for i, st := range s.stepper.states {
		if st.axis >= 0 {
			return s.cells[i].len(st.axis)
		}
	}
	return 0
}

// Reset empties all states, as in a new Stateful. Memory is kept.
func (s *Stateful) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.cells {
		s.cells[i].reset()
	}
}

// Truncate takes all states back to the first n positions. That is not possible for states without positions, but to 0.
func (s *Stateful) Truncate(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch now := s.len(); {
	case n == 0:
		for i := range s.cells {
			s.cells[i].reset()
		}
		return nil
	case n == now:
		return nil
	case n < 0 || n > now:
		return fmt.Errorf("there are %d positions, not %d to go back to", now, n)
	}
	for _, st := range s.stepper.states {
		if st.axis < 0 {
			return fmt.Errorf("state %q has no positions to go back to; Fork keeps what it is now", s.stepper.pairs[st.State].Input)
		}
	}
	for i, st := range s.stepper.states {
		s.cells[i].truncate(st.axis, n)
	}
	return nil
}

// Fork makes a Stateful that goes on from a copy of the states, for instance to continue one beginning in several ways.
func (s *Stateful) Fork() (*Stateful, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &Stateful{model: s.model, stepper: s.stepper, all: newRunner(s.stepper.all.program, s.stepper.all.variants, backend.SessionOptions{}),
		limits: backend.Limits{Rows: s.limits.Rows, Bytes: s.limits.Bytes}, cells: make([]cell, len(s.cells)), slots: make([]backend.Slot, len(s.slots)),
		in: make([]tensor.Value, len(s.in)), derived: deriveInputs(s.stepper)}
	for i := range s.cells {
		var err error
		if f.cells[i], err = s.cells[i].clone(&f.limits); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Bytes is the memory that the states and the intermediate values take.
func (s *Stateful) Bytes() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := int64(s.all.arenaBytes())
	if s.last != nil {
		n += int64(s.last.arenaBytes())
	}
	for i := range s.cells {
		n += s.cells[i].bytes()
	}
	return n
}
