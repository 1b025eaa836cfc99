package cpu

import (
	"slices"
	"unsafe"

	"github.com/gocompile/gocompile/tensor"
)

// results hands the outputs over: what was computed for them is the caller's, or lent if results are reused; anything else is copied.
func (s *Session) results(out []tensor.Value) []tensor.Value {
	p, pl := s.program, s.plan
	for k, slot := range p.outputs {
		at := &s.slots[slot]
		switch {
		case p.slots[slot].kind == kept:
			out[k] = nil
		case pl.given[k] && s.fits(k):
			t := s.exec.step.slots[p.toState[k]].Spare
			t.SetView(at.shape, s.heads[slot].Bytes())
			out[k] = t
		case pl.given[k] && at.elastic:
			out[k] = tensor.View(s.heads[slot].DType(), slices.Clone(at.shape), s.heads[slot].Bytes())
		case pl.given[k] && out[k] != nil && s.keepsResult(pl.slots[slot].root):
			out[k].(*tensor.Tensor).SetView(at.shape, s.heads[slot].Bytes())
		case pl.given[k]:
			out[k] = tensor.View(s.heads[slot].DType(), at.shape, s.heads[slot].Bytes())
		case s.made[slot] != nil && s.values[slot] == tensor.Value(s.made[slot]) && !slices.Contains(p.outputs[:k], slot):
			s.give(s.made[slot])
			out[k] = s.made[slot]
		default:
			out[k] = clone(s.value(slot))
		}
	}
	return out
}

// lent is the session's own list of results.
func (s *Session) lent() []tensor.Value {
	if s.out == nil {
		s.out = make([]tensor.Value, len(s.program.outputs))
	}
	return s.out
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

// keepsResult reports whether memory that becomes a result is used again in the next run: not that of states.
func (s *Session) keepsResult(root int) bool {
	if !s.reuse || s.exec.step.slots == nil {
		return s.reuse
	}
	for k, o := range s.program.outputs {
		if s.program.toState[k] >= 0 && s.plan.slots[o].root == root {
			return false
		}
	}
	return true
}

// anyIn reports whether one of the values lies in this memory: then it may not be written to as long as the value is needed.
func anyIn(memory []byte, values []tensor.Value) bool {
	first := uintptr(unsafe.Pointer(unsafe.SliceData(memory)))
	return slices.ContainsFunc(values, func(v tensor.Value) bool {
		t, ok := v.(*tensor.Tensor)
		if !ok || t.DType() == tensor.String {
			return false // strings, and what consists of tensors, are never computed in such memory
		}
		at := uintptr(unsafe.Pointer(unsafe.SliceData(t.Bytes())))
		return at >= first && at < first+uintptr(len(memory))
	})
}
