package cpu

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// plan says where the values of a program lie, for one tuple of input shapes. Values whose size depends on data are left to the run.
type plan struct {
	slots []planned
	arena int                    // bytes
	fresh []int                  // slots whose memory every run allocates anew, because it becomes a result
	moves []int                  // slots that lie in inputs or in fresh memory, those themselves included
	order []int                  // the steps that have something to do
	ready []bool                 // by step: all its values are planned
	taken []int                  // by step: the input whose memory the first result takes over, −1 for none
	dims  map[int]*tensor.Tensor // tensors of dimensions
	given []bool                 // by output: it is handed over, not copied
	late  []int                  // slots that are not planned
	dying [][]int                // by step: those of them that are computed, and needed no more after it
	ints  map[int][]int64        // contents of small integer slots
	bound sym.Binding            // the symbols, with those that could be found out
	total int64                  // bytes of the arena and of fresh memory

	turning         // when another plan is better
	elastic  []int  // slots whose shape or contents a run decides, within the memory that is planned for them
	stretchy []bool // by step: it has such an operand
}

// planned is a slot under a plan.
type planned struct {
	known  bool // the shape is known before the run
	shape  []int
	bytes  int
	root   int // the slot whose memory it lies in, itself for most
	shift  int // bytes from the start of that
	offset int // in the arena; −1 for values that live elsewhere
	last   int // of a root: the last step that uses anything in its memory

	elastic bool // see plan.elastic
}

const align = 64

// makePlan evaluates all sizes under a binding and lays the memory out. Elastic symbols are as large as they may be.
func (p *Program) makePlan(b sym.Binding, in []tensor.Value, elastic []int) (*plan, error) {
	pl := &plan{slots: make([]planned, len(p.slots)), dims: map[int]*tensor.Tensor{}, ready: make([]bool, len(p.steps)),
		taken: make([]int, len(p.steps)), given: make([]bool, len(p.outputs)), ints: map[int][]int64{}, stretchy: make([]bool, len(p.steps)),
		dying: make([][]int, len(p.steps))}
	rigid := slices.Clone(b)
	for _, y := range elastic {
		rigid[y] = sym.Unbound
	}
	r := p.resolve(rigid, in)
	pl.bound = r.binding
	most := slices.Clone(r.binding)
	for _, y := range elastic {
		most[y] = b[y]
	}
	for i := range p.slots {
		pl.slots[i] = planned{root: i, offset: -1, last: p.slots[i].last}
		if err := pl.size(p, i, r, most); err != nil {
			return nil, err
		}
		if pl.slots[i].elastic {
			pl.elastic = append(pl.elastic, i)
		}
		if c, ok := r.contents(p.slots[i].value); ok {
			pl.ints[i] = c
		}
		if !pl.slots[i].known {
			pl.late = append(pl.late, i)
			if d := &p.slots[i]; d.kind == computed && d.last < len(p.steps) {
				pl.dying[d.last] = append(pl.dying[d.last], i)
			}
		}
	}
	for i := range p.steps {
		pl.stretchy[i] = pl.isElastic(p.steps[i].in) || pl.isElastic(p.steps[i].out)
		pl.ready[i], pl.taken[i] = pl.allKnown(&p.steps[i]), -1
		if !pl.ready[i] || p.steps[i].view == nil || !pl.alias(p, &p.steps[i]) {
			pl.order = append(pl.order, i)
		}
	}
	pl.turning = pl.turnsOf(p)
	pl.liveness(p)
	pl.handOver(p)
	for _, i := range pl.order {
		if pl.ready[i] {
			pl.takeOver(p, i)
		}
	}
	pl.layout(p)
	pl.total = int64(pl.arena)
	for _, i := range pl.fresh {
		pl.total += int64(pl.slots[i].bytes)
	}
	if p.limit > 0 && pl.total > p.limit {
		return nil, fmt.Errorf("intermediate values and results take %d bytes for these shapes, the memory limit is %d", pl.total, p.limit)
	}
	for i := range p.slots {
		if r := pl.slots[i].root; pl.slots[i].known && (p.slots[r].kind == input || slices.Contains(pl.fresh, r)) {
			pl.moves = append(pl.moves, i)
		}
	}
	return pl, nil
}

func (pl *plan) isElastic(slots []int) bool {
	return slices.ContainsFunc(slots, func(s int) bool { return s >= 0 && pl.slots[s].elastic })
}

