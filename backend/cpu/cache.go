package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend"
	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// cache joins past and new rows of [batch, heads, rows, size]: in the memory of the present ones, in scratch memory if those are not wanted, or
// where past ones lie that are a state.
type cache struct {
	past        []float32 // nil if it lies in all already
	hasPast     bool
	fresh, all  attention.Operand
	before, new int // rows
	total, size int
	joined      bool // rather than the new rows as they lie
	kept        bool // all are a state
}

// keptRows is a state as an operand.
func keptRows(r *backend.Rows) attention.Operand {
	s := r.Shape()
	switch r.Kept() {
	case tensor.Float16:
		return attention.Half(numbers[uint16](r.Data()), s[1], r.Cap(), s[3])
	case tensor.Int8:
		return attention.Bytes(r.Data(), r.Scales(), s[1], r.Cap(), s[3])
	}
	return attention.Dense(floats(r.Data()), s[1], r.Cap(), s[3])
}

// past finds the past rows, and where queries stand.
func (k *attend) past(x *exec, in []*tensor.Tensor) error {
	p := &k.problem
	for i, c := range [...]*cache{&k.keys, &k.values} {
		c.total = c.new
		var shape []int
		if state := k.states[i]; state >= 0 {
			rows := x.step.slots[state].Rows
			shape, c.total = rows.Shape(), x.step.lengths[state]
			c.all, c.kept = keptRows(rows), true
		} else if past := operand(in, op.AttentionPastK+i); past != nil {
			if shape = past.Shape(); len(shape) == 4 {
				c.past, c.total = f32(past), c.new+shape[2]
			}
			if n := operand(in, op.AttentionCapacity); n != nil {
				if n.Len() != 1 {
					return fmt.Errorf("the capacity must be one number, got shape %v", n.Shape())
				}
				c.total = max(c.total-c.new, int(n.Int64(0)))
			}
		} else {
			continue
		}
		if len(shape) != 4 || shape[0] != p.Batch || shape[1] != p.Groups || shape[3] != c.size {
			return fmt.Errorf("the past of shape %v does not go with [%d, %d, %d, %d]", shape, p.Batch, p.Groups, c.new, c.size)
		}
		c.hasPast, c.before, c.joined = true, shape[2], true
	}
	if k.keys.total != k.values.total {
		return fmt.Errorf("%d keys, but %d values", k.keys.total, k.values.total)
	}
	var err error
	if p.Starts, err = perBatch(operand(in, op.AttentionStart), k.starts, k.keys.before); err != nil || !k.keys.hasPast {
		return err
	}
	p.Starts = k.starts
	for b := range p.Batch {
		if first := k.first(b); first < 0 || k.keys.new > k.keys.total-first {
			return fmt.Errorf("%d new keys from position %d on do not fit a cache of %d", k.keys.new, first, k.keys.total)
		}
	}
	return nil
}

// cache gives the problem its keys and values, which are joined first if there are past ones or the present ones are wanted.
func (k *attend) cache(x *exec, in, out []*tensor.Tensor) error {
	p, scratch := &k.problem, 0
	for i, c := range [...]*cache{&k.keys, &k.values} {
		switch {
		case c.kept:
		case out[1+i] != nil && out[1+i].Dim(2) != c.total:
			return fmt.Errorf("present keys or values of shape %v should have %d rows", out[1+i].Shape(), c.total)
		case out[1+i] != nil:
			c.all, c.joined = attention.Dense(f32(out[1+i]), p.Groups, c.total, c.size), true
		case !c.joined:
			c.all = c.fresh
		case float64(p.Batch*p.Groups)*float64(c.total)*float64(c.size) > ir.DefaultMaxBytes/16:
			return fmt.Errorf("a cache of %d heads of %d by %d numbers is too large", p.Batch*p.Groups, c.total, c.size)
		default:
			scratch += p.Batch * p.Groups * c.total * c.size
		}
	}
	room := x.floats(scratch)
	for _, c := range [...]*cache{&k.keys, &k.values} {
		if c.joined && !c.kept && c.all.Data == nil {
			n := p.Batch * p.Groups * c.total * c.size
			c.all, room = attention.Dense(room[:n], p.Groups, c.total, c.size), room[n:]
		}
	}
	p.Keys, p.K, p.V = k.keys.total, k.keys.all, k.values.all
	if k.keys.joined || k.values.joined {
		rows := k.keys.total
		if k.states[0] >= 0 {
			rows = k.keys.new
		}
		x.divide(2*p.Batch*p.Groups, float64(rows*max(p.Size, p.ValueSize))*copyCost, k.body)
	}
	return nil
}

// copyCost is the time that copying a number takes, in nanoseconds.
const copyCost = 0.3

// join writes past and new rows of heads [lo, hi), first those of keys, then those of values.
func (k *attend) join(lo, hi int) {
	p := &k.problem
	for i := lo; i < hi; i++ {
		c, n := &k.keys, i
		if count := p.Batch * p.Groups; i >= count {
			c, n = &k.values, i-count
		}
		if c.joined {
			c.join(n/p.Groups, n%p.Groups, k.first(n/p.Groups), p)
		}
	}
}

// first is the row of the first new key of batch b.
func (k *attend) first(b int) int {
	switch {
	case !k.keys.hasPast:
		return 0
	case k.op.Append:
		return k.keys.before
	}
	return k.problem.Starts[b]
}

// join writes the rows of one head, the new ones from row first on.
func (c *cache) join(b, g, first int, p *attention.Problem) {
	size, head := c.size, b*c.all.Batch+g*c.all.Head
	if c.hasPast {
		n := c.before * size
		if c.past != nil {
			copy(c.all.Data[head:], c.past[(b*p.Groups+g)*n:][:n])
		}
		c.all.Clear(head+n, head+c.total*size)
	}
	for row := range c.new {
		c.store(head+(first+row)*size, b*c.fresh.Batch+g*c.fresh.Head+row*c.fresh.Row)
	}
}

// store makes the elements from one on a new row, which begins at another.
func (c *cache) store(at, from int) {
	row, scale := c.fresh.Data[from:][:c.size], float32(0)
	if c.all.Scaled() {
		scale = backend.RowScale(row)
	}
	c.all.Store(at, row, scale)
}
