package gocompile

import (
	"fmt"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// cell holds a state between steps: rows that steps append to, or a value that each step replaces. An empty one has neither.
type cell struct {
	rows  *backend.Rows
	value *tensor.Tensor
	spare *tensor.Tensor // the value before, whose memory the next one may take
	unset bool           // the rows are memory only
}

func (c *cell) empty() bool { return c.unset || c.rows == nil && c.value == nil }

// fill says where a step finds the state and puts the new one.
func (c *cell) fill(s *backend.Slot) { s.Rows, s.Spare = c.rows, c.spare }

// advance makes the result of a step the state.
func (c *cell) advance(result tensor.Value) {
	if c.rows == nil {
		c.value, c.spare = result.(*tensor.Tensor), c.value
	}
}

// begin makes an empty cell a state of zeros, or without rows.
func (c *cell) begin(elem, kept tensor.DType, shape []int, appends bool, l *backend.Limits) {
	c.unset = false
	if appends {
		if c.rows != nil && sameHeads(c.rows.Shape(), shape) {
			return
		}
		if c.rows != nil {
			c.rows.Free()
		}
		c.rows = backend.NewRowsIn(kept, elem, shape[0], shape[1], shape[3], l)
		return
	}
	c.value = tensor.New(elem, shape...)
}

func sameHeads(a, b []int) bool { return a[0] == b[0] && a[1] == b[1] && a[3] == b[3] }

// shape is that of the state, nil if the cell is empty.
func (c *cell) shape() []int {
	switch {
	case c.empty():
		return nil
	case c.rows != nil:
		return c.rows.Shape()
	}
	return c.value.Shape()
}

func (c *cell) reset() {
	if c.rows != nil {
		c.rows.SetLen(0)
		c.unset = true
	}
	c.value = nil
}

// len is the number of positions, which are along an axis.
func (c *cell) len(axis int) int {
	switch {
	case c.empty():
		return 0
	case c.rows != nil:
		return c.rows.Len()
	}
	return c.value.Dim(axis)
}

// truncate keeps the first n positions along an axis.
func (c *cell) truncate(axis, n int) {
	if c.rows != nil {
		c.rows.SetLen(n)
		return
	}
	shape := append([]int{}, c.value.Shape()...)
	outer, each := 1, c.value.DType().ByteLen(1)
	for i, d := range shape {
		if i < axis {
			outer *= d
		} else if i > axis {
			each *= d
		}
	}
	from := shape[axis] * each
	shape[axis] = n
	t := tensor.New(c.value.DType(), shape...)
	for i := range outer {
		copy(t.Bytes()[i*n*each:][:n*each], c.value.Bytes()[i*from:])
	}
	c.value, c.spare = t, nil
}

func (c *cell) clone(l *backend.Limits) (cell, error) {
	switch {
	case c.empty():
		return cell{}, nil
	case c.rows != nil:
		rows, err := c.rows.Clone(l)
		return cell{rows: rows}, err
	}
	return cell{value: c.value.Clone()}, nil
}

// tensor is a copy of the state, nil if the cell is empty.
func (c *cell) tensor() *tensor.Tensor {
	switch {
	case c.empty():
		return nil
	case c.rows != nil:
		return c.rows.Tensor()
	}
	return c.value.Clone()
}

func (c *cell) set(x *tensor.Tensor, kept tensor.DType, appends bool, l *backend.Limits) error {
	if !appends {
		c.value = x.Clone()
		return nil
	}
	c.begin(x.DType(), kept, x.Shape(), true, l)
	return c.rows.Set(x)
}

func (c *cell) bytes() int64 {
	n := 0
	if c.rows != nil {
		n += c.rows.Bytes()
	}
	for _, t := range []*tensor.Tensor{c.value, c.spare} {
		if t != nil {
			n += len(t.Bytes())
		}
	}
	return int64(n)
}

// begin gives states that are empty the shape that goes with the inputs of a step.
func (s *Stateful) begin() error {
	for i := range s.cells {
		if s.cells[i].empty() {
			return s.beginAll()
		}
	}
	return nil
}

func (s *Stateful) beginAll() error {
	g := s.stepper.all.graph
	b, batch := g.Scope.NewBinding(), -1
	for i, v := range g.Inputs() {
		if s.in[i] == nil {
			continue
		}
		if err := ir.BindValue(v.Type, s.in[i], b); err != nil {
			return fmt.Errorf("input %q: %w", v.Name, err)
		}
		if t, ok := s.in[i].(*tensor.Tensor); ok && t.Rank() > 0 && batch < 0 {
			batch = t.Dim(0)
		}
	}
	for i, st := range s.stepper.states {
		v := g.Inputs()[st.Input]
		if shape := s.cells[i].shape(); shape != nil {
			if err := ir.BindShape(v.Type, v.Type.Elem, shape, b); err != nil {
				return fmt.Errorf("state %q: %w", v.Name, err)
			}
		}
	}
	for i, st := range s.stepper.states {
		if !s.cells[i].empty() {
			continue
		}
		shape, err := s.stepper.shape(st, b, batch)
		if err != nil {
			return err
		}
		v := g.Inputs()[st.Input]
		if n, err := tensor.NumElements(shape); err != nil || int64(n) > ir.DefaultMaxBytes/16 {
			return fmt.Errorf("state %q: shape %v is too large", v.Name, shape)
		}
		s.cells[i].begin(v.Type.Elem, s.keptIn(v.Type.Elem), shape, st.appends, &s.limits)
	}
	return nil
}