// size evaluates the shape of a slot: what is the same in all runs with these input shapes by what was found out of them, else by what elastic
// symbols may be at most.
func (pl *plan) size(p *Program, i int, r *resolver, most sym.Binding) error {
	s, d := &p.slots[i], &pl.slots[i]
	if s.kind == kept {
		return nil
	}
	if s.kind == constant {
		if t, ok := s.konst.(*tensor.Tensor); ok && t.DType() != tensor.String {
			d.shape, d.bytes, d.known = t.Shape(), len(t.Bytes()), true
		}
		return nil
	}
	t := s.value.Type
	if t.Kind != ir.KindTensor {
		return nil
	}
	shape := r.shape(s.value)
	if shape == nil && t.Ranked {
		var err error
		if shape, err = evalDims(t.Dims, most); err != nil {
			return fmt.Errorf("value %q: %w", s.value.Name, err)
		}
		d.elastic = shape != nil
	}
	if shape == nil {
		return nil
	}
	n, err := tensor.NumElements(shape)
	if err != nil {
		return fmt.Errorf("value %q: %w", s.value.Name, err)
	}
	d.shape, d.bytes = shape, t.Elem.ByteLen(n)
	d.known = t.Elem != tensor.String && t.Elem != tensor.Invalid && s.value.Used()
	if limit := p.valueLimit(); s.kind == computed && (int64(n) > limit || int64(d.bytes) > limit) {
		return fmt.Errorf("value %q of shape %v takes %d bytes, the memory limit is %d", s.value.Name, shape, d.bytes, limit)
	}
	if s.kind == dimension {
		var err error
		if pl.dims[i], err = dimensions(s.dims, r.binding); err != nil {
			pl.dims[i], err = dimensions(s.dims, most)
			d.elastic, d.known = err == nil, err == nil
		}
	}
	return nil
}

// valueLimit is how many bytes a value may take.
func (p *Program) valueLimit() int64 {
	if p.limit > 0 {
		return p.limit
	}
	return ir.DefaultMaxBytes
}

func (pl *plan) allKnown(st *step) bool {
	for _, s := range st.in {
		if s >= 0 && !pl.slots[s].known {
			return false
		}
	}
	for k, s := range st.out {
		if st.used[k] && !pl.slots[s].known {
			return false
		}
	}
	return true
}

// knows reports whether the contents of some inputs are the same in all runs under the plan.
func (pl *plan) knows(p *Program, st *step, inputs []int) bool {
	for _, i := range inputs {
		if s := st.in[i]; p.slots[s].kind != constant && pl.ints[s] == nil {
			return false
		}
	}
	return true
}

// alias makes the results of a step views, if they are for these shapes.
func (pl *plan) alias(p *Program, st *step) bool {
	v := &viewing{in: make([][]int, len(st.in)), out: make([][]int, len(st.out))}
	for i, s := range st.in {
		if s >= 0 {
			v.in[i] = pl.slots[s].shape
		}
	}
	for k, s := range st.out {
		if v.out[k] = pl.slots[s].shape; v.out[k] == nil {
			return false
		}
	}
	v.contents = func(i int) ([]int64, bool) {
		c, ok := pl.ints[st.in[i]]
		return c, ok
	}
	view := st.view
	if pl.isElastic(st.in) || pl.isElastic(st.out) {
		if !changesShapeOnly(st.node) {
			return false
		}
		view = viewWhole
	}
	source, at, ok := view(st.node, v)
	if !ok {
		return false
	}
	from := &pl.slots[st.in[source]]
	elem := p.slots[st.in[source]].value.Type.Elem
	for k, s := range st.out {
		d := &pl.slots[s]
		if !d.known {
			continue
		}
		d.root, d.shift = from.root, from.shift
		if at[k] != 0 {
			d.shift += at[k] * elementSize(elem)
		}
		if limit := from.shift + from.bytes; d.shift+d.bytes > limit {
			panic(fmt.Sprintf("BUG: view of %d bytes at %d in %d", d.bytes, d.shift, limit))
		}
	}
	return true
}

// liveness extends the life of memory to the last use of any view of it.
func (pl *plan) liveness(p *Program) {
	for i := range p.slots {
		r := pl.slots[i].root
		pl.slots[r].last = max(pl.slots[r].last, p.slots[i].last)
	}
}

// handOver chooses the results whose memory becomes the caller's: those that are all of what was computed.
func (pl *plan) handOver(p *Program) {
	for k, o := range p.outputs {
		d := &pl.slots[o]
		r := &pl.slots[d.root]
		if d.known && p.slots[d.root].kind == computed && d.bytes == r.bytes && !slices.Contains(pl.fresh, d.root) {
			pl.given[k] = true
			pl.fresh = append(pl.fresh, d.root)
		}
	}
}

