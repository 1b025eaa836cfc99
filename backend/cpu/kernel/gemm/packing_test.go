package gemm

import (
	"bytes"
	"math/rand/v2"
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

// TestPackLines: columns that are runs of rows are packed as if they had been copied side by side before.
func TestPackLines(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for i := range 200 {
		k, rows, lanes, f := r.IntN(700), 1+r.IntN(60), []int{8, 16}[r.IntN(2)], []Format{Float32, Float16, BFloat16}[i%3]
		b := matrix(r, rows, k, k)
		runs := make([]Lines, r.IntN(9))
		columns := make([]float32, len(runs)*lanes*k)
		for i := range runs {
			first := r.IntN(rows)
			runs[i] = Lines{first, r.IntN(min(lanes, rows-first) + 1)}
			copy(columns[i*lanes*k:], b[first*k:(first+runs[i].Count)*k])
		}
		got, want := PackLines(f, b, k, runs, lanes, new(Memory)), PackBAs(f, columns, k, len(runs)*lanes, k, true, nil)
		if got.Layout() != want.Layout() || !bytes.Equal(got.Data(), want.Data()) {
			t.Fatalf("%v: %d rows in runs of %d, %+v: packed otherwise", f, k, lanes, runs)
		}
	}
}
