package gocompile

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/tensor"
)

// Batch runs steps of a decoder for independent sequences at once: each weight is read once for all of them, while attention of a sequence reads the keys
// and values of that sequence alone. Sequences have any lengths, and come and go from step to step; a prompt of one can share a step with single tokens of
// others. The results are those of the same steps of each sequence alone, but for the order in which sums are taken.
//
// It is for models whose states are keys and values; for others, and where it cannot be found out how a model counts positions, NewBatch returns an
// error. Each new position is computed as in a step of its own: it sees what was before it in its sequence and itself.
//
// A Batch takes one call at a time; calls from several goroutines, those of its sequences included, wait for each other.
type Batch struct {
	mu sync.Mutex
	engine
	shapes [][]int // of a state without positions
	steps  int
	at     []int          // by row of the step: positions before it in its sequence
	ends   *tensor.Tensor // see compileEnds

	positions *tensor.Tensor // at, for a model that counts positions by itself
	partIn    []tensor.Value
}

// Sequence is one of those of a Batch.
type Sequence struct {
	batch *Batch
	rows  []*backend.Rows // by state
	step  int             // in which it took part last
}

// Turn is the part of a sequence in a step: its next Rows positions.
type Turn struct {
	Sequence *Sequence
	Rows     int
}

// NewBatch makes a Batch without sequences. [WithMaxLen] holds for each sequence, a memory limit of the model for all of them and the intermediate
// values together.
func (m *Model) NewBatch(options ...StatefulOption) (*Batch, error) {
	c := newStatefulConfig(options)
	t, err := m.steppers.get(m, c.pairs)
	if err != nil {
		return nil, err
	}
	if t, err = t.together(m); err != nil {
		return nil, fmt.Errorf("the model cannot run several sequences together: %w", err)
	}
	e, err := newEngine(m, t, c)
	if err != nil {
		return nil, err
	}
	b := &Batch{engine: e, shapes: make([][]int, len(t.states)), ends: tensor.New(tensor.Int64, 0), positions: tensor.New(tensor.Int64, 0)}
	for i, s := range t.states {
		if b.shapes[i], err = t.shape(s, t.all.graph.Scope.NewBinding(), 1); err != nil {
			return nil, err
		}
		if n := b.shapes[i]; len(n) != 4 || n[0] != 1 {
			return nil, fmt.Errorf("state %q of one sequence has the shape %v", t.pairs[s.State].Input, n)
		}
	}
	return b, nil
}

// NewSequence makes a sequence without positions.
func (b *Batch) NewSequence() *Sequence {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.newSequence()
}

func (b *Batch) newSequence() *Sequence {
	s := &Sequence{batch: b, rows: make([]*backend.Rows, len(b.shapes))}
	for i, n := range b.shapes {
		elem := b.stepper.all.graph.Inputs()[b.stepper.states[i].Input].Type.Elem
		s.rows[i] = backend.NewRowsIn(b.keptIn(elem), elem, 1, n[1], n[3], &b.limits)
	}
	return s
}

// Step computes the next positions of the sequences of all turns, which are different ones. Inputs and outputs have a batch for each position, those of a
// turn one behind the other and of turns in their order, and one position in each: input_ids of turns of 3 and 1 rows is i64[4, 1], and so logits
// are f32[4, 1, vocabulary]. With [LastOnly] outputs have a batch for each turn, its last position.
//
// attention_mask and position_ids may be left out. A step that fails, or is cancelled by ctx, leaves all sequences as they were.
func (b *Batch) Step(ctx context.Context, turns []Turn, inputs map[string]tensor.Value, options ...StepOption) (map[string]tensor.Value, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.release()
	if err := b.take(inputs); err != nil {
		return nil, err
	}
	if err := b.schedule(turns); err != nil {
		return nil, err
	}
	if err := b.deriveRows(); err != nil {
		return nil, err
	}
	r, in := &b.all, b.in
	if slices.Contains(options, LastOnly) && len(b.at) > len(turns) {
		var err error
		if r, err = b.runnerFor(&b.stepper.ends); err != nil {
			return nil, err
		}
		b.partIn = append(append(b.partIn[:0], in...), b.lastOf(turns))
		in = b.partIn
	}
	results, err := r.general.Step(ctx, in, b.slots)
	if err != nil {
		return nil, err
	}
	return b.results(results), nil
}

