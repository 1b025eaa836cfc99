// Package pool is the worker pool that the CPU back end shares among all sessions of a process.
//
// Work is forked onto idle workers and joined by the caller, who always takes part. No call waits for a busy worker:
// when none is idle the caller does everything itself, so calls may be nested and may come from any number of
// goroutines. A worker without work spins for some microseconds, for runs come one behind the
// other and a call is soon followed by the next, then sleeps.
//
// Only scheduling belongs here: the room knows nothing of kernels, steps or tensors.
package pool

import (
	"context"
	"runtime"
	"sync"
	"time"
)

const (
	spinChecks = 64                    // looks at the mailbox between two looks at the clock
	spinTime   = 40 * time.Microsecond // for which a worker spins after its last work
	joinTime   = 100 * time.Microsecond
	chunks     = 4 // parts a thread in ParallelFor, so that a slow thread costs little
)

// Pool is a set of worker goroutines. Its methods may be called from any goroutine, but for SetLabels and ClearLabels.
type Pool struct {
	*crew
	labels context.Context // of the work that is handed out; nil: none
}

// crew is the workers, which several pools may share.
type crew struct {
	workers []*worker
	jobs    sync.Pool
}

// New makes a pool in which at most threads goroutines, the caller of Run among them, work on one call.
// One thread or fewer means that the caller does everything.
func New(threads int) *Pool {
	c := &crew{jobs: sync.Pool{New: func() any { return &job{wake: make(chan struct{}, 1)} }}}
	for range threads - 1 {
		w := &worker{wake: make(chan struct{}, 1)}
		c.workers = append(c.workers, w)
		go w.loop()
	}
	return &Pool{crew: c}
}

// Labelled is a pool of the same workers with labels of its own, see SetLabels. Closing either closes both.
func (p *Pool) Labelled() *Pool { return &Pool{crew: p.crew} }

// SetLabels makes workers carry the pprof labels of ctx while they do work that is handed out by p. It must not be called while p is used.
func (p *Pool) SetLabels(ctx context.Context) { p.labels = ctx }

// ClearLabels ends SetLabels. It must not be called while p is used.
func (p *Pool) ClearLabels() { p.labels = nil }

// Default is the pool of the process, with GOMAXPROCS threads as it is at the first call. (The runtime sets GOMAXPROCS
// from the processors and the CPU quota of the control group.)
var Default = sync.OnceValue(func() *Pool { return New(runtime.GOMAXPROCS(0)) })

// Threads is the greatest number of goroutines that work on one call, the caller included. A nil pool has one.
func (p *Pool) Threads() int {
	if p == nil {
		return 1
	}
	return len(p.workers) + 1
}

// Run calls f(0) … f(parts-1), each once, on the caller and on idle workers, and returns when all have returned. Parts
// are begun in order but nothing may depend on two of them running at the same time (for that see Team). When a part panics, parts not
// yet begun are skipped and Run panics with the same value.
func (p *Pool) Run(parts int, f func(part int)) {
	if parts <= 1 || p.Threads() == 1 {
		for i := range parts {
			f(i)
		}
		return
	}
	j := p.job(parts)
	j.each = f
	p.fork(j, parts-1)
}

// ParallelFor calls f on ranges that together cover [0, n) once, each of at least grain elements (unless n is less). It
// divides the work as Run does.
func (p *Pool) ParallelFor(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	parts := min(n/max(grain, 1), p.Threads()*chunks)
	if parts <= 1 || p.Threads() == 1 {
		f(0, n)
		return
	}
	j := p.job(parts)
	j.over, j.n = f, n
	p.fork(j, parts-1)
}

// Team calls f at the same time on the caller and on the idle workers, at most limit goroutines in all. Each call is told
// its member number (the caller is 0), the size of the team, which is at least 1, and a barrier on which the members can wait for each
// other. When a member panics, the others are ended at their next Wait and Team panics with the same value.
func (p *Pool) Team(limit int, f func(member, size int, b *Barrier)) {
	j := p.job(0)
	j.team = f
	p.fork(j, limit-1)
}

// Close ends the workers once they are idle. Calls made later run on the caller alone.
func (p *Pool) Close() {
	for _, w := range p.workers {
		for w.mail.Load() != quit && !w.mail.CompareAndSwap(nil, quit) {
			runtime.Gosched()
		}
		w.rouse()
	}
}

func (p *Pool) job(parts int) *job {
	if p == nil {
		return &job{parts: int64(parts)}
	}
	j := p.jobs.Get().(*job)
	j.parts = int64(parts)
	return j
}

// fork posts j to at most helpers idle workers, works on it, and joins.
func (p *Pool) fork(j *job, helpers int) {
	posted := 0
	if p != nil && helpers > 0 {
		j.labels = p.labels
		posted = p.post(j, helpers)
	}
	defer p.join(j, posted)
	if j.team != nil {
		j.barrier.reset(posted + 1)
		j.ready.Store(true)
	}
	j.work(true)
}

// post hands j to idle workers and returns to how many.
func (p *Pool) post(j *job, helpers int) int {
	posted := 0
	for _, w := range p.workers {
		if w.mail.Load() == nil && w.mail.CompareAndSwap(nil, j) {
			w.rouse()
			if posted++; posted == helpers {
				break
			}
		}
	}
	return posted
}

// join waits until no worker touches j any more, hands a panic on, and puts j back. A worker that has not begun yet is
// not waited for, except in a team, where every member counts.
func (p *Pool) join(j *job, posted int) {
	if posted > 0 {
		if j.team == nil {
			j.next.Store(j.parts) // after a panic of the caller: begin no more parts
			for _, w := range p.workers {
				if w.mail.Load() == j && w.mail.CompareAndSwap(j, nil) {
					posted--
				}
			}
		}
		j.wait(posted)
	}
	failure := j.failure.Load()
	*j = job{wake: j.wake}
	if p != nil {
		p.jobs.Put(j)
	}
	if failure != nil {
		panic(failure.value)
	}
}
