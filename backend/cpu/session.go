package cpu

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/backend/cpu/kernel/channelnorm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/pooling"
	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/backend/cpu/pool"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Session runs a program, one call at a time. It owns the memory of intermediate values, which it keeps from run to run.
type Session struct {
	program *Program
	exec    exec
	plan    *plan
	slots   []planned              // of the plan, with the sizes of this run
	sized   map[int]*tensor.Tensor // tensors of dimensions that are elastic
	arena   []byte
	fresh   [][]byte // of this run, by plan.fresh; if results are reused, of the last one too
	reuse   bool     // see [backend.SessionOptions]
	binding sym.Binding
	most    sym.Binding      // see stretchedPlan
	out     []tensor.Value   // what the last step returned, or run if results are reused
	values  []tensor.Value   // by slot; planned ones are heads
	heads   []*tensor.Tensor // by slot: headers of tensors, reused from run to run; nil where none was needed yet
	made    []*tensor.Tensor // by slot: a tensor outside of the plan that was allocated for it in this run
	views   [][2][]*tensor.Tensor
	bound   []kernel // by step: what to run under the plan
	evals   []ir.EvalContext
	bodies  map[bodyKey]*Session
	recycler
	onward  *Session // for the rest of a run that changes its plan; nil before the first
	turned  bool     // this run has
	watch   *watcher // nil: nobody looks on
	current int      // the step at work
}

type bodyKey struct{ step, body int }

// exec is what kernels may use of a session.
type exec struct {
	pool      *pool.Pool
	gemm      *gemm.Ctx
	quant     *quant.Ctx
	attention *attention.Ctx   // see attender
	recurrent *recurrent.Ctx   // nil before the first use
	conv      *conv.Ctx        // see convolver
	norms     *channelnorm.Ctx // see channelNorms
	pooling   *pooling.Ctx     // nil before the first pooling
	scratch   []float32
	step      stepping // zero outside of a step
}

// floats returns scratch memory for n numbers, with any contents.
func (x *exec) floats(n int) []float32 {
	if len(x.scratch) < n {
		x.scratch = make([]float32, n)
	}
	return x.scratch[:n]
}

// NewSession makes a session; it allocates little before its first run.
func (p *Program) NewSession() *Session { return p.session(p.pool) }

func (p *Program) session(threads *pool.Pool) *Session {
	return &Session{program: p, exec: exec{pool: threads, gemm: gemm.NewCtx(threads, p.level), quant: quant.NewCtx(threads, p.level)}, binding: p.symbols().NewBinding(), bodies: map[bodyKey]*Session{}}
}

// ArenaBytes is the memory that the session holds for intermediate values, those of bodies too.
func (s *Session) ArenaBytes() int {
	n := len(s.arena) + s.recycler.bytes()
	if s.onward != nil {
		n += s.onward.ArenaBytes()
	}
	for _, b := range s.bodies {
		n += b.ArenaBytes()
	}
	return n
}

// Run computes the results of inputs, both in the order of the graph's. The results are new and belong to the caller; a result
// that is an input or constant of the program passed on is a copy. Beside them a run allocates nothing once the shapes have been seen.
// A run ends before its next step when ctx is cancelled.
func (s *Session) Run(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	s.binding.Reset()
	return s.run(ctx, in)
}

func (s *Session) run(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	if err := ir.BindInputs(s.program.graph, in, s.binding); err != nil {
		return nil, err
	}
	pl, err := s.program.plan(s.binding, in)
	if err != nil {
		return nil, err
	}
	s.use(pl)
	defer s.end()
	if err := s.compute(ctx, in); err != nil {
		return nil, err
	}
	r := s.finisher()
	if s.reuse {
		return r.results(r.lent()), nil
	}
	return r.results(make([]tensor.Value, len(s.program.outputs))), nil
}

