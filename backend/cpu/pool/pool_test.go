package pool

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
)

func TestRunCallsEachPartOnce(t *testing.T) {
	for _, threads := range []int{-1, 1, 2, 3, 8} {
		p := New(threads)
		for parts := range 40 {
			counts := make([]atomic.Int32, parts)
			p.Run(parts, func(i int) { counts[i].Add(1) })
			for i := range counts {
				if c := counts[i].Load(); c != 1 {
					t.Fatalf("%d threads: part %d of %d ran %d times", threads, i, parts, c)
				}
			}
		}
		p.Close()
		p.Close()
		ran := false
		p.Run(1, func(int) { ran = true })
		if !ran {
			t.Error("a closed pool does not run work")
		}
	}
}

func TestNilPool(t *testing.T) {
	var p *Pool
	n := 0
	p.Run(3, func(int) { n++ })
	p.ParallelFor(5, 1, func(lo, hi int) { n += hi - lo })
	p.Team(4, func(member, size int, b *Barrier) { b.Wait(); n += size })
	if n != 3+5+1 || p.Threads() != 1 {
		t.Errorf("n = %d, threads %d", n, p.Threads())
	}
}

func TestParallelForCovers(t *testing.T) {
	p := New(3)
	defer p.Close()
	for _, grain := range []int{0, 1, 7, 1000} {
		for _, n := range []int{0, 1, 2, 6, 7, 8, 100, 999, 5000} {
			seen := make([]atomic.Int32, n)
			p.ParallelFor(n, grain, func(lo, hi int) {
				if hi-lo < min(grain, n) || lo >= hi {
					t.Errorf("n %d, grain %d: range [%d, %d)", n, grain, lo, hi)
				}
				for i := lo; i < hi; i++ {
					seen[i].Add(1)
				}
			})
			for i := range seen {
				if seen[i].Load() != 1 {
					t.Fatalf("n %d, grain %d: element %d seen %d times", n, grain, i, seen[i].Load())
				}
			}
		}
	}
}

func TestNestedAndConcurrent(t *testing.T) {
	p := New(4)
	defer p.Close()
	var sum atomic.Int64
	var wg sync.WaitGroup
	for g := range 32 {
		wg.Go(func() {
			for range 20 {
				if g%4 == 0 {
					p.Team(3, func(member, size int, b *Barrier) {
						b.Wait()
						p.Run(3, func(int) {})
						b.Wait()
					})
				}
				p.Run(5, func(int) {
					p.ParallelFor(10, 1, func(lo, hi int) { sum.Add(int64(hi - lo)) })
				})
			}
		})
	}
	wg.Wait()
	if want := int64(32 * 20 * 5 * 10); sum.Load() != want {
		t.Errorf("sum = %d, want %d", sum.Load(), want)
	}
}

func TestPanicReachesCaller(t *testing.T) {
	p := New(4)
	defer p.Close()
	caught := func(f func()) (v any) {
		defer func() { v = recover() }()
		f()
		return nil
	}
	for i := range 200 {
		bad := i % 9
		v := caught(func() {
			p.Run(9, func(part int) {
				if part == bad {
					panic(fmt.Sprint("part ", part))
				}
			})
		})
		if v != fmt.Sprint("part ", bad) {
			t.Fatalf("recovered %v", v)
		}
		v = caught(func() {
			p.Team(4, func(member, size int, b *Barrier) {
				if member == i%size {
					panic("member")
				}
				b.Wait()
				t.Error("passed a broken barrier")
			})
		})
		if v != "member" {
			t.Fatalf("recovered %v", v)
		}
	}
}

func TestGoexitDoesNotLoseWorker(t *testing.T) {
	p := New(2)
	defer p.Close()
	for range 20 {
		func() {
			defer func() { recover() }()
			p.Team(2, func(member, size int, b *Barrier) {
				if member == 1 {
					runtime.Goexit()
				}
			})
		}()
		sizes := 0
		for try := 0; try < 1000 && sizes != 2; try++ {
			p.Team(2, func(member, size int, b *Barrier) {
				if member == 0 {
					sizes = size
				}
			})
			runtime.Gosched()
		}
		if sizes != 2 {
			t.Fatal("the worker is gone")
		}
	}
}

func TestBarrierOrdersWrites(t *testing.T) {
	p := New(4)
	defer p.Close()
	p.Team(4, func(member, size int, b *Barrier) {
		if size < 1 || member < 0 || member >= size {
			t.Errorf("member %d of %d", member, size)
		}
	})
	values := make([]int, 4)
	p.Team(4, func(member, size int, b *Barrier) {
		for step := range 500 {
			values[member] = step
			b.Wait()
			for m := range size {
				if values[m] != step {
					t.Errorf("step %d: member %d is at %d", step, m, values[m])
				}
			}
			b.Wait()
		}
	})
}

func TestBarrierOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := NewBarrier(5)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			for range 100 {
				b.Wait()
			}
		})
	}
	wg.Wait()
}

func TestIdlePoolSleeps(t *testing.T) {
	p := New(3)
	defer p.Close()
	p.Run(8, func(int) {})
	asleep := func() bool {
		for _, w := range p.workers {
			if !w.sleeping.Load() {
				return false
			}
		}
		return true
	}
	for range 2000 {
		if asleep() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("idle workers do not sleep")
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	p := New(2)
	defer p.Close()
	f, g := func(int) {}, func(lo, hi int) {}
	n := testing.AllocsPerRun(200, func() {
		p.Run(4, f)
		p.ParallelFor(100, 1, g)
	})
	if n >= 1 && !race.Enabled {
		t.Errorf("%v allocations a call", n)
	}
}

func TestDefault(t *testing.T) {
	first := Default()
	if again := Default(); again != first || first.Threads() < 1 {
		t.Error("Default is not one pool")
	}
}

func BenchmarkRun(b *testing.B) {
	p := New(2)
	defer p.Close()
	f := func(int) {}
	for b.Loop() {
		p.Run(2, f)
	}
}

func BenchmarkBarrier(b *testing.B) {
	p := New(2)
	defer p.Close()
	p.Team(2, func(_, _ int, bar *Barrier) {
		for range b.N {
			bar.Wait()
		}
	})
}

// Workers have the labels of the pool while they work for it, and none afterwards.
func TestLabels(t *testing.T) {
	p := New(2)
	defer p.Close()
	q := p.Labelled()
	q.SetLabels(pprof.WithLabels(context.Background(), pprof.Labels("step", "one")))
	goroutines := func() string {
		var b bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	labelled := func(p *Pool) int {
		got := ""
		p.Team(2, func(member, size int, b *Barrier) {
			if size != 2 {
				t.Error("no worker takes part")
			}
			b.Wait()
			if member == 0 {
				got = goroutines()
			}
			b.Wait()
		})
		return strings.Count(got, `"step":"one"`)
	}
	if n := labelled(q); n != 1 { // the caller sets its own
		t.Errorf("%d goroutines have the labels, want the worker", n)
	}
	if n := labelled(p); n != 0 {
		t.Errorf("%d goroutines have labels in a pool without", n)
	}
	q.ClearLabels()
	if n := labelled(q); n != 0 {
		t.Errorf("%d goroutines have labels after they were taken away", n)
	}
}
