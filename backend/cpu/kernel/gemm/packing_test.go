package gemm

import (
	"testing"
	"unsafe"
)

// TestMemory: small matrices lie side by side on cache lines of their own, and none on another.
func TestMemory(t *testing.T) {
	var m Memory
	begin := func(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }
	var taken [][]byte
	follow := 0
	for i := range 200 {
		n := []int{100 << 10, 7, 64, 300 << 10, 2 << 20}[i%5]
		b := m.Take(n)
		if len(b) != n || cap(b) != n || begin(b)%64 != 0 || b[0] != 0 || b[n-1] != 0 {
			t.Fatalf("%d bytes are %d of %d at %x, the first %d", n, len(b), cap(b), begin(b), b[0])
		}
		for j := range b {
			b[j] = 1
		}
		if i > 0 {
			last := taken[len(taken)-1]
			if begin(b) == (begin(last)+uintptr(len(last))+63)&^63 {
				follow++
			}
		}
		taken = append(taken, b)
	}
	if follow < 100 {
		t.Errorf("%d of 200 follow each other", follow)
	}
}
