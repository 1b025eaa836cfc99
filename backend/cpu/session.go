package cpu

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
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
	arena   []byte
	binding sym.Binding
	values  []tensor.Value   // by slot
	heads   []*tensor.Tensor // by slot: headers of planned values, reused from run to run
	views   [][2][]*tensor.Tensor
	bound   []kernel // by step: what its binder made for the plan
	evals   []ir.EvalContext
	bodies  map[bodyKey]*Session
}

type bodyKey struct{ step, body int }

// exec is what kernels may use of a session.
type exec struct {
	pool    *pool.Pool
	gemm    *gemm.Ctx
	scratch []float32
}

// floats returns scratch memory for n numbers, with any contents.
func (x *exec) floats(n int) []float32 {
	if len(x.scratch) < n {
		x.scratch = make([]float32, n)
	}
	return x.scratch[:n]
}

// NewSession makes a session; it allocates little before its first run.
func (p *Program) NewSession() *Session {
	return &Session{program: p, exec: exec{pool: p.pool, gemm: gemm.NewCtx(p.pool, p.level)}, binding: p.symbols().NewBinding(), bodies: map[bodyKey]*Session{}}
}

// ArenaBytes is the memory that the session holds for intermediate values.
func (s *Session) ArenaBytes() int { return len(s.arena) }

// Run computes the results of inputs, both in the order of the graph's. The results are new and belong to the caller; a result
// that is an input or constant of the program passed on is a copy.
func (s *Session) Run(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	s.binding.Reset()
	s.program.pool.Enter()
	defer s.program.pool.Leave()
	return s.run(ctx, in)
}

func (s *Session) run(ctx context.Context, in []tensor.Value) ([]tensor.Value, error) {
	p := s.program
	if err := ir.BindInputs(p.graph, in, s.binding); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	for i, v := range in {
		s.values[p.inputs[i]] = v
	}
	for i := range p.steps {
		if ctx != nil {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if err := s.step(ctx, i); err != nil {
			var ne *ir.NodeError
			if errors.As(err, &ne) {
				return nil, err
			}
			return nil, &ir.NodeError{Node: p.steps[i].node, Err: err}
		}
	}
	return s.results(), nil
}

// prepare makes the plan for the shapes at hand the session's.
func (s *Session) prepare() error {
	p := s.program
	pl, err := p.plan(s.binding)
	if err != nil {
		return err
	}
	if s.values == nil {
		s.values = make([]tensor.Value, len(p.slots))
		s.heads = make([]*tensor.Tensor, len(p.slots))
		s.evals = make([]ir.EvalContext, len(p.steps))
		s.views = make([][2][]*tensor.Tensor, len(p.steps))
		s.bound = make([]kernel, len(p.steps))
		for i, st := range p.steps {
			s.views[i] = [2][]*tensor.Tensor{make([]*tensor.Tensor, len(st.in)), make([]*tensor.Tensor, len(st.out))}
			s.evals[i] = ir.EvalContext{In: make([]tensor.Value, len(st.in)), Out: make([]tensor.Value, len(st.out)), Used: st.used}
		}
	}
	if pl == s.plan {
		for i, d := range p.slots { // outputs and what depends on data are new in every run
			if d.kind == computed && s.heads[i] == nil {
				s.values[i] = nil
			}
		}
		return nil
	}
	s.plan = pl
	clear(s.bound)
	if cap(s.arena) < pl.arena {
		s.arena = nil // so that the old one can be freed first
		s.arena = tensor.AlignedBytes(pl.arena)
	}
	s.arena = s.arena[:cap(s.arena)]
	for i, d := range p.slots {
		s.values[i], s.heads[i] = nil, nil
		switch at := pl.slots[i]; {
		case d.kind == constant:
			s.values[i] = d.konst
		case d.kind == dimension:
			if x := pl.dims[i]; x != nil {
				s.values[i] = x
			}
		case at.offset >= 0:
			s.heads[i] = tensor.View(d.value.Type.Elem, at.shape, s.arena[at.offset:at.offset+at.bytes])
			s.values[i] = s.heads[i]
		}
	}
	// Views of values whose place is known are made once.
	for i, d := range p.slots {
		if d.kind != alias || !pl.slots[i].known {
			continue
		}
		r := p.root(i)
		if base, ok := s.values[r].(*tensor.Tensor); ok && (p.slots[r].kind != input) {
			s.heads[i] = tensor.View(base.DType(), pl.slots[i].shape, base.Bytes())
			s.values[i] = s.heads[i]
		}
	}
	return nil
}

func (s *Session) step(ctx context.Context, i int) error {
	p := s.program
	st := &p.steps[i]
	if d := p.slots[st.out[0]]; d.kind == alias {
		return s.alias(ctx, i)
	}
	if st.kernel != nil && s.plan.ready[i] {
		return s.native(i, st)
	}
	if st.kernel != nil {
		if ok, err := s.late(i, st); ok || err != nil {
			return err
		}
	}
	return s.eval(ctx, i, st)
}

// native runs a kernel on planned memory.
func (s *Session) native(i int, st *step) error {
	in, out := s.views[i][0], s.views[i][1]
	for k, slot := range st.in {
		if slot >= 0 {
			in[k] = s.values[slot].(*tensor.Tensor)
		}
	}
	for k, slot := range st.out {
		out[k] = nil
		if !st.used[k] {
			continue
		}
		if s.values[slot] == nil {
			at := s.plan.slots[slot]
			s.values[slot] = tensor.New(s.program.slots[slot].value.Type.Elem, at.shape...)
		}
		out[k] = s.values[slot].(*tensor.Tensor)
	}
	k := st.kernel
	if b, ok := k.(binder); ok && s.plan.ready[i] {
		if s.bound[i] == nil {
			if err := s.bind(i, b, in, out); err != nil {
				return err
			}
		}
		k = s.bound[i]
	}
	return runKernel(k, &s.exec, in, out)
}

// bind makes the kernel of a step for the shapes of the plan.
func (s *Session) bind(i int, b binder, in, out []*tensor.Tensor) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	s.bound[i], err = b(&s.exec, in, out)
	return err
}

