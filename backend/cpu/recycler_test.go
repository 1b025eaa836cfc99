package cpu

import (
	"testing"

	"github.com/gocompile/gocompile/tensor"
)

func TestRecycler(t *testing.T) {
	var r recycler
	take := func(n int) *tensor.Tensor {
		t.Helper()
		m, ok := r.take(n)
		if !ok || len(m) != n {
			t.Fatalf("%d bytes: got %d, %v", n, len(m), ok)
		}
		return tensor.View(tensor.Uint8, []int{n}, m)
	}
	if _, ok := r.take(smallest - 1); ok {
		t.Error("little memory is taken")
	}
	const n = 1 << 20
	a, b := take(n), take(n)
	if within(a.Bytes(), b.Bytes()) {
		t.Fatal("two values of a step lie in the same memory")
	}
	view := tensor.View(tensor.Uint8, []int{10}, a.Bytes()[5:15])
	r.hold(a)
	r.hold(&tensor.Sequence{Elem: tensor.Uint8, Items: []tensor.Value{view}})
	r.settle() // nothing holds b
	if c := take(n - 100); !within(c.Bytes(), b.Bytes()) {
		t.Error("memory that nothing holds is not used again")
	}
	r.release(a)
	r.settle()
	if c := take(n); within(c.Bytes(), a.Bytes()) {
		t.Error("memory is used again while a view in a sequence lies in it")
	}
	r.release(&tensor.Sequence{Elem: tensor.Uint8, Items: []tensor.Value{view}})
	r.settle()
	if c := take(n); !within(c.Bytes(), a.Bytes()) && !within(c.Bytes(), b.Bytes()) {
		t.Error("memory is not used again after its last view")
	}
	if c := take(n / 4); within(c.Bytes(), a.Bytes()) || within(c.Bytes(), b.Bytes()) {
		t.Error("a value takes memory that is much too large")
	}
	r.give(a)
	r.end()
	if c := take(n); within(c.Bytes(), a.Bytes()) {
		t.Error("memory that is the caller's is used again")
	}
	r.end()
	if got := r.bytes(); got < n || got > n+n/8 {
		t.Errorf("%d bytes are kept, want what the last run used, %d", got, n)
	}
}
