package gemm

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/internal/race"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// roundingIntegers makes a matrix of integers whose products round the numbers that it multiplies.
func roundingIntegers(r *rand.Rand, bits, k, n, ldb int, trans bool) *Integers {
	w := randomIntegers(r, bits, k, n, ldb, trans)
	w.RoundA, w.Group = true, []int{16, 32, 48, 128, 1024}[r.IntN(5)]
	w.Scale = matrix(r, w.groups(), n, n)
	if w.Zero != nil {
		w.Zero = make([]float32, len(w.Scale))
		for i := range w.Zero {
			w.Zero[i] = float32(r.IntN(1<<bits) - 1<<(bits-1))
		}
	}
	return w
}

// roundedNumbers is the numbers of A, m by k, that are multiplied where it is rounded in groups.
func roundedNumbers(a []float32, lda int, trans bool, m, k, group int) []float32 {
	out := make([]float32, len(a))
	row, step := lda, 1
	if trans {
		row, step = 1, lda
	}
	for i := range m {
		for first := 0; first < k; first += group {
			most := 0.0
			each := func(f func(x *float32)) {
				for p := first; p < min(k, first+group); p++ {
					out[i*row+p*step] = a[i*row+p*step]
					f(&out[i*row+p*step])
				}
			}
			each(func(x *float32) { most = max(most, math.Abs(float64(*x))) })
			each(func(x *float32) {
				if most > 0 {
					*x = float32(most/127) * float32(math.RoundToEven(float64(*x*(127/float32(most)))))
				}
			})
		}
	}
	return out
}

// checkRounding compares products that round A, with any epilogue, with those of the numbers that A is rounded to.
func checkRounding(t testing.TB, x *Ctx, r *rand.Rand, m, n, k, pad int, transA, transB bool, e *Epilogue) {
	t.Helper()
	args := Args{M: m, N: n, K: k, TransA: transA, LDC: n + pad, Epilogue: e}
	args.A, args.LDA = operandOf(r, m, k, pad, transA)
	_, args.LDB = operandOf(r, k, n, pad, transB)
	w := roundingIntegers(r, 4+r.IntN(2)*4, k, n, args.LDB, transB)
	args.Packed = packIntegers(levels()[r.IntN(len(levels()))], w, nil)
	before := matrix(r, m, n, args.LDC)
	args.C = append([]float32(nil), before...)
	MatMul(x, args)
	args.B, args.TransB = w.Floats(), transB
	if k > 0 {
		args.A = roundedNumbers(args.A, args.LDA, transA, m, k, min(w.Group, filled(k)))
	}
	check(t, fmt.Sprintf("%d×%d×%d, pad %d, transA %v, transB %v, %v in groups of %d, zero points %t", m, k, n, pad, transA, transB, args.Packed.Format(), w.Group, w.Zero != nil), args, before)
}

func TestRoundingTails(t *testing.T) {
	contexts(t, func(_ string, x *Ctx) {
		r := rand.New(rand.NewPCG(1, 2))
		for m := range 15 {
			for n := range 40 {
				checkRounding(t, x, r, m, n, r.IntN(150), r.IntN(3), r.IntN(4) == 0, r.IntN(2) == 0, nil)
			}
		}
		for range 100 {
			m, n := 1+r.IntN(30), 1+r.IntN(50)
			checkRounding(t, x, r, m, n, r.IntN(100), r.IntN(3), r.IntN(4) == 0, r.IntN(2) == 0, randomEpilogue(r, m, n))
		}
		for _, s := range [][3]int{{1, 700, 2300}, {2, 300, 1041}, {31, 270, 100}, {40, 90, 1100}, {1, 1, 5000}, {64, 1, 33}} {
			checkRounding(t, x, r, s[0], s[1], s[2], 0, false, true, nil)
		}
	})
}

