package cpu

import (
	"math/bits"
	"slices"

	"github.com/gocompile/gocompile/tensor"
)

// recycler is the memory of values whose size a run finds out: what is needed no more is used again, in the same run and in the next one.
type recycler struct {
	blocks []block
}

// block is a piece of memory.
type block struct {
	memory  []byte
	holders int  // values that lie in it; unheld if nobody needs it
	used    bool // in this run
}

const (
	unheld   = -1
	smallest = 64 << 10 // bytes of a block; what is smaller is left to the garbage collector
)

// take returns memory for n bytes, with any contents, and whether it is the recycler's. Unless something holds it, it is given back by settle.
func (r *recycler) take(n int) ([]byte, bool) {
	if n < smallest {
		return nil, false
	}
	best := -1
	for i, b := range r.blocks {
		if b.holders == unheld && len(b.memory) >= n && (best < 0 || len(b.memory) < len(r.blocks[best].memory)) {
			best = i
		}
	}
	if best < 0 || len(r.blocks[best].memory)/2 > n { // half of it would lie idle
		best = len(r.blocks)
		r.blocks = append(r.blocks, block{memory: tensor.AlignedBytes(roomFor(n))})
	}
	b := &r.blocks[best]
	b.holders, b.used = 0, true
	return b.memory[:n:n], true
}

// roomFor is n and up to an eighth more, so that memory suits values of about the same size.
func roomFor(n int) int {
	step := 1 << max(0, bits.Len(uint(n))-4)
	return (n + step - 1) / step * step
}

// hold counts a value that lies in memory of r, wholly or in parts.
func (r *recycler) hold(v tensor.Value) { r.count(v, 1) }

// release is the end of a value that was held.
func (r *recycler) release(v tensor.Value) { r.count(v, -1) }

func (r *recycler) count(v tensor.Value, by int) {
	if len(r.blocks) == 0 {
		return
	}
	switch v := v.(type) {
	case *tensor.Tensor:
		if v == nil || v.DType() == tensor.String {
			return
		}
		if i := r.find(v.Bytes()); i >= 0 {
			r.blocks[i].holders += by
		}
	case *tensor.Sequence:
		for _, x := range v.Items {
			r.count(x, by)
		}
	case *tensor.Optional:
		r.count(v.Item, by)
	case *tensor.Map:
		r.count(v.Keys, by)
		r.count(v.Values, by)
	}
}

// find is the block in which memory lies, or −1.
func (r *recycler) find(memory []byte) int {
	return slices.IndexFunc(r.blocks, func(b block) bool { return within(memory, b.memory) })
}

// settle takes back what nothing holds.
func (r *recycler) settle() {
	for i := range r.blocks {
		if r.blocks[i].holders == 0 {
			r.blocks[i].holders = unheld
		}
	}
}

// give makes a value the caller's: its memory is used no more.
func (r *recycler) give(t *tensor.Tensor) {
	if t.DType() == tensor.String {
		return
	}
	if i := r.find(t.Bytes()); i >= 0 {
		r.blocks = slices.Delete(r.blocks, i, i+1)
	}
}

// end is that of a run: everything is free, and what the run did not need is let go.
func (r *recycler) end() {
	r.blocks = slices.DeleteFunc(r.blocks, func(b block) bool { return !b.used })
	for i := range r.blocks {
		r.blocks[i].holders, r.blocks[i].used = unheld, false
	}
}

// bytes is the memory that is kept.
func (r *recycler) bytes() int {
	n := 0
	for _, b := range r.blocks {
		n += len(b.memory)
	}
	return n
}
