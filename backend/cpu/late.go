package cpu

import (
	"context"
	"fmt"
	"slices"
	"unsafe"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// late runs the kernel of a step whose shapes have become known during the run; false if they have not.
func (s *Session) late(i int, st *step) (bool, error) {
	in, out := s.views[i][0], s.views[i][1]
	for k, slot := range st.in {
		in[k] = nil
		if slot < 0 {
			continue
		}
		t, ok := s.value(slot).(*tensor.Tensor)
		if !ok || t.DType() == tensor.String {
			return false, nil
		}
		in[k] = t
	}
	for k, slot := range st.out {
		if out[k] = nil; !st.used[k] {
			continue
		}
		if s.plan.slots[slot].known {
			out[k] = s.heads[slot]
			continue
		}
		t := s.program.slots[slot].value.Type
		if t.Kind != ir.KindTensor || !t.Ranked || t.Elem == tensor.String || t.Elem == tensor.Invalid {
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
		s.hold(x)
		s.values[slot], s.made[slot], out[k] = x, x, x
	}
	return true, st.kernel.run(&s.exec, in, out)
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

// alloc makes a tensor outside of the plan, with any contents.
func (s *Session) alloc(d tensor.DType, shape []int) (*tensor.Tensor, error) {
	n, err := tensor.NumElements(shape)
	if err != nil {
		return nil, err
	}
	if limit := s.program.valueLimit(); int64(n) > limit || int64(d.ByteLen(n)) > limit {
		return nil, fmt.Errorf("a value %v%v is larger than the limit of %d bytes", d, shape, limit)
	}
	if d != tensor.String {
		if memory, ok := s.take(d.ByteLen(n)); ok {
			return tensor.View(d, shape, memory), nil
		}
	}
	return tensor.New(d, shape...), nil
}

// evalUnit runs the Eval of each node of a unit.
func (s *Session) evalUnit(ctx context.Context, st *step) error {
	values := map[*ir.Value]tensor.Value{}
	for k, slot := range st.in {
		if slot >= 0 {
			values[st.unit.in[k]] = s.value(slot)
		}
	}
	for _, n := range st.nodes {
		c := &ir.EvalContext{Context: ctx, Binding: s.binding, In: make([]tensor.Value, len(n.In()))}
		for k, v := range n.In() {
			if v == nil {
				continue
			}
			if c.In[k] = values[v]; c.In[k] != nil {
				continue
			}
			if v.Const == nil {
				return &ir.NodeError{Node: n, Err: fmt.Errorf("input %d was not computed", k)}
			}
			c.In[k] = v.Const
		}
		if err := ir.CallEval(n.Op, c); err != nil {
			return &ir.NodeError{Node: n, Err: err}
		}
		for k, v := range n.Out() {
			if !v.Used() {
				continue
			}
			if err := ir.BindValue(v.Type, c.Out[k], s.binding); err != nil {
				return &ir.NodeError{Node: n, Err: err}
			}
			values[v] = c.Out[k]
		}
	}
	for k, v := range st.unit.results() {
		if !st.used[k] {
			continue
		}
		if err := s.keep(st.out[k], values[v]); err != nil {
			return err
		}
	}
	return nil
}

// eval runs the operator's own Eval.
func (s *Session) eval(ctx context.Context, i int, st *step) error {
	if st.unit != nil {
		return s.evalUnit(ctx, st)
	}
	c := &s.evals[i]
	if c.Alloc == nil {
		s.prepareEval(i, st, c)
	}
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
	defer func() {
		clear(c.In)
		clear(c.Out)
	}()
	if err := ir.CallEval(st.node.Op, c); err != nil {
		return err
	}
	for k, slot := range st.out {
		if st.used[k] {
			if err := s.keep(slot, c.Out[k]); err != nil {
				return fmt.Errorf("result %d %w", k, err)
			}
		}
	}
	return nil
}

func (s *Session) prepareEval(i int, st *step, c *ir.EvalContext) {
	*c = ir.EvalContext{In: make([]tensor.Value, len(st.in)), Out: make([]tensor.Value, len(st.out)), Used: st.used, MaxBytes: s.program.valueLimit()}
	c.Alloc = func(result int, d tensor.DType, shape []int) (*tensor.Tensor, error) {
		slot := st.out[result]
		if s.plan.slots[slot].known {
			if h := s.heads[slot]; h.DType() == d && slices.Equal(h.Shape(), shape) {
				clear(h.Bytes())
				return h, nil
			}
		}
		x, err := s.alloc(d, shape)
		if err != nil {
			return nil, err
		}
		if d != tensor.String {
			clear(x.Bytes())
		}
		if st.used[result] {
			s.made[slot] = x
		}
		return x, nil
	}
	c.RunBody = func(_ ir.BodyOwner, body int, in []tensor.Value) ([]tensor.Value, error) {
		return s.body(c.Context, i, body, in)
	}
}

// keep makes what Eval computed the value of a slot.
func (s *Session) keep(slot int, v tensor.Value) error {
	if v == nil {
		return fmt.Errorf("was not computed")
	}
	if err := ir.BindValue(s.program.slots[slot].value.Type, v, s.binding); err != nil {
		return fmt.Errorf("does not have its type: %w", err)
	}
	if s.plan.slots[slot].known {
		if h := s.heads[slot]; v != tensor.Value(h) {
			h.CopyFrom(v.(*tensor.Tensor))
		}
		return nil
	}
	s.values[slot] = s.detach(v)
	s.hold(s.values[slot])
	return nil
}

// detach copies what lies in memory of the plan, where it would not outlive its own slot.
func (s *Session) detach(v tensor.Value) tensor.Value {
	switch v := v.(type) {
	case *tensor.Tensor:
		if s.owns(v.Bytes()) {
			return v.Clone()
		}
		for _, h := range s.heads { // an input's header is used again
			if h == v {
				return tensor.View(v.DType(), v.Shape(), v.Bytes())
			}
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

// owns reports whether memory is the session's.
func (s *Session) owns(b []byte) bool {
	if within(b, s.arena) {
		return true
	}
	return slices.ContainsFunc(s.fresh, func(f []byte) bool { return within(b, f) })
}

func within(b, in []byte) bool {
	if len(b) == 0 || len(in) == 0 {
		return false
	}
	at, start := uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&in[0]))
	return at >= start && at < start+uintptr(len(in))
}

// body runs a body of control flow in a session of its own, which is kept. Symbols of the graph around it are bound there too.
func (s *Session) body(ctx context.Context, step, body int, in []tensor.Value) ([]tensor.Value, error) {
	k := bodyKey{step, body}
	b := s.bodies[k]
	if b == nil {
		b = s.program.steps[step].bodies[body].sessionIn(s)
		s.bodies[k] = b
	}
	copy(b.binding, s.binding)
	return b.run(ctx, in)
}
