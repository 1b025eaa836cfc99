package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomIntegers makes a matrix as exactly long as it has to be, with groups of any size and often with zero points.
func randomIntegers(r *rand.Rand, bits, k, n, ldb int, trans bool) *Integers {
	rows, cols := k, n
	if trans {
		rows, cols = n, k
	}
	w := &Integers{K: k, N: n, Bits: bits, LDB: ldb, Trans: trans, Group: []int{0, 16, 32, 20, 128, 33}[r.IntN(6)]}
	if rows > 0 && cols > 0 {
		w.Q = make([]int8, (rows-1)*ldb+cols)
	}
	for i := range w.Q {
		w.Q[i] = int8(r.IntN(256)) << (8 - bits) >> (8 - bits)
	}
	w.Scale = matrix(r, w.groups(), n, n)
	if r.IntN(2) == 0 {
		w.Zero = make([]float32, len(w.Scale))
		for i := range w.Zero {
			w.Zero[i] = float32(r.IntN(1<<bits) - 1<<(bits-1))
		}
	}
	return w
}

// A product with integers is the product with the numbers that they stand for, infinities and NaN among them.
func TestIntegersStandForNumbers(t *testing.T) {
	inf := float32(math.Inf(1))
	special := []float32{inf, -inf, inf - inf, 0, 1e38, 1e-44}
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(5, 6))
		for i := range 200 {
			m, n, k := 1+r.IntN(7), 1+r.IntN(70), 1+r.IntN(100)
			w := randomIntegers(r, 4+i%2*4, k, n, n, false)
			for range 3 {
				w.Scale[r.IntN(len(w.Scale))] = special[r.IntN(len(special))]
			}
			a := matrix(r, m, k, k)
			a[r.IntN(len(a))] = special[i%len(special)]
			p := packIntegers(x.level, w, nil)
			if p == nil {
				continue
			}
			got, want := make([]float32, m*n), make([]float32, m*n)
			Run(x, m, a, k, p, got, n, nil)
			Run(x, m, a, k, packFor(x.level, w.Floats(), k, n, n, false), want, n, nil)
			for j := range got {
				g, v := float64(got[j]), float64(want[j])
				if math.IsNaN(g) != math.IsNaN(v) || !math.IsNaN(v) && g != v && !(math.Abs(g-v) <= 1e-4*(1+math.Abs(v))*float64(k)) {
					t.Fatalf("%s: %d by %d by %d, %d bits in groups of %d: C[%d] = %v, that of the numbers is %v", name, m, k, n, w.Bits, w.Group, j, g, v)
				}
			}
		}
	})
}

// Groups that are longer than a block of rows, and shorter than what scales are worth, are not packed as integers; others take the memory of integers.
func TestPackIntegersBytes(t *testing.T) {
	for _, l := range levels() {
		for _, c := range []struct {
			bits, group, want int // bytes
		}{{8, 0, 1024*64 + 4*64}, {4, 0, 1024*32 + 4*64}, {4, 32, 1024*32 + 32*64*4}, {8, 1024, 1024*64 + 4*64}, {8, 1000, -1}, {4, 8, -1}} {
			w := &Integers{K: 1024, N: 64, Bits: c.bits, Q: make([]int8, 1024*64), LDB: 64, Group: c.group, Zero: make([]float32, 128*64), Scale: make([]float32, 128*64)}
			got := -1
			if p := packIntegers(l, w, nil); p != nil {
				got = p.Bytes()
			}
			if got != c.want {
				t.Errorf("%v, %d bits in groups of %d: %d bytes, want %d", l, c.bits, c.group, got, c.want)
			}
		}
	}
}

func BenchmarkIntegers(b *testing.B) {
	const k, n = 2048, 8192
	r := rand.New(rand.NewPCG(7, 8))
	for _, bits := range []int{32, 16, 8, 4} {
		for _, m := range []int{1, 4, 64} {
			b.Run(fmt.Sprintf("%d bits/%d rows", bits, m), func(b *testing.B) {
				x := NewCtx(nil, levels()[len(levels())-1])
				w := randomIntegers(r, min(8, bits), k, n, n, false)
				w.Group, w.Zero = 32, nil
				w.Scale = matrix(r, k/32, n, n)
				p := packIntegers(x.level, w, nil)
				switch bits {
				case 32:
					p = packFor(x.level, w.Floats(), k, n, n, false)
				case 16:
					p = packAs(x.level, Float16, w.Floats(), k, n, n, false)
				}
				a, c := matrix(r, m, k, k), make([]float32, m*n)
				b.SetBytes(int64(p.Bytes()))
				for b.Loop() {
					Run(x, m, a, k, p, c, n, nil)
				}
			})
		}
	}
}

// TestPairs: integers of 4 bits that lie two a byte, with or without a sign, are packed as those that lie one a byte.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, l := range levels() {
		for i := range 300 {
			k, n, trans := 1+r.IntN(150), 1+r.IntN(70), i%2 == 0
			ldb := n + r.IntN(3)
			if trans {
				ldb = k + r.IntN(3)
			}
			w := randomIntegers(r, 4, k, n, ldb, trans)
			w.RoundA = r.IntN(2) == 0
			pairs := *w
			pairs.Q, pairs.Pairs = nil, &Pairs{Data: make([]byte, (len(w.Q)+1)/2), Unsigned: r.IntN(2) == 0}
			for j, q := range w.Q {
				if pairs.Pairs.Unsigned {
					q += 8
				}
				pairs.Pairs.Data[j/2] |= byte(q) & 15 << (j % 2 * 4)
			}
			want, got := packIntegers(l, w, nil), packIntegers(l, &pairs, nil)
			if (want == nil) != (got == nil) || want != nil && !slices.Equal(got.small, want.small) {
				t.Fatalf("%v: %d by %d, transposed %t, %d apart, rounded %t: packed otherwise", l, k, n, trans, ldb, w.RoundA)
			}
			if !slices.Equal(pairs.Floats()[:len(w.Q)], w.Floats()) {
				t.Fatalf("%d by %d, transposed %t: other numbers", k, n, trans)
			}
		}
	}
}
