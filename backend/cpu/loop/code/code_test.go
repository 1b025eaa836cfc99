//go:build amd64 && !noasm && (unix || windows)

package code

import (
	"runtime"
	"sync"
	"testing"
	"time"
	"unsafe"
)

// increment is: add qword ptr [rax], step; ret.
func increment(step byte) []byte { return []byte{0x48, 0x83, 0x00, step, 0xc3} }

func TestCall(t *testing.T) {
	c, err := New(increment(5))
	if err != nil {
		t.Fatal(err)
	}
	n := 1
	c.Call(unsafe.Pointer(&n))
	c.Call(unsafe.Pointer(&n))
	if n != 11 {
		t.Errorf("two calls gave %d, want 11", n)
	}
	if _, err := New(nil); err == nil {
		t.Error("no bytes are code")
	}
}

// TestKeptOnce checks that equal code is shared, and freed after its last use.
func TestKeptOnce(t *testing.T) {
	a, _ := New(increment(6))
	b, _ := New(increment(6))
	c, _ := New(increment(7))
	if a != b || a == c {
		t.Error("equal code is kept twice, or different code once")
	}
	runtime.KeepAlive(a)
	runtime.KeepAlive(c)
	for range 200 {
		runtime.GC()
		keeping.Lock()
		_, have := kept[string(increment(6))]
		keeping.Unlock()
		if !have {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("code that nothing refers to is kept")
}

// TestManyGoroutines makes, calls and drops code while the collector runs and stacks grow.
func TestManyGoroutines(t *testing.T) {
	var group sync.WaitGroup
	for g := range 16 {
		group.Go(func() {
			for round := range 50 {
				c, err := New(increment(byte(1 + (g+round)%3)))
				if err != nil {
					t.Error(err)
					return
				}
				n := 0
				deep(20+round, func() { c.Call(unsafe.Pointer(&n)) })
				if n != 1+(g+round)%3 {
					t.Errorf("got %d", n)
				}
				if round%10 == 0 {
					runtime.GC()
				}
			}
		})
	}
	group.Wait()
}

func deep(n int, f func()) byte {
	var room [512]byte
	if n == 0 {
		f()
		return room[0]
	}
	return deep(n-1, f) + room[n]
}
