package cpu

import (
	"fmt"
	"sort"
	"unsafe"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// plan lays the values of a program out in an arena for one tuple of input shapes.
type plan struct {
	slots  []planned
	arena  int                    // bytes
	static bool                   // whether every value is planned, so that the steps need no second look at shapes
	ready  []bool                 // by step: all its values are planned
	dims   map[int]*tensor.Tensor // tensors of dimensions
}

// planned is a slot under a plan.
type planned struct {
	known  bool // the shape is known before the run
	shape  []int
	bytes  int
	offset int // in the arena; −1 for values that live elsewhere
}

const align = 64

// makePlan evaluates all sizes under a binding. Values whose size depends on data are left to the run.
func (p *Program) makePlan(b sym.Binding) (*plan, error) {
	pl := &plan{slots: make([]planned, len(p.slots)), dims: map[int]*tensor.Tensor{}, static: true, ready: make([]bool, len(p.steps))}
	for i, s := range p.slots {
		d := &pl.slots[i]
		d.offset = -1
		t := s.value.Type
		if t.Kind != ir.KindTensor || !t.Ranked {
			continue
		}
		shape, err := evalDims(t.Dims, b)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", s.value.Name, err)
		}
		if shape == nil {
			continue
		}
		n, err := tensor.NumElements(shape)
		if err != nil {
			return nil, fmt.Errorf("value %q: %w", s.value.Name, err)
		}
		d.shape, d.bytes = shape, t.Elem.ByteLen(n)
		d.known = t.Elem != tensor.String
		if p.limit > 0 && int64(d.bytes) > p.limit {
			return nil, fmt.Errorf("value %q of shape %v takes %d bytes, the memory limit is %d", s.value.Name, shape, d.bytes, p.limit)
		}
		if s.kind == dimension {
			if x, err := dimensions(s.dims, b); err == nil {
				pl.dims[i] = x
			} else {
				d.known = false
			}
		}
	}
	for i, st := range p.steps {
		pl.ready[i] = true
		for _, s := range append(st.in[:len(st.in):len(st.in)], st.out...) {
			if s >= 0 && (p.slots[s].value.Used() || p.slots[s].kind != computed) {
				pl.ready[i] = pl.ready[i] && pl.slots[s].known
			}
		}
		pl.static = pl.static && pl.ready[i]
	}
	pl.layout(p)
	if p.limit > 0 && int64(pl.arena) > p.limit {
		return nil, fmt.Errorf("the arena takes %d bytes for these shapes, the memory limit is %d", pl.arena, p.limit)
	}
	return pl, nil
}

// evalDims evaluates a shape; nil if it depends on data.
func evalDims(dims []sym.Expr, b sym.Binding) ([]int, error) {
	shape := make([]int, len(dims))
	for i, e := range dims {
		n, err := e.Eval(b)
		if _, unbound := err.(*sym.UnboundError); unbound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		if n < 0 || n > 1<<48 {
			return nil, fmt.Errorf("dimension %d, %v, is %d", i, e, n)
		}
		shape[i] = int(n)
	}
	return shape, nil
}

func dimensions(o *ir.Dims, b sym.Binding) (*tensor.Tensor, error) {
	t := tensor.New(o.Elem, o.Shape...)
	for i, e := range o.Exprs {
		n, err := e.Eval(b)
		if err != nil {
			return nil, err
		}
		t.SetInt64(i, n)
	}
	return t, nil
}

// layout places values in the arena: the largest first, each at the lowest offset at which it overlaps no value that is alive
// at the same time.
func (pl *plan) layout(p *Program) {
	var order []int
	for i, s := range p.slots {
		if s.kind == computed && pl.slots[i].known && s.value.Used() && !p.isOutput(i) && s.first < len(p.steps) && pl.ready[s.first] {
			order = append(order, i)
		}
	}
	sort.SliceStable(order, func(a, b int) bool { return pl.slots[order[a]].bytes > pl.slots[order[b]].bytes })
	var placed []int // by offset
	for _, i := range order {
		size := (pl.slots[i].bytes + align - 1) / align * align
		offset := 0
		for _, k := range placed {
			if p.slots[k].last < p.slots[i].first || p.slots[i].last < p.slots[k].first {
				continue
			}
			if offset+size <= pl.slots[k].offset {
				break
			}
			offset = max(offset, pl.slots[k].offset+(pl.slots[k].bytes+align-1)/align*align)
		}
		pl.slots[i].offset = offset
		pl.arena = max(pl.arena, offset+size)
		at := sort.Search(len(placed), func(j int) bool { return pl.slots[placed[j]].offset > offset })
		placed = append(placed, 0)
		copy(placed[at+1:], placed[at:])
		placed[at] = i
	}
}

func (p *Program) isOutput(s int) bool {
	for _, o := range p.outputs {
		if o == s {
			return true
		}
	}
	return false
}

// plan returns the plan for a binding, from the cache if the same shapes were seen before.
func (p *Program) plan(b sym.Binding) (*plan, error) {
	key := unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(b))), len(b)*8)
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl, ok := p.plans[key]; ok {
		return pl, nil
	}
	pl, err := p.makePlan(b)
	if err != nil {
		return nil, err
	}
	if len(p.plans) >= maxPlans {
		clear(p.plans)
	}
	p.plans[string([]byte(key))] = pl
	return pl, nil
}

const maxPlans = 256 // kept at once
