package cpu

import (
	"context"
	"slices"

	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// A run in which dimensions depend on data goes on, once the last of them is known, under a plan for all of them, in a session of its own: there values
// lie in memory that was planned, views are no copies, and kernels are bound to what they read and write.

const worthwhile = 8 // steps that were not planned, from which a run goes on under another plan

// turning is when a run under a plan may go on under another one.
type turning struct {
	open []openSymbol
	last int // the step from which on too few are left for it to pay
}

// openSymbol is one that sizes outside of the plan depend on.
type openSymbol struct {
	*sym.Symbol
	last int // the last step that makes a value of such a size
}

// turnsOf finds out when, with the symbols that are known before the run.
func (pl *plan) turnsOf(p *Program) turning {
	var t turning
	for _, i := range pl.late {
		d := &p.slots[i]
		if d.kind != computed || !d.value.Used() {
			continue
		}
		for _, e := range d.value.Type.Dims {
			for _, y := range e.Symbols() {
				if pl.bound[y.ID()] == sym.Unbound {
					t.need(y, d.first)
				}
			}
		}
	}
	left := 0
	for t.last = len(p.steps); t.last > 0 && left < worthwhile; t.last-- {
		if !pl.ready[t.last-1] {
			left++
		}
	}
	return t
}

// need notes that a step makes a value whose size depends on y.
func (t *turning) need(y *sym.Symbol, step int) {
	for i := range t.open {
		if o := &t.open[i]; o.Symbol == y {
			o.last = max(o.last, step)
			return
		}
	}
	t.open = append(t.open, openSymbol{y, step})
}

// turns reports whether the run goes on under another plan after step i: the sizes of all that is computed after it are known then.
func (s *Session) turns(i int) bool {
	t := &s.plan.turning
	if len(t.open) == 0 || i >= t.last || s.plan.ready[i] || s.exec.step.slots != nil {
		return false
	}
	return !slices.ContainsFunc(t.open, func(o openSymbol) bool { return o.last > i && s.binding[o.ID()] == sym.Unbound })
}

// goOn runs the steps after step i in the session for a plan in which all is known. The results are there.
func (s *Session) goOn(ctx context.Context, i int, in []tensor.Value) error {
	p := s.program
	if s.onward == nil {
		s.onward = p.sessionIn(s)
		s.onward.reuse = s.reuse
	}
	r := s.onward
	copy(r.binding, s.binding)
	pl, err := p.plan(r.binding, in)
	if err != nil {
		return err
	}
	r.use(pl)
	r.bindPlanned()
	r.begin(in)
	s.hand(r, i)
	s.turned = true
	err = r.steps(ctx, in, i+1)
	s.current = r.current
	return err
}

// hand gives r the values that steps after step i need.
func (s *Session) hand(r *Session, i int) {
	for k, d := range s.program.slots {
		if d.kind != computed || d.first > i || d.last <= i {
			continue
		}
		v, at := s.values[k], &r.slots[k]
		switch {
		case v == nil:
		case !at.known:
			r.values[k] = v
		case s.program.slots[at.root].kind == computed:
			r.heads[k].CopyFrom(v.(*tensor.Tensor))
		}
	}
}

// finisher is the session that has the results of a run, which ends as this one does.
func (s *Session) finisher() *Session {
	for s.turned {
		s = s.onward
	}
	return s
}