// takeOver lets the first result of a step lie where an input lies that is not needed any more.
func (pl *plan) takeOver(p *Program, i int) {
	st := &p.steps[i]
	k, ok := st.kernel.(inPlacer)
	if !ok || !st.used[0] {
		return
	}
	out := st.out[0]
	d := &pl.slots[out]
	if d.root != out || d.bytes == 0 || d.elastic {
		return
	}
	fresh := slices.Index(pl.fresh, out)
	for _, in := range k.inPlace() {
		s := st.in[in]
		if s < 0 {
			continue
		}
		from := pl.slots[s]
		r := &pl.slots[from.root]
		if p.slots[from.root].kind != computed || from.elastic || r.elastic || r.last != i || from.bytes != d.bytes || fresh >= 0 && from.bytes != r.bytes || pl.overlaps(p, st, in, from) {
			continue
		}
		pl.taken[i] = in
		d.root, d.shift = from.root, from.shift
		r.last = max(r.last, d.last)
		for _, view := range pl.viewsOf(p, out, i) {
			v := &pl.slots[view]
			v.root, v.shift = from.root, v.shift+from.shift
		}
		if fresh >= 0 {
			pl.fresh[fresh] = from.root
		}
		return
	}
}

// overlaps reports whether another input of a step than the one whose memory is taken over lies in it.
func (pl *plan) overlaps(p *Program, st *step, taken int, from planned) bool {
	for i, s := range st.in {
		if i != taken && s >= 0 && pl.slots[s].root == from.root {
			return true
		}
	}
	return false
}

// viewsOf lists the views of a slot that step i defines.
func (pl *plan) viewsOf(p *Program, root, i int) []int {
	var views []int
	for s := root + 1; s < len(p.slots); s++ {
		if pl.slots[s].root == root {
			views = append(views, s)
		}
	}
	return views
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
		if s.kind == computed && pl.slots[i].known && pl.slots[i].root == i && !slices.Contains(pl.fresh, i) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return pl.slots[b].bytes - pl.slots[a].bytes })
	var placed []int // by offset
	for _, i := range order {
		size := (pl.slots[i].bytes + align - 1) / align * align
		offset := 0
		for _, k := range placed {
			if pl.slots[k].last < p.slots[i].first || pl.slots[i].last < p.slots[k].first {
				continue
			}
			if offset+size <= pl.slots[k].offset {
				break
			}
			offset = max(offset, pl.slots[k].offset+(pl.slots[k].bytes+align-1)/align*align)
		}
		pl.slots[i].offset = offset
		pl.arena = max(pl.arena, offset+size)
		at, _ := slices.BinarySearchFunc(placed, offset+1, func(k, want int) int { return pl.slots[k].offset - want })
		placed = slices.Insert(placed, at, i)
	}
}

// plan returns the plan for a binding and the shapes of inputs whose shape the graph leaves open, from the cache if the same was seen
// before. A program that leaves none open needs no inputs.
func (p *Program) plan(b sym.Binding, in []tensor.Value) (*plan, error) {
	key := p.key(b, in)
	p.mu.Lock()
	defer p.mu.Unlock()
	if pl, ok := p.plans[key]; ok {
		return pl, nil
	}
	pl, err := p.makePlan(b, in, nil)
	if err != nil {
		return nil, err
	}
	if len(p.plans) >= maxPlans {
		clear(p.plans)
	}
	p.plans[strings.Clone(key)] = pl
	return pl, nil
}

// key is a key for the values of all symbols and the shapes of inputs whose shape the graph leaves open; it may share the memory of b.
func (p *Program) key(b sym.Binding, in []tensor.Value) string {
	key := unsafe.String((*byte)(unsafe.Pointer(unsafe.SliceData(b))), len(b)*8)
	if len(p.opened) > 0 {
		key = string(p.shapes([]byte(key), in))
	}
	return key
}

// shapes appends the shapes of the inputs whose shape the graph leaves open.
func (p *Program) shapes(key []byte, in []tensor.Value) []byte {
	for _, i := range p.opened {
		t, ok := valueAt(in, i).(*tensor.Tensor)
		if !ok {
			key = append(key, 255)
			continue
		}
		key = append(key, byte(t.DType()), byte(t.Rank()))
		for _, d := range t.Shape() {
			key = binary.LittleEndian.AppendUint64(key, uint64(d))
		}
	}
	return key
}

const maxPlans = 256 // kept at once
