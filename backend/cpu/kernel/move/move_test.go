package move

import (
	"bytes"
	"errors"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
)

func TestFill(t *testing.T) {
	for _, size := range sizes {
		for n := range 20 {
			value := noise(size)
			got := make([]byte, n*size)
			Fill(got, value)
			if !bytes.Equal(got, bytes.Repeat(value, n)) {
				t.Fatalf("%d elements of %d bytes: %v", n, size, got)
			}
		}
	}
}

func TestCopyStrided(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 4, 8, 16, 24} {
		for _, rows := range []int{0, 1, 5} {
			for _, more := range [][2]int{{0, 0}, {3, 0}, {0, 5}, {2, 7}} {
				to, from := n+more[0], n+more[1]
				src, dst := noise(rows*from), make([]byte, rows*to)
				want := make([]byte, rows*to)
				for i := range rows {
					copy(want[i*to:i*to+n], src[i*from:])
				}
				CopyStrided(dst, to, src, from, rows, n)
				if !bytes.Equal(dst, want) {
					t.Fatalf("%d rows of %d bytes, steps %d and %d: %v, want %v", rows, n, to, from, dst, want)
				}
			}
		}
	}
}

func TestGather(t *testing.T) {
	indices := []int64{2, 0, -1, -4, 3, 3}
	narrow := []int32{2, 0, -1, -4, 3, 3}
	const outer, n = 3, 4
	for _, inner := range []int{1, 2, 4, 8, 12, 16, 40} {
		src := noise(outer * n * inner)
		var want []byte
		for o := range outer {
			for _, i := range []int{2, 0, 3, 0, 3, 3} {
				want = append(want, src[(o*n+i)*inner:(o*n+i+1)*inner]...)
			}
		}
		got := make([]byte, len(want))
		if err := Gather(got, src, indices, n, inner); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("inner %d: %v, %v", inner, got, err)
		}
		clear(got)
		for lo := 0; lo < outer*len(indices); lo += 5 {
			GatherRange(got, src, narrow, n, inner, lo, min(lo+5, outer*len(indices)))
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("inner %d in ranges: %v", inner, got)
		}
	}
	dst := []byte{7, 7, 7}
	for _, bad := range []int64{4, -5, 1 << 40} {
		err := Gather(dst, noise(4), []int64{0, bad, 1}, n, 1)
		var e *IndexError
		if !errors.As(err, &e) || e.Index != bad || e.Position != 1 || e.Size != n || e.Error() == "" {
			t.Errorf("index %d: %v", bad, err)
		}
	}
	if !bytes.Equal(dst, []byte{7, 7, 7}) {
		t.Errorf("a failed gather wrote %v", dst)
	}
	if err := Gather(nil, nil, []int64{0}, 0, 4); err == nil {
		t.Error("an index of an empty axis was accepted")
	}
	if err := Gather(nil, nil, []int64{}, 0, 4); err != nil {
		t.Error(err)
	}
}

func TestGatherColumns(t *testing.T) {
	const rows, n = 5, 50
	var indices []int64
	var narrow []int32
	for i := range 2*columnTile + 3 {
		indices, narrow = append(indices, int64(i*7%(2*n)-n)), append(narrow, int32(i*7%(2*n)-n))
	}
	for _, size := range []int{1, 2, 4, 8, 16} {
		src := noise(rows * n * size)
		var want []byte
		for _, i := range indices {
			for r := range rows {
				at := (r*n + int(i+n)%n) * size
				want = append(want, src[at:at+size]...)
			}
		}
		got := make([]byte, len(want))
		if GatherColumns(got, src, indices, n, rows, size, 0, len(indices)); !bytes.Equal(got, want) {
			t.Errorf("elements of %d bytes: %v, want %v", size, got, want)
		}
		clear(got)
		for lo := 0; lo < len(narrow); lo += 40 {
			GatherColumns(got, src, narrow, n, rows, size, lo, min(lo+40, len(narrow)))
		}
		if !bytes.Equal(got, want) {
			t.Errorf("elements of %d bytes in ranges: %v, want %v", size, got, want)
		}
	}
}

func TestPad(t *testing.T) {
	for _, c := range []struct{ shape, before, after []int }{
		{nil, nil, nil},
		{[]int{3}, []int{2}, []int{1}},
		{[]int{3}, []int{-1}, []int{2}},
		{[]int{3}, []int{-2}, []int{-2}},
		{[]int{2, 3}, []int{1, 0}, []int{0, 2}},
		{[]int{2, 3, 4}, []int{1, -1, 2}, []int{1, 1, -3}},
		{[]int{2, 0, 2}, []int{0, 1, 0}, []int{1, 1, 0}},
		{[]int{2, 3}, []int{0, 5}, []int{0, -4}},
		{[]int{2, 3}, []int{0, -4}, []int{0, 5}},
	} {
		p := NewPad(c.shape, c.before, c.after)
		n, rank := product(p.Shape()), len(p.Shape())
		for _, size := range sizes {
			src, value, got := noise(product(c.shape)*size), noise(size), make([]byte, n*size)
			for i := range p.Shape()[0] {
				p.Run(got, src, value, i, i+1)
			}
			strides := dense(c.shape)
			for i := range n {
				want, at := value, 0
				index := unravel(i, p.Shape())
				inside := true
				for k := range c.shape {
					j := index[rank-len(c.shape)+k] - c.before[k]
					inside = inside && j >= 0 && j < c.shape[k]
					at += j * strides[k]
				}
				if inside {
					want = src[at*size : (at+1)*size]
				}
				if !bytes.Equal(got[i*size:(i+1)*size], want) {
					t.Fatalf("%v before %v after %v: element %v of size %d", c.shape, c.before, c.after, index, size)
				}
			}
		}
	}
}

