package backend

import (
	"fmt"

	"github.com/gocompile/gocompile/tensor"
)

// Turn is what a sequence does in a step of several: so many batches of the step, one behind the other, are its next positions. Rows are its own, of one
// batch.
type Turn struct {
	Rows *Rows
	New  int // at least 1
}

// A program sees the turns of a step as a batch of single positions that stand at the end of a frame, whose length is that of the longest of them. A
// state of past positions has the shape [positions in all turns, heads, frame, size] then; batch b has as many positions in it as there are before it
// in its sequence, the last ones of the frame, or the first ones where the program places new rows by itself.

// Elem is the type of the elements of a state that is appended to.
func (s *Slot) Elem() tensor.DType { return s.first().elem }

// Limits are those that the memory of the state counts against.
func (s *Slot) Limits() *Limits { return s.first().limits }

func (s *Slot) first() *Rows {
	if s.Turns != nil {
		return s.Turns[0].Rows
	}
	return s.Rows
}

// Shape is that of the state before the step, as the program sees it. It is good until the next call.
func (s *Slot) Shape() []int {
	if s.Turns == nil {
		return s.Rows.Shape()
	}
	s.shape = s.first().shape
	s.shape[0], s.shape[2] = 0, 0
	for _, t := range s.Turns {
		s.shape[0] += t.New
		s.shape[2] = max(s.shape[2], t.Rows.Len()+t.New-1)
	}
	return s.shape[:]
}

// Cap is the number of rows that the frame has room for.
func (s *Slot) Cap() int {
	if s.Turns == nil {
		return s.Rows.Cap()
	}
	n := 0
	for _, t := range s.Turns {
		n = max(n, t.Rows.Cap())
	}
	return n
}

// Reserve makes room for a step after which there are n rows as the program sees it; see [Rows.Reserve].
func (s *Slot) Reserve(n int, beside int64) error {
	if s.Turns == nil {
		return s.Rows.Reserve(n, beside)
	}
	if frame := s.Shape()[2]; n != frame+1 {
		return fmt.Errorf("%d rows after %d are not one more, which a step of several sequences takes", n, frame)
	}
	for _, t := range s.Turns {
		if err := t.Rows.Reserve(t.Rows.Len()+t.New, beside); err != nil {
			return err
		}
	}
	return nil
}

// Advance makes what a step has written part of the state, which has n rows then as the program sees it.
func (s *Slot) Advance(n int) {
	if s.Turns == nil {
		s.Rows.SetLen(n)
		return
	}
	for _, t := range s.Turns {
		t.Rows.SetLen(t.Rows.Len() + t.New)
	}
}
