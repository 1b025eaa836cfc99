package attention

import (
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	blockRows = 140 // greatest number of rows that run over the keys together
	tileKeys  = 256 // keys of a tile
	fewRows   = 8   // rows of a block, up to which tiles are longer, so that what each takes beside reading does not count
	longTile  = 1024
	itemsPer  = 4   // items a thread that are aimed at
	minSplit  = 256 // keys of a part
	splitStep = 64
	forkWork  = 1 << 16 // multiply-adds below which the caller does everything itself
)

// Ctx is what problems run with: worker threads, processor level, and scratch memory that grows to what is needed and is then kept. One call
// at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	threads []thread

	tasks   []task
	items   int // of all tasks
	streams int // parts of the items, each for a thread, as long as all are equally fast
	partial []float32
	next    atomic.Int64
	solved  []atomic.Int32 // solved parts of each block, by its first item
	byItem  func(t int)
}

// thread is the memory of one of the threads that work on a problem.
type thread struct {
	gemm   *gemm.Ctx
	buffer []float32
	values []float32 // [tile, ValueSize], where some are not finite
	wide   []float32 // [tileKeys, Size or ValueSize], of keys or values that are kept in fewer bits
	work   int64     // multiply-adds so far
	block  block
	add    gemm.Epilogue
	scaled gemm.Epilogue // of scores
	shelf  shelf
	_      [64]byte
}

// task is a problem that is being solved, together with others.
type task struct {
	Problem
	plan
	first   int       // item
	partial []float32 // of each part of a block: sums of values, then peaks, then sums of exponentials, a row each
}

// plan divides a problem.
type plan struct {
	rows   int // of a block, but for the last
	tile   int // keys of a tile
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
	x.byItem = x.parts
	return x
}

// Run solves a problem. It allocates nothing once a problem of the same size has been solved.
func Run(x *Ctx, p *Problem) {
	x.tasks = x.tasks[:0]
	x.add(p)
	x.solve()
}

// RunAll solves problems together, as many threads on all of them as [Run] has on one. No result may be an operand of another.
func RunAll(x *Ctx, problems []Problem) {
	x.tasks = x.tasks[:0]
	for i := range problems {
		x.add(&problems[i])
	}
	x.solve()
}

// add notes a problem that is to be solved, unless it has no results.
func (x *Ctx) add(p *Problem) {
	p.check()
	if p.Batch*p.Heads*p.Queries*p.ValueSize > 0 {
		x.tasks = append(x.tasks, task{Problem: *p})
	}
}

// solve solves what was added.
func (x *Ctx) solve() {
	if len(x.tasks) == 0 {
		return
	}
	x.reserve()
	x.spread()
	clear(x.tasks)
	for i := range x.threads {
		x.threads[i].block = block{}
		x.threads[i].shelf.open(nil, 0)
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

// reserve plans the problems and makes sure that there is memory for them.
func (x *Ctx) reserve() {
	blocks := 0
	for i := range x.tasks {
		blocks += x.tasks[i].cut()
	}
	x.items = 0
	need, wide, partial := 0, 0, 0
	for i := range x.tasks {
		t := &x.tasks[i]
		t.divide(blocks, len(x.threads))
		t.first = x.items
		x.items += t.items
		need = max(need, t.scratch())
		partial += t.partials()
		if t.K.narrow() || t.V.narrow() {
			wide = max(wide, tileKeys*max(t.Size, t.ValueSize))
		}
	}
	for i := range x.threads {
		t := &x.threads[i]
		if len(t.buffer) < need {
			t.buffer = make([]float32, need)
		}
		if len(t.wide) < wide {
			t.wide = make([]float32, wide)
		}
	}
	if len(x.partial) < partial {
		x.partial = make([]float32, partial)
	}
	if partial > 0 {
		if len(x.solved) < x.items {
			x.solved = make([]atomic.Int32, x.items)
		}
		for i := range x.items {
			x.solved[i].Store(0)
		}
	}
	x.streams = 1
	if t := &x.tasks[0]; len(x.tasks) == 1 && t.splits == 1 && t.Batch*t.Groups%len(x.threads) == 0 {
		x.streams = len(x.threads) // the blocks of a head meet the keys that their thread has packed
	}
	rest := x.partial
	for i := range x.tasks {
		t := &x.tasks[i]
		t.partial, rest = rest[:t.partials()], rest[t.partials():]
	}
}

// cut decides about the blocks of a problem, and returns their number.
func (t *task) cut() int {
	rows := t.Problem.rows()
	t.blocks = (rows + blockRows - 1) / blockRows
	t.plan.rows = (rows + t.blocks - 1) / t.blocks
	t.tile = tileKeys
	if t.plan.rows <= fewRows && !t.K.narrow() && !t.V.narrow() {
		t.tile = min(longTile, max(t.Keys, tileKeys))
	}
	return t.Batch * t.Groups * t.blocks
}

// divide decides whether the keys of a block are divided, which they are only if all problems together have too few blocks for all threads.
func (t *task) divide(blocks, threads int) {
	t.splits, t.items = 1, t.Batch*t.Groups*t.blocks
	if threads > 1 && blocks < itemsPer*threads {
		most := t.Keys / minSplit
		t.splits = max(1, min((itemsPer*threads+blocks-1)/blocks, most))
		for t.items*t.splits%threads != 0 && t.splits < most {
			t.splits++
		}
		t.items *= t.splits
	}
}

// scratch is how many numbers a thread needs for a block.
func (t *task) scratch() int {
	n := t.plan.rows*(t.ValueSize+t.tile+4) + 3*t.tile
	if !t.inPlace() {
		n += t.plan.rows * t.Size
	}
	return n
}

// partials is how many numbers the parts of all blocks take, if keys are divided.
func (t *task) partials() int {
	if t.splits == 1 {
		return 0
	}
	return t.items * t.plan.rows * (t.ValueSize + 2)
}

// finished notes that item i is, and merges the parts of its block if it was the last one of them.
func (x *Ctx) finished(t, i int) {
	k := x.task(i)
	if k.splits == 1 {
		return
	}
	block := (i - k.first) / k.splits
	if x.solved[k.first+block*k.splits].Add(1) == int32(k.splits) {
		x.threads[t].join(k, block)
	}
}

// task is the one that item i belongs to.
func (x *Ctx) task(i int) *task {
	k := len(x.tasks) - 1
	for x.tasks[k].first > i {
		k--
	}
	return &x.tasks[k]
}

// spread solves all items on as many threads as their number and the amount of work justify.
func (x *Ctx) spread() {
	x.next.Store(0)
	work := 0.0
	for i := range x.tasks {
		p := &x.tasks[i].Problem
		work += float64(p.Batch) * float64(p.Groups) * float64(p.rows()) * float64(p.Keys) * float64(p.Size+p.ValueSize)
	}
	if x.items == 1 || work < forkWork {
		x.parts(0)
		return
	}
	x.pool.Run(min(x.items, len(x.threads)), x.byItem)
}

// parts solves parts of blocks until none is left. The last blocks of a head, which see the most keys if the attention is causal, come first.
func (x *Ctx) parts(t int) {
	for {
		n := int(x.next.Add(1) - 1)
		if n >= x.items {
			return
		}
		i := x.items - 1 - (n%x.streams*(x.items/x.streams) + n/x.streams)
		x.threads[t].item(x, i)
		x.finished(t, i)
	}
}
