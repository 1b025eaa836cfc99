package cpu

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// A step of a decoder differs from the one before by one row more in its states. A plan for each length would be made anew in every step, so the
// symbols that grow with the states are elastic: a plan is made for the largest values that they can have before the states need more room, and a
// run sets the sizes, within the memory of the plan, of what depends on them. That is little, as states are read where they lie.

// stretch makes the symbols elastic that grow with the states of an attention: the number of past rows, and what masks, starts, lengths and the
// capacity have beside the dimensions of queries and new keys.
func (p *Program) stretch(n *ir.Node) {
	fixed := map[*sym.Symbol]bool{}
	for _, i := range []int{op.AttentionQ, op.AttentionK, op.AttentionV} {
		for _, d := range n.Input(i).Type.Dims {
			for _, y := range d.Symbols() {
				fixed[y] = true
			}
		}
	}
	add := func(e sym.Expr) {
		for _, y := range e.Symbols() {
			if !fixed[y] && !y.Fresh() && !slices.Contains(p.elastic, y.ID()) {
				p.elastic = append(p.elastic, y.ID())
			}
		}
	}
	for _, i := range []int{op.AttentionPastK, op.AttentionPastV} {
		add(n.Input(i).Type.Dims[2])
	}
	for _, i := range []int{op.AttentionLengths, op.AttentionStart, op.AttentionCapacity} {
		if v := n.Input(i); v != nil {
			for _, e := range v.Sym {
				add(e)
			}
		}
	}
	if m := n.Input(op.AttentionMask); m != nil && len(m.Type.Dims) > 0 {
		add(m.Type.Dims[len(m.Type.Dims)-1])
	}
}

// planStep makes a plan the session's that goes with its binding: one for the capacity of the states if there is one, else one for these
// sizes.
func (s *Session) planStep(in []tensor.Value) error {
	p := s.program
	if pl := s.stretchedPlan(in); pl != nil && s.checkMemory(pl) == nil {
		s.use(pl)
		if s.resize() {
			return nil
		}
	}
	pl, err := p.plan(s.binding, in)
	if err != nil {
		return err
	}
	if err := s.checkMemory(pl); err != nil {
		return err
	}
	s.use(pl)
	return nil
}

// checkMemory compares what the session would take under a plan, states included, with the limit.
func (s *Session) checkMemory(pl *plan) error {
	limit, used := s.program.limit, int64(0)
	for i, st := range s.program.states {
		if st.Append {
			used = s.exec.step.slots[i].Limits().Used()
		}
	}
	if limit > 0 && pl.total+used > limit {
		return fmt.Errorf("intermediate values and results take %d bytes for these shapes, states %d, the memory limit is %d", pl.total, used, limit)
	}
	return nil
}

// stretchedPlan is the plan for the capacity of the states, nil if there is none.
func (s *Session) stretchedPlan(in []tensor.Value) *plan {
	p, n := s.program, int64(s.capacity())
	if len(p.elastic) == 0 {
		return nil
	}
	s.most = append(s.most[:0], s.binding...)
	for _, y := range p.elastic {
		if s.most[y] > n {
			return nil
		}
		s.most[y] = n
	}
	key := p.key(s.most, in)
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl, ok := p.stretched[key]; ok {
		return pl
	}
	pl, err := p.makePlan(s.most, in, p.elastic)
	if err != nil {
		pl = nil // the plan for the actual sizes may do, or knows what is wrong
	}
	if len(p.stretched) >= maxPlans {
		clear(p.stretched)
	}
	p.stretched[strings.Clone(key)] = pl
	return pl
}

// resize sets the sizes of elastic slots, and reports whether they are within what the plan has for them.
func (s *Session) resize() bool {
	p := s.program
	for _, i := range s.plan.elastic {
		d, at := &p.slots[i], &s.slots[i]
		if d.kind == dimension {
			for k, e := range d.dims.Exprs {
				n, err := e.Eval(s.binding)
				if err != nil {
					return false
				}
				s.sized[i].SetInt64(k, n)
			}
			continue
		}
		for k, e := range d.value.Type.Dims {
			n, err := e.Eval(s.binding)
			if err != nil || n < 0 {
				return false
			}
			at.shape[k] = int(n)
		}
		n, err := tensor.NumElements(at.shape)
		if err != nil {
			return false
		}
		at.bytes = d.value.Type.Elem.ByteLen(n)
		if at.bytes > s.plan.slots[i].bytes || at.root != i && at.bytes != s.slots[at.root].bytes {
			return false
		}
		if at.known {
			s.place(i)
		}
	}
	return true
}

// dims is the tensor of a slot of dimensions.
func (s *Session) dims(slot int) *tensor.Tensor {
	if t := s.sized[slot]; t != nil && s.slots[slot].elastic {
		return t
	}
	return s.plan.dims[slot]
}
