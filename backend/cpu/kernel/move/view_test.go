package move

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

var sizes = []int{1, 2, 4, 8, 16}

// noise is n bytes, at an odd address.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n+1)[1:]
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// unravel is the index of element i of a shape.
func unravel(i int, shape []int) []int {
	at := make([]int, len(shape))
	for k := len(shape) - 1; k >= 0; k-- {
		at[k] = i % shape[k]
		i /= shape[k]
	}
	return at
}

// checkView runs v in pieces and compares with the element of the source that at names for each element of the result.
func checkView(t *testing.T, what string, v *View, shape []int, sources int, at func(index []int) int) {
	t.Helper()
	n := product(shape)
	if v.Len() != n {
		t.Fatalf("%s: Len() = %d, want %d", what, v.Len(), n)
	}
	for _, size := range sizes {
		for _, pieces := range []int{1, 3} {
			src, dst := noise(sources*size), make([]byte, n*size+1)
			for p := range pieces {
				v.Run(dst[:n*size], src, size, v.Rows()*p/pieces, v.Rows()*(p+1)/pieces)
			}
			for i := range n {
				from := at(unravel(i, shape))
				if got, want := dst[i*size:(i+1)*size], src[from*size:(from+1)*size]; !bytes.Equal(got, want) {
					t.Fatalf("%s, size %d, %d pieces: element %v is not source %d", what, size, pieces, unravel(i, shape), from)
				}
			}
		}
	}
}

func TestTranspose(t *testing.T) { atLevels(t, testTranspose) }

func testTranspose(t *testing.T) {
	for _, c := range []struct{ shape, perm []int }{
		{nil, nil},
		{[]int{5}, []int{0}},
		{[]int{3, 4}, []int{1, 0}},
		{[]int{33, 47}, []int{1, 0}},
		{[]int{1, 7, 1, 3}, []int{3, 2, 1, 0}},
		{[]int{2, 5, 3, 8}, []int{0, 2, 1, 3}},
		{[]int{2, 5, 3, 8}, []int{0, 2, 3, 1}},
		{[]int{4, 5, 6}, []int{2, 1, 0}},
		{[]int{17, 5, 18}, []int{2, 1, 0}},
		{[]int{4, 5, 6}, []int{2, 0, 1}},
		{[]int{4, 5, 6}, []int{0, 1, 2}},
		{[]int{4, 0, 6}, []int{2, 1, 0}},
		{[]int{2, 3, 2, 3, 2}, []int{4, 1, 3, 0, 2}},
	} {
		shape := make([]int, len(c.perm))
		for i, p := range c.perm {
			shape[i] = c.shape[p]
		}
		strides := dense(c.shape)
		checkView(t, "transpose", NewTranspose(c.shape, c.perm), shape, product(c.shape), func(index []int) int {
			at := 0
			for i, p := range c.perm {
				at += index[i] * strides[p]
			}
			return at
		})
	}
}

func TestSlice(t *testing.T) {
	for _, c := range []struct{ shape, starts, steps, counts []int }{
		{[]int{10}, []int{2}, []int{3}, []int{3}},
		{[]int{10}, []int{9}, []int{-1}, []int{10}},
		{[]int{4, 6}, []int{3, 5}, []int{-1, -2}, []int{4, 3}},
		{[]int{4, 6}, []int{1, 0}, []int{1, 1}, []int{2, 6}},
		{[]int{4, 6}, []int{1, 2}, []int{1, 1}, []int{2, 0}},
		{[]int{20, 20, 2}, []int{19, 0, 1}, []int{-1, 1, 1}, []int{20, 20, 1}},
	} {
		strides := dense(c.shape)
		checkView(t, "slice", NewSlice(c.shape, c.starts, c.steps, c.counts), c.counts, product(c.shape), func(index []int) int {
			at := 0
			for i := range index {
				at += (c.starts[i] + index[i]*c.steps[i]) * strides[i]
			}
			return at
		})
	}
}

func TestExpand(t *testing.T) {
	for _, c := range []struct{ from, to []int }{
		{nil, []int{3, 2}}, {[]int{1}, []int{5}}, {[]int{3, 1}, []int{2, 3, 4}}, {[]int{1, 4}, []int{3, 4}}, {[]int{2, 1, 3}, []int{2, 5, 3}}, {[]int{3}, []int{0, 3}},
	} {
		strides := dense(c.from)
		checkView(t, "expand", NewExpand(c.from, c.to), c.to, product(c.from), func(index []int) int {
			at := 0
			for i, d := range c.from {
				if d != 1 {
					at += index[len(c.to)-len(c.from)+i] * strides[i]
				}
			}
			return at
		})
	}
}

func FuzzView(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 9))
		shape, strides := make([]int, r.IntN(5)), make([]int, 5)
		low, high := 0, 0
		for i := range shape {
			shape[i] = r.IntN(20 / (i + 1))
			strides[i] = r.IntN(25) - 5
			end := max(0, shape[i]-1) * strides[i]
			low, high = low+min(0, end), high+max(0, end)
		}
		checkView(t, "view", NewView(shape, strides[:len(shape)], -low), shape, high-low+1, func(index []int) int {
			at := -low
			for i, k := range index {
				at += k * strides[i]
			}
			return at
		})
	})
}

func BenchmarkTranspose(b *testing.B) {
	src, dst := make([]byte, 512*512*4), make([]byte, 512*512*4)
	for name, v := range map[string]*View{"2d": NewTranspose([]int{512, 512}, []int{1, 0}), "heads": NewTranspose([]int{128, 32, 64}, []int{1, 0, 2})} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				v.Run(dst, src, 4, 0, v.Rows())
			}
		})
	}
}