// late runs a kernel whose shapes have become known during the run; false if they have not.
func (s *Session) late(i int, st *step) (bool, error) {
	for _, slot := range st.in {
		if slot >= 0 {
			if _, ok := s.value(slot).(*tensor.Tensor); !ok {
				return false, nil
			}
		}
	}
	for k, slot := range st.out {
		if !st.used[k] || s.values[slot] != nil {
			continue
		}
		t := s.program.slots[slot].value.Type
		if t.Kind != ir.KindTensor || !t.Ranked {
			return false, nil
		}
		shape, err := evalDims(t.Dims, s.binding)
		if shape == nil || err != nil {
			return false, err
		}
		x, err := s.alloc(t.Elem, shape)
		if err != nil {
			return false, err
		}
		s.values[slot] = x
	}
	return true, s.native(i, st)
}

// value is the value of a slot; a tensor of dimensions that depend on data is computed on demand.
func (s *Session) value(slot int) tensor.Value {
	d := &s.program.slots[slot]
	if s.values[slot] == nil && d.kind == dimension {
		if x, err := dimensions(d.dims, s.binding); err == nil {
			s.values[slot] = x
		}
	}
	return s.values[slot]
}

func (s *Session) alloc(d tensor.DType, shape []int) (*tensor.Tensor, error) {
	n, err := tensor.NumElements(shape)
	if err != nil {
		return nil, err
	}
	limit := int64(ir.DefaultMaxBytes)
	if s.program.limit > 0 {
		limit = s.program.limit
	}
	if int64(n) > limit || int64(d.ByteLen(n)) > limit {
		return nil, fmt.Errorf("a value %v%v is larger than the limit of %d bytes", d, shape, limit)
	}
	return tensor.New(d, shape...), nil
}

// eval runs the operator's own Eval.
func (s *Session) eval(ctx context.Context, i int, st *step) error {
	c := &s.evals[i]
	c.Context, c.Binding = ctx, s.binding
	for k, slot := range st.in {
		c.In[k] = nil
		if slot >= 0 {
			if c.In[k] = s.value(slot); c.In[k] == nil {
				return fmt.Errorf("input %d was not computed", k)
			}
		}
	}
	clear(c.Out)
	c.Out = c.Out[:len(st.out)]
	if c.Alloc == nil {
		c.Alloc = func(result int, d tensor.DType, shape []int) (*tensor.Tensor, error) {
			slot := st.out[result]
			if h := s.heads[slot]; h != nil && h.DType() == d && slices.Equal(h.Shape(), shape) {
				clear(h.Bytes())
				return h, nil
			}
			return s.alloc(d, shape)
		}
		c.RunBody = func(_ ir.BodyOwner, body int, in []tensor.Value) ([]tensor.Value, error) {
			return s.body(c.Context, i, body, in)
		}
	}
	if err := ir.CallEval(st.node.Op, c); err != nil {
		return err
	}
	for k, slot := range st.out {
		if !st.used[k] {
			continue
		}
		if c.Out[k] == nil {
			return fmt.Errorf("result %d was not computed", k)
		}
		if err := ir.BindValue(s.program.slots[slot].value.Type, c.Out[k], s.binding); err != nil {
			return fmt.Errorf("result %d: %w", k, err)
		}
		// A planned value keeps its place, because views of it were made.
		if h := s.heads[slot]; h != nil && c.Out[k] != tensor.Value(h) {
			h.CopyFrom(c.Out[k].(*tensor.Tensor))
			continue
		}
		if s.program.slots[slot].kind == alias { // its base is kept as long as it is
			s.values[slot] = c.Out[k]
		} else {
			s.values[slot] = s.detach(c.Out[k])
		}
	}
	return nil
}

