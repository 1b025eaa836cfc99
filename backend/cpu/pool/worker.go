package pool

import (
	"context"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"
)

// A worker has a mailbox with one of four contents: nil while it is idle, a job that it has not begun, busy, or quit.
type worker struct {
	_        [64]byte // keeps the mailboxes on cache lines of their own
	mail     atomic.Pointer[job]
	sleeping atomic.Bool
	wake     chan struct{}
	_        [64]byte
}

var busy, quit = new(job), new(job)

func (w *worker) loop() {
	for {
		j := w.receive()
		if j == quit {
			return
		}
		if w.mail.CompareAndSwap(j, busy) { // unless the caller took it back
			w.serve(j)
		}
	}
}

// serve works on j. The mailbox is free again before the caller can learn that the job is done, so that the next call
// finds an idle worker.
func (w *worker) serve(j *job) {
	finished := false
	defer func() {
		w.mail.Store(nil)
		j.leave()
		if !finished { // runtime.Goexit ends this goroutine
			go w.loop()
		}
	}()
	if j.labels != nil {
		pprof.SetGoroutineLabels(j.labels)
		defer pprof.SetGoroutineLabels(context.Background()) // before the mailbox is free
	}
	j.work(false)
	finished = true
}

// receive returns what is in the mailbox, after spinning or sleeping until there is something.
func (w *worker) receive() *job {
	var start time.Time
	for i := 1; ; i++ {
		if j := w.mail.Load(); j != nil {
			return j
		}
		if i%spinChecks != 0 {
			continue
		}
		now := time.Now()
		if start.IsZero() {
			start = now
		}
		if now.Sub(start) > spinTime {
			w.sleep()
			start = time.Time{}
		} else if i%(16*spinChecks) == 0 {
			runtime.Gosched()
		}
	}
}

// sleep returns when rouse has been called, or soon if there is mail.
func (w *worker) sleep() {
	w.sleeping.Store(true)
	if w.mail.Load() != nil && w.sleeping.CompareAndSwap(true, false) {
		return
	}
	<-w.wake
}

// rouse wakes the worker if it sleeps; it is called after the mailbox has been filled.
func (w *worker) rouse() {
	if w.sleeping.Load() && w.sleeping.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
}