func TestBorder(t *testing.T) {
	wrapped := func(p, n int) int { return ((p % n) + n) % n }
	nearest := func(p, n int) int { return max(0, min(n-1, p)) }
	for _, from := range []func(p, n int) int{wrapped, nearest} {
		for _, c := range []struct{ shape, before, after []int }{
			{nil, nil, nil},
			{[]int{3}, []int{2}, []int{1}},
			{[]int{3}, []int{-1}, []int{2}},
			{[]int{3}, []int{-2}, []int{-1}},
			{[]int{3}, []int{7}, []int{-5}},
			{[]int{3}, []int{-4}, []int{9}},
			{[]int{2, 3}, []int{1, 0}, []int{0, 2}},
			{[]int{2, 3, 4}, []int{1, -1, 2}, []int{1, 1, -3}},
			{[]int{1, 33, 1}, []int{0, 7, 1}, []int{2, 40, 0}},
		} {
			b := NewBorder(c.shape, c.before, c.after, from)
			n, rank := product(b.Shape()), len(b.Shape())
			strides := dense(c.shape)
			for _, size := range sizes {
				src, got := noise(product(c.shape)*size), make([]byte, n*size)
				for i := range b.Shape()[0] {
					b.Run(got, src, size, i, i+1)
				}
				whole := make([]byte, n*size)
				b.Run(whole, src, size, 0, b.Shape()[0])
				for i := range n {
					at := 0
					index := unravel(i, b.Shape())
					for k, d := range c.shape {
						at += from(index[rank-len(c.shape)+k]-c.before[k], d) * strides[k]
					}
					if want := src[at*size : (at+1)*size]; !bytes.Equal(got[i*size:(i+1)*size], want) || !bytes.Equal(whole[i*size:(i+1)*size], want) {
						t.Fatalf("%v before %v after %v: element %v of size %d", c.shape, c.before, c.after, index, size)
					}
				}
			}
		}
	}
}

func TestWhere(t *testing.T) {
	for _, c := range []struct{ shape, c, a, b []int }{
		{nil, nil, nil, nil},
		{[]int{7}, []int{1}, []int{1}, []int{1}},
		{[]int{7}, []int{0}, []int{1}, []int{0}},
		{[]int{0, 2}, []int{2, 1}, []int{2, 1}, []int{0, 0}},
		{[]int{3, 4, 5}, []int{20, 5, 1}, []int{20, 5, 1}, []int{20, 5, 1}},
		{[]int{3, 4, 5}, []int{0, 5, 1}, []int{20, 5, 1}, []int{0, 0, 0}},
		{[]int{3, 1, 5}, []int{1, 0, 0}, []int{0, 0, 1}, []int{5, 0, 1}},
	} {
		w, n := NewWhere(c.shape, c.c, c.a, c.b), product(c.shape)
		cond := make([]bool, 60)
		for i, b := range noise(60) {
			cond[i] = b&1 != 0
		}
		for _, size := range sizes {
			a, b, got := noise(61 * size)[size:], noise(60*size), make([]byte, n*size)
			for lo := 0; lo < w.Len(); lo += 7 {
				w.Run(got, cond, a, b, size, lo, min(lo+7, w.Len()))
			}
			for i := range n {
				index, pc, pa, pb := unravel(i, c.shape), 0, 0, 0
				for k, j := range index {
					pc, pa, pb = pc+j*c.c[k], pa+j*c.a[k], pb+j*c.b[k]
				}
				want := b[pb*size : (pb+1)*size]
				if cond[pc] {
					want = a[pa*size : (pa+1)*size]
				}
				if !bytes.Equal(got[i*size:(i+1)*size], want) {
					t.Fatalf("%v, size %d: element %v", c.shape, size, index)
				}
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	src, dst := make([]byte, 1024), make([]byte, 1024)
	v, p := NewTranspose([]int{8, 4, 8}, []int{2, 1, 0}), NewPad([]int{4, 4}, []int{1, 1}, []int{1, 1})
	w := NewWhere([]int{8, 8}, []int{8, 1}, []int{0, 1}, []int{0, 0})
	indices, cond := []int64{1, 0}, make([]bool, 64)
	if n := testing.AllocsPerRun(10, func() {
		v.Run(dst, src, 4, 0, v.Rows())
		p.Run(dst, src, src[:4], 0, 6)
		w.Run(dst, cond, src, src, 4, 0, 64)
		if Gather(dst[:64], src, indices, 2, 16) != nil {
			t.Fail()
		}
		for from := range types {
			for to := range types {
				Cast(dst, to, src[:128], from)
			}
		}
	}); n != 0 && !race.Enabled {
		t.Errorf("%v allocations", n)
	}
}