// compute runs all steps under the session's plan.
func (s *Session) compute(ctx context.Context, in []tensor.Value) error {
	s.bindPlanned()
	s.begin(in)
	if err := s.steps(ctx, in, 0); err != nil {
		var ne *ir.NodeError
		if errors.As(err, &ne) || s.current < 0 {
			return err
		}
		return &ir.NodeError{Node: s.program.steps[s.current].node, Err: err}
	}
	return nil
}

// bindPlanned binds the symbols that the plan knows.
func (s *Session) bindPlanned() {
	for y, n := range s.plan.bound {
		if s.binding[y] == sym.Unbound {
			s.binding[y] = n
		}
	}
}

// use makes a plan the session's, if it is not yet.
func (s *Session) use(pl *plan) {
	if pl != s.plan {
		s.adopt(pl)
	}
}

// adopt makes another plan the session's.
func (s *Session) adopt(pl *plan) {
	p := s.program
	if s.values == nil {
		s.values = make([]tensor.Value, len(p.slots))
		s.heads = make([]*tensor.Tensor, len(p.slots))
		s.made = make([]*tensor.Tensor, len(p.slots))
		s.evals = make([]ir.EvalContext, len(p.steps))
		s.bound = make([]kernel, len(p.steps))
		s.views = make([][2][]*tensor.Tensor, len(p.steps))
		for i, st := range p.steps {
			s.views[i] = [2][]*tensor.Tensor{make([]*tensor.Tensor, len(st.in)), make([]*tensor.Tensor, len(st.out))}
		}
	}
	s.plan, s.slots = pl, pl.slots
	if len(pl.elastic) > 0 {
		s.slots = slices.Clone(pl.slots)
		s.sized = map[int]*tensor.Tensor{}
		for _, i := range pl.elastic {
			s.slots[i].shape = slices.Clone(s.slots[i].shape)
			if t := pl.dims[i]; t != nil {
				s.sized[i] = t.Clone()
			}
		}
	}
	if s.watch != nil {
		clear(s.watch.work)
	}
	clear(s.bound)
	clear(s.values)
	if cap(s.arena) < pl.arena {
		s.arena = nil // so that the old one can be freed first
		s.arena = tensor.AlignedBytes(pl.arena)
	}
	s.arena = s.arena[:cap(s.arena)]
	s.fresh = make([][]byte, len(pl.fresh))
	for i := range p.slots {
		s.place(i)
	}
	for i := range p.steps {
		if pl.ready[i] {
			s.operands(i)
		}
	}
}

// place makes the header of a planned value point to its memory, unless that is different in every run.
func (s *Session) place(i int) {
	at := &s.slots[i]
	if !at.known {
		if d := &s.program.slots[i]; d.kind == constant {
			s.values[i] = d.konst
		}
		return
	}
	r := at.root
	d := &s.program.slots[r]
	var memory []byte
	switch {
	case d.kind == constant:
		memory = d.konst.(*tensor.Tensor).Bytes()
	case d.kind == dimension:
		memory = s.dims(r).Bytes()
	case s.slots[r].offset >= 0:
		memory = s.arena[s.slots[r].offset:]
	default:
		if s.heads[i] == nil {
			s.heads[i] = tensor.View(s.program.slots[i].value.Type.Elem, noShape, nil)
		}
		s.values[i] = s.heads[i]
		return
	}
	s.point(i, memory)
}

var noShape = []int{0}

// point makes the header of a planned value point into the memory of its root.
func (s *Session) point(i int, memory []byte) {
	at := &s.slots[i]
	memory = memory[at.shift : at.shift+at.bytes : at.shift+at.bytes]
	if s.heads[i] == nil {
		s.heads[i] = tensor.View(s.program.slots[i].value.Type.Elem, at.shape, memory)
	} else {
		s.heads[i].SetView(at.shape, memory)
	}
	s.values[i] = s.heads[i]
}

// operands collects the headers that a kernel is called with.
func (s *Session) operands(i int) {
	st := &s.program.steps[i]
	in, out := s.views[i][0], s.views[i][1]
	for k, slot := range st.in {
		in[k] = nil
		if slot >= 0 {
			in[k] = s.heads[slot]
		}
	}
	for k, slot := range st.out {
		out[k] = nil
		if st.used[k] {
			out[k] = s.heads[slot]
		}
	}
}

