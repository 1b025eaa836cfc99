package gocompile

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// State is a copy of a state, by the name of its input and as that input takes it; nil if no step has been made and none was set.
func (s *Stateful) State(input string) (*tensor.Tensor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.stateNamed(input)
	if err != nil {
		return nil, err
	}
	var parts []*tensor.Tensor
	for i, st := range s.stepper.states {
		if st.State != k {
			continue
		}
		t := s.cells[i].tensor()
		if t == nil {
			return nil, nil
		}
		if st.Perm != nil {
			if t, err = exchanged(t, inverse(st.Perm)); err != nil {
				return nil, err
			}
		}
		parts = append(parts, t)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	all := tensor.New(parts[0].DType(), append([]int{len(parts)}, parts[0].Shape()...)...)
	for i, t := range parts {
		copy(all.Bytes()[i*len(t.Bytes()):], t.Bytes())
	}
	return all, nil
}

// SetState makes a state a copy of x, by the name of its input. States that have positions must be set to the same number of them before the next
// step.
func (s *Stateful) SetState(input string, x *tensor.Tensor) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.stateNamed(input)
	if err != nil {
		return err
	}
	v := s.model.graph.Inputs()[slices.IndexFunc(s.model.graph.Inputs(), func(v *ir.Value) bool { return v.Name == input })]
	if err := ir.BindTensor(v.Type, x, s.model.graph.Scope.NewBinding()); err != nil {
		return fmt.Errorf("state %q: %w", input, err)
	}
	for i, st := range s.stepper.states {
		if st.State != k {
			continue
		}
		t := x
		if st.Index >= 0 {
			n := len(x.Bytes()) / x.Dim(0)
			t = tensor.View(x.DType(), x.Shape()[1:], x.Bytes()[st.Index*n:][:n])
		}
		if st.Perm != nil {
			if t, err = exchanged(t, st.Perm); err != nil {
				return err
			}
		}
		if err := s.cells[i].set(t, s.keptIn(t.DType()), st.appends, &s.limits); err != nil {
			return fmt.Errorf("state %q: %w", input, err)
		}
	}
	return nil
}

func (s *Stateful) stateNamed(input string) (int, error) {
	for k, p := range s.stepper.pairs {
		if p.Input == input {
			return k, nil
		}
	}
	return 0, fmt.Errorf("no state has the input %q; states are %v", input, s.stepper.pairs)
}

// exchanged is a tensor with its axes in another order.
func exchanged(t *tensor.Tensor, perm []int) (*tensor.Tensor, error) {
	c := &ir.EvalContext{In: []tensor.Value{t}}
	if err := ir.CallEval(&op.Transpose{Perm: perm}, c); err != nil {
		return nil, err
	}
	return c.Out[0].(*tensor.Tensor), nil
}

// inverse is the order of axes that undoes another one.
func inverse(perm []int) []int {
	back := make([]int, len(perm))
	for i, a := range perm {
		back[a] = i
	}
	return back
}
