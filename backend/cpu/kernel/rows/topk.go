package rows

import (
	"math"
	"slices"
)

// TopK finds the k largest elements, or the smallest, of every row of the middle axis of [outer, n, inner], rows lo to hi of outer·inner, in order;
// values and places, [outer, k, inner], may be nil. Of equal elements the first comes first; NaN is larger than any number. scratch holds n keys. The
// axis has less than 2³² elements.
func TopK(values []float32, places []int64, x []float32, n, inner, k int, smallest bool, lo, hi int, scratch []uint64) {
	keys := scratch[:n]
	for r := lo; r < hi; r++ {
		from, to := r/inner*n*inner+r%inner, r/inner*k*inner+r%inner
		for i := range keys {
			keys[i] = topKey(x[from+i*inner], i, smallest)
		}
		for i, key := range first(keys, k) {
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
	switch {
	case v != v:
		b = math.MaxUint32
	case b>>31 != 0:
		b = ^b
	default:
		b |= 1 << 31
	}
	if !smallest {
		b = ^b
	}
	return uint64(b)<<32 | uint64(uint32(i))
}

// first moves the k smallest keys to the front, in order.
func first(keys []uint64, k int) []uint64 {
	if k > len(keys)/8 {
		slices.Sort(keys)
		return keys[:k]
	}
	if k == 0 {
		return nil
	}
	heap := keys[:k] // the largest on top
	for i := k/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for _, key := range keys[k:] {
		if key < heap[0] {
			heap[0] = key
			sink(heap, 0)
		}
	}
	slices.Sort(heap)
	return heap
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
