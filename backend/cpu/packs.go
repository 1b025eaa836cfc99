package cpu

import (
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/tensor"
)

// packs keeps weights in the form that kernels read, so that programs which have constants in common pack each once. It is safe for concurrent
// use.
type packs struct {
	mu     sync.Mutex
	m      map[any]any
	hollow map[*tensor.Tensor]bool // constants whose memory is not filled
	small  gemm.Memory             // of packed matrices
}

func newPacks() *packs { return &packs{m: map[any]any{}} }

// packed is what make returns for a key, which says what is packed and how; make is called once a key, and may read those of the constants whose memory
// may not be filled that it is told of. A nil cache keeps nothing.
func packed[V any](c *packs, key any, make func() V, reads ...*tensor.Tensor) V {
	if c == nil {
		return make()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.m[key]; ok {
		return v.(V)
	}
	if slices.ContainsFunc(reads, func(t *tensor.Tensor) bool { return c.hollow[t] }) {
		c.fill()
	}
	v := make()
	c.m[key] = v
	return v
}

// known is what is kept for a key, if anything is.
func known[V any](c *packs, key any) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v, ok := c.m[key].(V)
	return v, ok
}

// spent tells the owner of a constant that the program has packed it.
func (p *Program) spent(w *tensor.Tensor) {
	if p.release != nil {
		p.release(w.Bytes())
	}
}

// memory is where matrices are packed, by functions that [packed] calls.
func (c *packs) memory() *gemm.Memory {
	if c == nil {
		return nil
	}
	return &c.small
}