// Integers that A has already, up to 127, are multiplied exactly on every level, with the integers that make the greatest sums among them.
func TestRoundingIsExact(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(3, 4))
		for i := range 300 {
			m, n, k := 1+r.IntN(13), 1+r.IntN(70), 1+r.IntN(200)
			w := roundingIntegers(r, 4+i%2*4, k, n, n, false)
			for j := range w.Scale {
				w.Scale[j] = 1
			}
			a, c := make([]float32, m*k), make([]float32, m*n)
			group := min(w.Group, filled(k))
			for j := range a {
				a[j] = float32(r.IntN(255) - 127)
				if extreme := i%3 == 0; extreme || j%k%group == 0 {
					a[j] = 127 * float32(1-2*(i/3%2))
				}
			}
			if i%3 == 0 {
				for j := range w.Q {
					w.Q[j] = []int8{-1 << (w.Bits - 1), 1<<(w.Bits-1) - 1}[i/6%2]
				}
			}
			Run(x, m, a, k, packIntegers(x.level, w, nil), c, n, nil)
			for row := range m {
				for j := range n {
					sum := int64(0)
					for p := range k {
						q := int64(w.Q[p*n+j])
						if w.Zero != nil {
							q -= int64(w.Zero[p/w.Group*n+j])
						}
						sum += int64(a[row*k+p]) * q
					}
					if got := c[row*n+j]; got != float32(sum) {
						t.Fatalf("%s: %d by %d by %d, %d bits in groups of %d: C[%d, %d] = %v, want %d", name, m, k, n, w.Bits, w.Group, row, j, got, sum)
					}
				}
			}
		}
	})
}

// The error against numbers that are not rounded is at most what the doc comment of the file says.
func TestRoundingError(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(5, 6))
		const m, n, k = 5, 40, 300
		w := roundingIntegers(r, 4, k, n, n, false)
		w.Group, w.Scale, w.Zero = 32, matrix(r, count(k, 32), n, n), nil
		a, c, b := matrix(r, m, k, k), make([]float32, m*n), w.Floats()
		Run(x, m, a, k, packIntegers(x.level, w, nil), c, n, nil)
		for i := range m {
			for j := range n {
				want, bound := 0.0, 0.0
				for first := 0; first < k; first += 32 {
					most, sizes := 0.0, 0.0
					for p := first; p < min(k, first+32); p++ {
						want += float64(a[i*k+p]) * float64(b[p*n+j])
						most, sizes = max(most, math.Abs(float64(a[i*k+p]))), sizes+math.Abs(float64(b[p*n+j]))
					}
					bound += most / 127 / 2 * sizes
				}
				if got := float64(c[i*n+j]); !(math.Abs(got-want) <= bound*1.001) {
					t.Fatalf("%s: C[%d, %d] = %v, want %v ± %v", name, i, j, got, want, bound)
				}
			}
		}
	})
}

// Every level writes the same records, whatever the numbers.
func TestRecords(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-31, 1e-30, -1e38, 3e38, 1e-45, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 500 {
		k, group := 1+r.IntN(200), 16*(1+r.IntN(4))
		a := matrix(r, 1, k, k)
		for j := range a {
			switch i % 4 {
			case 1:
				a[j] = float32(r.IntN(9)-4) / 2 * 127 / 2 // ties
			case 2:
				a[j] *= 1e-30
			}
		}
		if i%3 == 0 {
			a[r.IntN(k)] = special[r.IntN(len(special))]
		}
		var want []byte
		for _, l := range levels() {
			dst := bytes.Repeat([]byte{0xaa}, recordsLen(k, group))
			roundRow(dst, a, group, 8, l)
			if l == level.Portable {
				want = dst
			} else if !bytes.Equal(clearNaNs(dst, k, group), clearNaNs(want, k, group)) {
				t.Fatalf("%v, %v in groups of %d:\n%v\nwant\n%v", l, a, group, dst, want)
			}
		}
	}
}

// clearNaNs makes all scales that are NaN the same.
func clearNaNs(records []byte, k, group int) []byte {
	for first, at := 0, 0; first < k; first += group {
		n := filled(min(group, k-first))
		if rec := recordOf(records[at:], n); rec.scale != rec.scale {
			record{rec.start, float32(math.NaN()), rec.sum}.put(records[at:][:n+recordExtra])
		}
		at += n + recordExtra
	}
	return records
}

