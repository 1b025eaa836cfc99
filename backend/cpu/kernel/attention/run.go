package attention

import (
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	blockRows = 126 // greatest number of rows that run over the keys together
	tileKeys  = 256 // keys of a tile
	itemsPer  = 4   // items a thread that are aimed at
	minSplit  = 4 * tileKeys
	forkWork  = 1 << 16 // multiply-adds below which the caller does everything itself
)

// Ctx is what problems run with: worker threads, processor level, and scratch memory that grows to what is needed and is then kept. One problem
// at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	threads []thread

	problem Problem
	plan    plan
	partial []float32 // of each part of a block: sums of values, then peaks, then sums of exponentials, a row each
	next    atomic.Int64
	byItem  func(t int)
	byBlock func(t int)
}

// thread is the memory of one of the threads that work on a problem.
type thread struct {
	gemm   *gemm.Ctx
	buffer []float32
	values []float32 // [tileKeys, ValueSize], where some are not finite
	work   int64     // multiply-adds so far
	block  block
	add    gemm.Epilogue
	_      [64]byte
}

// plan divides a problem.
type plan struct {
	rows   int // of a block, but for the last
	blocks int // of a head of keys
	splits int // parts of the keys of a block
	items  int
}

// NewCtx makes a context for problems on p, or on the caller alone if p is nil, with the kernels of level l.
func NewCtx(p *pool.Pool, l level.Level) *Ctx {
	x := &Ctx{pool: p, threads: make([]thread, p.Threads())}
	for i := range x.threads {
		x.threads[i].gemm = gemm.NewCtx(nil, l)
		x.threads[i].add.Accumulate = true
	}
	x.byItem, x.byBlock = x.items, x.merge
	return x
}

// Run solves a problem. It allocates nothing once a problem of the same size has been solved.
func Run(x *Ctx, p *Problem) {
	p.check()
	if p.Batch*p.Heads*p.Queries*p.ValueSize == 0 {
		return
	}
	x.problem = *p
	x.reserve()
	x.spread(x.plan.items, x.byItem)
	if x.plan.splits > 1 {
		x.spread(x.plan.items/x.plan.splits, x.byBlock)
	}
	x.problem = Problem{}
	for i := range x.threads {
		x.threads[i].block = block{}
	}
}

// Work is the number of multiply-adds of matrix products that all problems have taken so far. No problem may be running.
func (x *Ctx) Work() int64 {
	n := int64(0)
	for i := range x.threads {
		n += x.threads[i].work
	}
	return n
}

// reserve plans the problem and makes sure that there is memory for it.
func (x *Ctx) reserve() {
	p := &x.problem
	x.plan = divide(p, len(x.threads))
	rows := x.plan.rows
	need := rows*(p.Size+p.ValueSize+tileKeys+2) + 2*tileKeys
	for i := range x.threads {
		if t := &x.threads[i]; len(t.buffer) < need {
			t.buffer = make([]float32, need)
		}
	}
	if x.plan.splits > 1 {
		if need := x.plan.items * rows * (p.ValueSize + 2); len(x.partial) < need {
			x.partial = make([]float32, need)
		}
	}
}

// divide decides how the work is cut. The keys of a block are divided only if there are too few blocks for all threads.
func divide(p *Problem, threads int) plan {
	d := plan{blocks: (p.rows() + blockRows - 1) / blockRows, splits: 1}
	d.rows = (p.rows() + d.blocks - 1) / d.blocks
	d.items = p.Batch * p.Groups * d.blocks
	if threads > 1 && d.items < itemsPer*threads {
		d.splits = max(1, min((itemsPer*threads+d.items-1)/d.items, p.Keys/minSplit))
		d.items *= d.splits
	}
	return d
}

// spread calls f on as many threads as n pieces of work and the amount of work justify.
func (x *Ctx) spread(n int, f func(t int)) {
	x.next.Store(0)
	p := &x.problem
	if n == 1 || float64(p.Batch)*float64(p.Groups)*float64(p.rows())*float64(p.Keys)*float64(p.Size+p.ValueSize) < forkWork {
		f(0)
		return
	}
	x.pool.Run(min(n, len(x.threads)), f)
}

// items solves parts of blocks until none is left. The last blocks, which see the most keys if the attention is causal, come first.
func (x *Ctx) items(t int) {
	for {
		i := x.plan.items - int(x.next.Add(1))
		if i < 0 {
			return
		}
		x.threads[t].item(x, i)
	}
}
