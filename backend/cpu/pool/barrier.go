package pool

import (
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// Barrier lets a fixed number of goroutines that run at the same time wait for each other, again and again. It spins, then
// yields, so that members that share one processor still make progress.
type Barrier struct {
	size    int32
	arrived atomic.Int32
	phase   atomic.Uint32 // the lowest bit is set once the barrier is broken; the rest counts
	_       [48]byte
}

var errBroken = errors.New("barrier broken by a panic of another member")

// NewBarrier makes a barrier for size goroutines.
func NewBarrier(size int) *Barrier {
	b := new(Barrier)
	b.reset(size)
	return b
}

func (b *Barrier) reset(size int) { b.size = int32(size) }

// Wait returns when all members have called it. What a member wrote before, all members see after. In a team of which
// a member has panicked it does not return.
func (b *Barrier) Wait() {
	phase := b.phase.Load()
	if phase&1 == 0 && b.arrived.Add(1) == b.size {
		b.arrived.Store(0)
		b.phase.Add(2)
		return
	}
	for i := 0; ; i++ {
		now := b.phase.Load()
		if now&1 != 0 {
			panic(errBroken)
		}
		if now != phase {
			return
		}
		relax(i)
	}
}

func (b *Barrier) breakUp() { b.phase.Or(1) }

// relax is the body of a loop that waits for another goroutine, in its i-th turn: at first nothing, then a yield, and
// after about a millisecond a short sleep.
func relax(i int) {
	switch {
	case i < 2000:
	case i < 6000:
		if i%16 == 0 {
			runtime.Gosched()
		}
	default:
		if i%16 == 0 {
			time.Sleep(20 * time.Microsecond)
		}
	}
}
