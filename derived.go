package gocompile

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// derived is an input of a decoder that follows from how many positions there are, for a batch of sequences of the same length. It is known by its
// name, and keeps its memory from step to step.
type derived struct {
	input   int
	name    string
	shape   [2]int
	storage *tensor.Tensor // with room for more
	view    *tensor.Tensor
}

// positions are those of a step.
type positions struct{ batch, past, rows int }

// derivedRanks are the inputs that can be derived, by name, and their ranks.
var derivedRanks = map[string]int{"attention_mask": 2, "position_ids": 2, "cache_position": 1}

func isDerived(name string) bool { return derivedRanks[name] > 0 }

// deriveInputs finds the inputs that need not be given.
func deriveInputs(t *stepper) []derived {
	if t.rows.input < 0 || !slices.ContainsFunc(t.states, func(s state) bool { return s.axis >= 0 }) {
		return nil
	}
	var list []derived
	for i, v := range t.all.graph.Inputs() {
		if rank, ok := v.Type.Rank(); ok && t.stateOf[i] < 0 && isDerived(v.Name) && rank == derivedRanks[v.Name] && isPlain(v.Type) {
			list = append(list, derived{input: i, name: v.Name})
		}
	}
	return list
}

func isPlain(t ir.Type) bool {
	return t.IsTensor() && (t.Elem == tensor.Int64 || t.Elem == tensor.Int32 || t.Elem == tensor.Float32 || t.Elem == tensor.Bool)
}

// derive makes those inputs that were not given.
func (s *Stateful) derive() {
	for i := range s.derived {
		d := &s.derived[i]
		if s.in[d.input] != nil {
			continue
		}
		x, ok := s.in[s.stepper.rows.input].(*tensor.Tensor)
		if !ok || x.Rank() < 2 {
			return // the step says what is missing
		}
		s.in[d.input] = d.make(s.stepper.all.graph.Inputs()[d.input].Type.Elem, positions{x.Dim(0), s.len(), x.Dim(s.stepper.rows.axis)})
	}
}

func (d *derived) make(elem tensor.DType, p positions) *tensor.Tensor {
	switch d.name {
	case "attention_mask": // ones, of which there are enough
		d.shape = [2]int{p.batch, p.past + p.rows}
		if d.resize(elem, d.shape[:]) {
			for i := range d.storage.Len() {
				d.storage.SetInt64(i, 1)
			}
		}
	case "position_ids":
		d.shape = [2]int{p.batch, p.rows}
		d.resize(elem, d.shape[:])
		for i := range d.view.Len() {
			d.view.SetInt64(i, int64(p.past+i%p.rows))
		}
	case "cache_position":
		d.shape[0] = p.rows
		d.resize(elem, d.shape[:1])
		for i := range d.view.Len() {
			d.view.SetInt64(i, int64(p.past+i))
		}
	}
	return d.view
}

// makeEach makes the input for a batch of single positions, each of which stands at the end of a frame; at says how many positions it has before it.
func (d *derived) makeEach(elem tensor.DType, at []int, frame int) *tensor.Tensor {
	switch d.name {
	case "attention_mask":
		d.shape = [2]int{len(at), frame + 1}
		d.resize(elem, d.shape[:])
		for i := range d.view.Len() {
			seen := int64(0)
			if i%(frame+1) >= frame-at[i/(frame+1)] {
				seen = 1
			}
			d.view.SetInt64(i, seen)
		}
	case "position_ids":
		d.shape = [2]int{len(at), 1}
		d.resize(elem, d.shape[:])
		for i, n := range at {
			d.view.SetInt64(i, int64(n))
		}
	case "cache_position":
		d.shape[0] = 1
		d.resize(elem, d.shape[:1])
		d.view.SetInt64(0, int64(frame))
	}
	return d.view
}

// resize gives the input a shape, and reports whether it has new memory for that.
func (d *derived) resize(elem tensor.DType, shape []int) bool {
	n := 1
	for _, k := range shape {
		n *= k
	}
	more := d.storage == nil || n > d.storage.Len()
	if more {
		d.storage = tensor.New(elem, max(64, 2*n))
	}
	memory := d.storage.Bytes()[:elem.ByteLen(n)]
	if d.view == nil {
		d.view = tensor.View(elem, shape, memory)
	} else {
		d.view.SetView(shape, memory)
	}
	return more
}