// schedule notes the turns of a step, whose rows must be as many as the inputs have batches.
func (b *Batch) schedule(turns []Turn) error {
	if len(turns) == 0 {
		return fmt.Errorf("a step takes a turn of one sequence at least")
	}
	rows, input := b.stepper.rows, b.stepper.all.graph.Inputs()[b.stepper.rows.input]
	x, ok := b.in[rows.input].(*tensor.Tensor)
	if !ok {
		return fmt.Errorf("input %q is missing; a step takes %s", input.Name, portList(b.Inputs()))
	}
	shape, left := x.Shape(), 0
	if len(shape) > rows.axis && shape[rows.axis] == 1 {
		left = shape[0]
	}
	b.steps++
	for i, t := range turns {
		switch {
		case t.Sequence == nil || t.Sequence.batch != b:
			return fmt.Errorf("turn %d is not of a sequence of this batch", i)
		case t.Sequence.rows == nil:
			return fmt.Errorf("turn %d is of a sequence that was closed", i)
		case t.Sequence.step == b.steps:
			return fmt.Errorf("turn %d is of a sequence that has another turn in the same step", i)
		case t.Rows < 1:
			return fmt.Errorf("turn %d has %d rows", i, t.Rows)
		case t.Rows > left:
			return fmt.Errorf("input %q of shape %v has not one position in a batch for each row of all turns", input.Name, shape)
		}
		left -= t.Rows
		t.Sequence.step = b.steps
		before := t.Sequence.len()
		for j := range t.Rows {
			b.at = append(b.at, before+j)
		}
		for k, rows := range t.Sequence.rows {
			b.slots[k].Turns = append(b.slots[k].Turns, backend.Turn{Rows: rows, New: t.Rows})
		}
	}
	if left > 0 {
		return fmt.Errorf("input %q of shape %v has more than one position in a batch for each row of all turns, which are %d", input.Name, shape, len(b.at))
	}
	return nil
}

// release lets go of what belongs to a step.
func (b *Batch) release() {
	b.at = b.at[:0]
	clear(b.in)
	clear(b.partIn)
	for k := range b.slots {
		clear(b.slots[k].Turns)
		b.slots[k].Turns = b.slots[k].Turns[:0]
	}
}

// deriveRows makes the inputs that were not given and follow from where the rows stand.
func (b *Batch) deriveRows() error {
	g, frame := b.stepper.all.graph, slices.Max(b.at)
	if n := len(b.in) - 1; b.stepper.byRow {
		if b.positions.Len() != len(b.at) {
			b.positions = tensor.New(tensor.Int64, len(b.at))
		}
		for i, k := range b.at {
			b.positions.SetInt64(i, int64(k))
		}
		b.in[n] = b.positions
	}
	for i := range b.derived {
		if d := &b.derived[i]; b.in[d.input] == nil {
			b.in[d.input] = d.makeEach(g.Inputs()[d.input].Type.Elem, b.at, frame)
		}
	}
	return b.complete()
}

// lastOf are the rows in which turns end.
func (b *Batch) lastOf(turns []Turn) tensor.Value {
	if b.ends.Len() != len(turns) {
		b.ends = tensor.New(tensor.Int64, len(turns))
	}
	at := 0
	for i, t := range turns {
		at += t.Rows
		b.ends.SetInt64(i, int64(at-1))
	}
	return b.ends
}

// Bytes is the memory that the states of all sequences and the intermediate values take.
func (b *Batch) Bytes() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.arenaBytes() + b.limits.Used()
}

// Len is the number of positions of the sequence.
func (s *Sequence) Len() int {
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	return s.len()
}

func (s *Sequence) len() int {
	if len(s.rows) == 0 {
		return 0
	}
	return s.rows[0].Len()
}

// Truncate takes the sequence back to its first n positions.
func (s *Sequence) Truncate(n int) error {
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	if now := s.len(); n < 0 || n > now {
		return fmt.Errorf("there are %d positions, not %d to go back to", now, n)
	}
	for _, r := range s.rows {
		r.SetLen(n)
	}
	return nil
}

// Fork makes a sequence of the same batch that goes on from a copy of what this one has.
func (s *Sequence) Fork() (*Sequence, error) {
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	if s.rows == nil {
		return nil, fmt.Errorf("the sequence was closed")
	}
	f := &Sequence{batch: s.batch, rows: make([]*backend.Rows, len(s.rows))}
	for i, r := range s.rows {
		var err error
		if f.rows[i], err = r.Clone(&s.batch.limits); err != nil {
			for _, r := range f.rows[:i] {
				r.Free()
			}
			return nil, err
		}
	}
	return f, nil
}

// Close gives the memory of the sequence back. It cannot take part in steps any more.
func (s *Sequence) Close() {
	s.batch.mu.Lock()
	defer s.batch.mu.Unlock()
	for _, r := range s.rows {
		r.Free()
	}
	s.rows = nil
}
