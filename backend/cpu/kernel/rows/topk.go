package rows

import (
	"math"
	"slices"
)

// TopK finds the k largest elements, or the smallest, of every row of the middle axis of [outer, n, inner], rows lo to hi of outer·inner, in order;
// values and places, [outer, k, inner], may be nil. Of equal elements the first comes first; NaN is larger than any number. scratch holds n keys. The
// axis has less than 2³² elements.
func TopK(values []float32, places []int64, x []float32, n, inner, k int, smallest bool, lo, hi int, scratch []uint64) {
	for r := lo; r < hi; r++ {
		from, to := r/inner*n*inner+r%inner, r/inner*k*inner+r%inner
		var keys []uint64
		if k > n/8 {
			keys = scratch[:n]
			for i := range keys {
				keys[i] = topKey(x[from+i*inner], i, smallest)
			}
			slices.Sort(keys)
		} else if k > 0 {
			keys = scratch[:k]
			first(keys, x[from:], n, inner, smallest)
		}
		for i, key := range keys[:k] {
			p := int(uint32(key))
			if values != nil {
				values[to+i*inner] = x[from+p*inner]
			}
			if places != nil {
				places[to+i*inner] = int64(p)
			}
		}
	}
}

// topKey orders elements like the key of a number: what comes first is smaller.
func topKey(v float32, i int, smallest bool) uint64 {
	b := math.Float32bits(v + 0) // −0 equals 0
	b ^= uint32(int32(b)>>31) | 1<<31
	if v != v {
		b = math.MaxUint32
	}
	if !smallest {
		b = ^b
	}
	return uint64(b)<<32 | uint64(uint32(i))
}

// first finds the keys that come first among n elements that lie step apart, in order.
func first(heap []uint64, x []float32, n, step int, smallest bool) {
	for i := range heap {
		heap[i] = topKey(x[i*step], i, smallest)
	}
	for i := len(heap)/2 - 1; i >= 0; i-- { // the last of them on top
		sink(heap, i)
	}
	last := x[int(uint32(heap[0]))*step]
	for i := len(heap); i < n; i++ {
		v := x[i*step]
		if smallest && v >= last || !smallest && v <= last { // not so for NaN
			continue
		}
		if key := topKey(v, i, smallest); key < heap[0] {
			heap[0] = key
			sink(heap, 0)
			last = x[int(uint32(heap[0]))*step]
		}
	}
	slices.Sort(heap)
}

func sink(heap []uint64, i int) {
	for {
		c := 2*i + 1
		if c >= len(heap) {
			return
		}
		if c+1 < len(heap) && heap[c+1] > heap[c] {
			c++
		}
		if heap[c] <= heap[i] {
			return
		}
		heap[i], heap[c] = heap[c], heap[i]
		i = c
	}
}
