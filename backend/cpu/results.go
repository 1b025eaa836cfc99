package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/tensor"
)

// results hands the outputs over: what was computed for them is the caller's, anything else is copied.
func (s *Session) results() []tensor.Value {
	p, pl := s.program, s.plan
	out := make([]tensor.Value, len(p.outputs))
	for k, slot := range p.outputs {
		at := &pl.slots[slot]
		switch {
		case pl.given[k]:
			out[k] = tensor.View(s.heads[slot].DType(), at.shape, s.heads[slot].Bytes())
		case s.made[slot] != nil && s.values[slot] == tensor.Value(s.made[slot]) && !slices.Contains(p.outputs[:k], slot):
			out[k] = s.made[slot]
		default:
			out[k] = clone(s.value(slot))
		}
	}
	return out
}

// clone is a copy of a value with all that it holds.
func clone(v tensor.Value) tensor.Value {
	switch v := v.(type) {
	case *tensor.Tensor:
		return v.Clone()
	case *tensor.Sequence:
		c := &tensor.Sequence{Elem: v.Elem, Items: make([]tensor.Value, len(v.Items))}
		for i, x := range v.Items {
			c.Items[i] = clone(x)
		}
		return c
	case *tensor.Optional:
		if v.Item != nil {
			return &tensor.Optional{Item: clone(v.Item)}
		}
		return &tensor.Optional{}
	case *tensor.Map:
		return &tensor.Map{Keys: v.Keys.Clone(), Values: clone(v.Values)}
	}
	return v
}