// begin takes the inputs and makes memory for the results.
func (s *Session) begin(in []tensor.Value) {
	p, pl := s.program, s.plan
	s.current = -1
	for i, slot := range p.inputs {
		if !s.slots[slot].known {
			s.values[slot] = in[i]
		}
	}
	for k, slot := range pl.fresh {
		if s.keepsResult(slot) && len(s.fresh[k]) >= s.slots[slot].bytes && !anyIn(s.fresh[k], in) {
			continue
		}
		if s.fresh[k] = s.spare(slot); s.fresh[k] == nil {
			s.fresh[k] = tensor.AlignedBytes(s.slots[slot].bytes)
		}
	}
	for _, slot := range pl.moves {
		r := s.slots[slot].root
		if p.slots[r].kind == input {
			s.point(slot, in[p.slots[r].value.Index()].(*tensor.Tensor).Bytes())
			continue
		}
		s.point(slot, s.freshOf(r))
	}
}

// freshOf is the memory of a slot that becomes a result.
func (s *Session) freshOf(slot int) []byte {
	for k, f := range s.plan.fresh {
		if f == slot {
			return s.fresh[k]
		}
	}
	panic("BUG: no memory for a result")
}

// end lets go of what belongs to the caller.
func (s *Session) end() {
	pl := s.plan
	for k, slot := range pl.fresh {
		if !s.keepsResult(slot) {
			s.fresh[k] = nil
		}
	}
	for _, slot := range pl.moves {
		s.heads[slot].SetView(noShape, nil)
	}
	for _, slot := range pl.late {
		if s.program.slots[slot].kind != constant {
			s.values[slot], s.made[slot] = nil, nil
		}
	}
	s.recycler.end()
	if s.turned {
		s.onward.end()
		s.turned = false
	}
}

// steps runs all steps from one on. A panic of a kernel is an error of its step.
func (s *Session) steps(ctx context.Context, in []tensor.Value, from int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	pl := s.plan
	for _, i := range pl.order {
		if i < from {
			continue
		}
		if ctx != nil {
			if err := ctx.Err(); err != nil {
				s.current = -1
				return err
			}
		}
		s.current = i
		if s.watch != nil {
			err = s.watched(ctx, i)
		} else if k := s.bound[i]; k != nil {
			err = k.run(&s.exec, s.views[i][0], s.views[i][1])
		} else {
			err = s.step(ctx, i)
		}
		if err != nil {
			return err
		}
		s.bury(i)
		if s.turns(i) {
			return s.goOn(ctx, i, in)
		}
	}
	return nil
}

// bury ends the values outside of the plan that step i was the last to need.
func (s *Session) bury(i int) {
	if len(s.plan.late) == 0 {
		return
	}
	for _, slot := range s.plan.dying[i] {
		s.release(s.values[slot])
		s.values[slot], s.made[slot] = nil, nil
	}
	s.settle()
}

// step runs a step that may not have been bound yet.
func (s *Session) step(ctx context.Context, i int) error {
	p := s.program
	st := &p.steps[i]
	in, out := s.views[i][0], s.views[i][1]
	if s.bound[i] != nil {
		return s.bound[i].run(&s.exec, in, out)
	}
	if st.kernel == nil {
		return s.eval(ctx, i, st)
	}
	if s.plan.ready[i] {
		k := st.kernel
		if r, ok := k.(reading); ok && !s.plan.knows(p, st, r.contents) {
			k = kernelFunc(r.run)
		} else if b, ok := k.(bindable); ok && (!s.plan.stretchy[i] || bindsOnce(k)) {
			var err error
			if k, err = b.bind(&s.exec, in, out); err != nil {
				return err
			}
		}
		s.bound[i] = k
		return k.run(&s.exec, in, out)
	}
	if ok, err := s.late(i, st); ok || err != nil {
		return err
	}
	return s.eval(ctx, i, st)
}