// A row with a NaN or an infinity is NaN, and no other.
func TestRoundingSpecialValues(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, v := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
			const m, n, k = 7, 33, 100
			a, c := matrix(r, m, k, k), make([]float32, m*n)
			a[3*k+r.IntN(k)] = float32(v)
			Run(x, m, a, k, packIntegers(x.level, roundingIntegers(r, 4, k, n, n, false), nil), c, n, nil)
			for i, y := range c {
				if (y != y) != (i/n == 3) {
					t.Fatalf("%s: with %v in row 3, C[%d, %d] = %v", name, v, i/n, i%n, y)
				}
			}
		}
	})
}

// Products that share A, and others between them, are as each alone.
func TestRoundingInGroups(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(11, 12))
		for _, m := range []int{1, 40} {
			const k = 300
			a, other := matrix(r, m, k, k), matrix(r, m, k, k)
			var all []*Args
			for i := range 8 {
				n := 100 + 20*i
				w := roundingIntegers(r, 4+i/3%2*4, k, n, n, false)
				w.RoundA = i != 4
				args := &Args{M: m, N: n, K: k, A: a, LDA: k, Packed: packIntegers(x.level, w, nil), C: make([]float32, m*n), LDC: n}
				if i == 5 {
					args.A = other
				}
				if args.Packed == nil {
					args.Packed = packFor(x.level, w.Floats(), k, n, n, false)
				}
				all = append(all, args)
			}
			MatMuls(x, all)
			for i, args := range all {
				one := *args
				one.C = make([]float32, len(args.C))
				MatMul(x, one)
				for j := range one.C {
					if one.C[j] != args.C[j] {
						t.Fatalf("%s: element %d of product %d of %d rows is %v, alone %v", name, j, i, m, args.C[j], one.C[j])
					}
				}
			}
			if n := testing.AllocsPerRun(5, func() { MatMuls(x, all) }); n != 0 && !race.Enabled {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
	})
}

// A batch of transposed matrices with one B is rounded by each thread.
func TestRoundingBatch(t *testing.T) {
	contexts(t, func(name string, x *Ctx) {
		r := rand.New(rand.NewPCG(13, 14))
		const items, m, n, k = 5, 6, 40, 70
		w := roundingIntegers(r, 4, k, n, n, false)
		args := Args{M: m, N: n, K: k, TransA: true, LDA: m, LDC: n, Packed: packIntegers(x.level, w, nil), A: matrix(r, items, m*k, m*k), C: make([]float32, items*m*n)}
		batch := Batch{Count: items, StrideA: m * k, StrideC: m * n}
		MatMulBatch(x, batch, args)
		args.B, args.LDB = w.Floats(), n
		for i := range items {
			one := batch.item(&args, i)
			one.A = roundedNumbers(one.A[:m*k], m, true, m, k, min(w.Group, filled(k)))
			check(t, fmt.Sprintf("%s: item %d", name, i), one, one.C)
		}
	})
}

func BenchmarkRounding(b *testing.B) {
	const k, n = 2048, 8192
	r := rand.New(rand.NewPCG(7, 8))
	for _, bits := range []int{8, 4} {
		for _, m := range []int{1, 4, 64} {
			b.Run(fmt.Sprintf("%d bits/%d rows", bits, m), func(b *testing.B) {
				x := NewCtx(nil, levels()[len(levels())-1])
				w := randomIntegers(r, bits, k, n, n, false)
				w.Group, w.Zero, w.RoundA = 32, nil, true
				w.Scale = matrix(r, k/32, n, n)
				p := packIntegers(x.level, w, nil)
				a, c := matrix(r, m, k, k), make([]float32, m*n)
				b.SetBytes(int64(p.Bytes()))
				for b.Loop() {
					Run(x, m, a, k, p, c, n, nil)
				}
			})
		}
	}
}
