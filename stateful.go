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
	mu sync.Mutex
	engine
	cells []cell
}

// StatefulOption changes a [Stateful] or a [Batch].
type StatefulOption func(*statefulConfig)

type statefulConfig struct {
	pairs []StatePair
	rows  int
	kept  tensor.DType
	reuse bool
}

func newStatefulConfig(options []StatefulOption) *statefulConfig {
	c := &statefulConfig{}
	for _, o := range options {
		o(c)
	}
	return c
}

// WithStates says which outputs are which inputs of the next step. Without, they are found from what computes them and from their names.
func WithStates(pairs ...StatePair) StatefulOption {
	return func(c *statefulConfig) { c.pairs = pairs }
}

// WithMaxLen makes a step that would need more than n positions in a cache fail with a [*FullError].
func WithMaxLen(n int) StatefulOption { return func(c *statefulConfig) { c.rows = n } }

// WithCache keeps keys and values that steps append to in fewer bits: rounded to tensor.Float16, which takes half of the memory and of the time to read
// it, or to tensor.Int8 with a float32 scale for each head and position, by which the largest number of 64, say, becomes 127: about a quarter. Attention
// reads them as they are and computes in float32. Other states stay as they are; a model that has no keys and values is an error.
//
// The error of a number is 2⁻¹¹ of it at most in float16, and 1/254 of the largest in its row in integers. Numbers above 65504 become infinite in float16;
// integers hold no infinities, which become the largest number of the row, and no NaN, which becomes 0.
func WithCache(t tensor.DType) StatefulOption { return func(c *statefulConfig) { c.kept = t } }

// WithReusedOutputs makes outputs, and the map of them, those of the Stateful or Batch itself: a step writes them where the one before did, so that
// they are good until the next step and no longer. A step of single positions allocates nothing then, once it has been made a few times, but for
// what a model takes that computes masks from lengths.
func WithReusedOutputs() StatefulOption { return func(c *statefulConfig) { c.reuse = true } }

// FullError says that a step needs more positions in a cache than [WithMaxLen] allows.
type FullError = backend.FullError

// NewStateful makes a Stateful whose states are empty. A memory limit of the model holds for the states and the intermediate values together.
func (m *Model) NewStateful(options ...StatefulOption) (*Stateful, error) {
	c := newStatefulConfig(options)
	t, err := m.steppers.get(m, c.pairs)
	if err != nil {
		return nil, err
	}
	e, err := newEngine(m, t, c)
	if err != nil {
		return nil, err
	}
	return &Stateful{engine: e, cells: make([]cell, len(t.states))}, nil
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
	r := &s.all
	if slices.Contains(options, LastOnly) && s.several() {
		var err error
		if r, err = s.runnerFor(&s.stepper.last); err != nil {
			return nil, err
		}
	}
	for i := range s.cells {
		s.cells[i].fill(&s.slots[i])
	}
	results, err := s.pick(r).Step(ctx, s.in, s.slots)
	if err != nil {
		return nil, err
	}
	for i, st := range s.stepper.states {
		s.cells[i].advance(results[st.Output])
	}
	return s.results(results), nil
}

// several reports whether a step has more positions than one.
func (s *Stateful) several() bool {
	rows := s.stepper.rows
	if rows.input < 0 {
		return false
	}
	x, ok := s.in[rows.input].(*tensor.Tensor)
	return !ok || x.Rank() <= rows.axis || x.Dim(rows.axis) > 1
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
	if err := s.take(inputs); err != nil {
		return err
	}
	s.derive()
	if err := s.complete(); err != nil {
		return err
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
	e, err := newEngine(s.model, s.stepper, s.config)
	if err != nil {
		return nil, err
	}
	f := &Stateful{engine: e, cells: make([]cell, len(s.cells))}
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
	n := s.arenaBytes()
	for i := range s.cells {
		n += s.cells[i].bytes()
	}
	return n
}
