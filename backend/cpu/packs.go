package cpu

import (
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// packs keeps weights in the form that kernels read, so that programs which have constants in common pack each once. It is safe for concurrent
// use.
type packs struct {
	mu     sync.Mutex
	m      map[any]any
	hollow map[*tensor.Tensor]bool // constants whose memory is not filled
	small  gemm.Memory             // of packed matrices

	counted map[*tensor.Tensor]bool // constants that memory was reserved for, or that need none
}

func newPacks() *packs { return &packs{m: map[any]any{}, counted: map[*tensor.Tensor]bool{}} }

// packed is what make returns for a key, which says what is packed and how; make is called once a key, and may read those of the constants whose memory
// may not be filled that it is told of.
func packed[V any](c *packs, key any, make func() V, reads ...*tensor.Tensor) V {
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

const mostReserved = 1 << 30 // bytes

// reserve takes memory for what will be packed of the graph and its bodies, about as much as the constants take.
func (p *Program) reserve() {
	c := p.packs
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	add := func(t *tensor.Tensor) {
		if t == nil || c.counted[t] {
			return
		}
		c.counted[t] = true
		size := len(t.Bytes())
		if t.DType() == tensor.Float32 && p.weights != gemm.Float32 {
			size /= 2
		}
		total += size + 64
	}
	p.graph.Walk(func(n *ir.Node) {
		switch n.Op.(type) {
		case *op.MatMul, *op.Gemm:
			if w := integerWeightsOf(n.Input(1)); w != nil {
				add(w.q)
				add(w.scale)
			} else if isProduct(n) && isWeight(n.Input(1)) {
				add(n.Input(1).Const)
			}
		case *op.MatMulInteger:
			if w := n.Input(1).Const; w != nil && w.Rank() == 2 {
				add(w)
			}
		case *op.LSTM, *op.GRU, *op.RNN:
			add(n.Input(1).Const)
			add(n.Input(2).Const)
		}
	})
	c.small.Reserve(min(total, mostReserved))
}

// memory is where matrices are packed, by functions that [packed] calls.
func (c *packs) memory() *gemm.Memory { return &c.small }