// alias makes a view whose base is an input or was computed during the run.
func (s *Session) alias(ctx context.Context, i int) error {
	p := s.program
	st := &p.steps[i]
	out := st.out[0]
	if s.fixed(p.root(out)) && s.heads[out] != nil {
		return nil
	}
	base, ok := s.values[st.in[0]].(*tensor.Tensor)
	if !ok {
		return s.eval(ctx, i, st)
	}
	if !s.plan.slots[out].known || base.DType() == tensor.String {
		s.heads[out] = nil
		return s.eval(ctx, i, st)
	}
	if s.heads[out] == nil {
		s.heads[out] = tensor.View(base.DType(), s.plan.slots[out].shape, base.Bytes())
	} else {
		s.heads[out].SetView(s.plan.slots[out].shape, base.Bytes())
	}
	s.values[out] = s.heads[out]
	return nil
}

// fixed reports whether the memory of a slot stays where it is from run to run.
func (s *Session) fixed(slot int) bool {
	switch s.program.slots[slot].kind {
	case constant:
		return true
	case dimension:
		return s.plan.dims[slot] != nil
	}
	return s.plan.slots[slot].offset >= 0
}

// detach copies what lies in the arena, where it would not outlive its own slot.
func (s *Session) detach(v tensor.Value) tensor.Value {
	switch v := v.(type) {
	case *tensor.Tensor:
		if s.inArena(v.Bytes()) {
			return v.Clone()
		}
	case *tensor.Sequence:
		c := &tensor.Sequence{Elem: v.Elem, Items: make([]tensor.Value, len(v.Items))}
		for i, x := range v.Items {
			c.Items[i] = s.detach(x)
		}
		return c
	case *tensor.Optional:
		if v.Item != nil {
			return &tensor.Optional{Item: s.detach(v.Item)}
		}
	case *tensor.Map:
		return &tensor.Map{Keys: s.detach(v.Keys).(*tensor.Tensor), Values: s.detach(v.Values)}
	}
	return v
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

func (s *Session) inArena(b []byte) bool {
	if len(b) == 0 || len(s.arena) == 0 {
		return false
	}
	at, start := uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&s.arena[0]))
	return at >= start && at < start+uintptr(len(s.arena))
}

// body runs a body of control flow in a session of its own, which is kept. Symbols of the graph around it are bound there too.
func (s *Session) body(ctx context.Context, step, body int, in []tensor.Value) ([]tensor.Value, error) {
	k := bodyKey{step, body}
	b := s.bodies[k]
	if b == nil {
		b = s.program.steps[step].bodies[body].NewSession()
		s.bodies[k] = b
	}
	copy(b.binding, s.binding)
	return b.run(ctx, in)
}

// results hands the outputs over: what the program computed there is the caller's, anything else is copied.
func (s *Session) results() []tensor.Value {
	p := s.program
	out := make([]tensor.Value, len(p.outputs))
	for i, slot := range p.outputs {
		v := s.values[slot]
		t, ok := v.(*tensor.Tensor)
		if !ok {
			v = clone(v) // its parts may belong to anyone
		} else if p.slots[slot].kind != computed || s.heads[slot] != nil || slices.Contains(p.outputs[:i], slot) {
			v = t.Clone()
		}
		out[i] = v
	}
	for _, slot := range p.outputs {
		if p.slots[slot].kind == computed && s.heads[slot] == nil {
			s.values[slot] = nil
		}
	}
	return out
}

func runKernel(k kernel, x *exec, in, out []*tensor.Tensor) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	return k.run(x, in, out)
}
