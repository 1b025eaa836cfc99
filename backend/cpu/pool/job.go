package pool

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// A job is one call of Run, ParallelFor or Team while it lasts; exactly one of each, over and team is set.
type job struct {
	each func(part int)
	over func(lo, hi int)
	team func(member, size int, b *Barrier)

	labels context.Context // of the workers while they are in the job; nil: none

	parts int64 // of each and over
	n     int   // elements of over
	next  atomic.Int64

	ready   atomic.Bool // of team: the size is known
	barrier Barrier

	left    atomic.Int64 // workers still in the job; sleeping is added when the caller sleeps on wake
	wake    chan struct{}
	failure atomic.Pointer[failure]
}

type failure struct{ value any }

const sleeping = 1 << 32

// work does parts of j until none is left, or is one member of the team. A panic is kept for the caller of the pool.
func (j *job) work(caller bool) {
	finished := false
	defer func() {
		if finished {
			return
		}
		v := recover()
		if v == nil {
			v = "BUG: runtime.Goexit in a part of a parallel call"
		}
		if v != errBroken {
			j.failure.CompareAndSwap(nil, &failure{v})
		}
		j.next.Store(j.parts)
		j.barrier.breakUp()
	}()
	switch {
	case j.team != nil:
		for i := 0; !j.ready.Load(); i++ {
			relax(i)
		}
		member := 0
		if !caller {
			member = int(j.next.Add(1))
		}
		j.team(member, int(j.barrier.size), &j.barrier)
	case j.over != nil:
		for i := j.next.Add(1) - 1; i < j.parts; i = j.next.Add(1) - 1 {
			j.over(int(i*int64(j.n)/j.parts), int((i+1)*int64(j.n)/j.parts))
		}
	default:
		for i := j.next.Add(1) - 1; i < j.parts; i = j.next.Add(1) - 1 {
			j.each(int(i))
		}
	}
	finished = true
}

// wait returns when workers calls of leave have been made: first spinning, then asleep.
func (j *job) wait(workers int) {
	if j.left.Add(int64(workers)) == 0 {
		return
	}
	var start time.Time
	for i := 1; j.left.Load() != 0; i++ {
		if i%spinChecks != 0 {
			continue
		}
		now := time.Now()
		if start.IsZero() {
			start = now
		} else if now.Sub(start) > joinTime {
			if j.left.Add(sleeping) != sleeping {
				<-j.wake
			}
			return
		}
		if i%(16*spinChecks) == 0 {
			runtime.Gosched()
		}
	}
}

// leave is the last thing that a worker does to a job.
func (j *job) leave() {
	if j.left.Add(-1) == sleeping {
		j.wake <- struct{}{}
	}
}
