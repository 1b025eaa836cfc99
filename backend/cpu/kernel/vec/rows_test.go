package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestExpSumRows(t *testing.T) { atLevels(t, testExpSumRows) }

func testExpSumRows(t *testing.T) {
	for n := range 71 {
		for _, rows := range []int{0, 1, 2, 5} {
			for _, bias := range [][]float32{nil, randoms(n, 7)} {
				checkExpSumRows(t, randoms(rows*(n+3)+1, 5)[1:], n+3, n, bias, slices.Repeat([]float32{-inf}, rows))
				checkExpSumRows(t, randoms(rows*(n+3)+1, 6)[1:], n+3, n, bias, randoms(rows, 9))
			}
		}
	}
	checkExpSumRows(t, randoms(2*leaf, 5), leaf, leaf, randoms(leaf, 6), []float32{0, -inf})
}

// What is special stands everywhere once, among elements and in the bias.
func TestExpSumRowsSpecial(t *testing.T) { atLevels(t, testExpSumRowsSpecial) }

func testExpSumRowsSpecial(t *testing.T) {
	nan := float32(math.NaN())
	for _, n := range []int{1, 3, 8, 16, 17, 35, 64} {
		for at := range n {
			for _, v := range []float32{-inf, inf, nan, -3e38, 3e38, 1e-40, -200, 1<<24 - 1, 1 << 24, 1<<24 + 2, -1 << 24} {
				x, bias := randoms(2*n, 5), make([]float32, n)
				x[n+at] = v
				checkExpSumRows(t, slices.Clone(x), n, n, nil, []float32{-inf, -inf})
				checkExpSumRows(t, slices.Clone(x), n, n, bias, []float32{-inf, 0.5})
				bias[at] = -inf
				checkExpSumRows(t, slices.Clone(x), n, n, bias, []float32{-inf, -inf})
				checkExpSumRows(t, slices.Repeat([]float32{-inf}, 2*n), n, n, bias, []float32{-inf, v})
			}
		}
	}
}

// checkExpSumRows compares with the same in float64; it changes its arguments.
func checkExpSumRows(t *testing.T, x []float32, step, n int, bias, peaks []float32) {
	t.Helper()
	before, old, sums := slices.Clone(x), slices.Clone(peaks), make([]float32, len(peaks))
	ExpSumRows(x, step, n, bias, peaks, sums)
	for r := range peaks {
		want, row := slices.Clone(before[r*step:][:n]), x[r*step:][:n]
		peak := old[r]
		for j := range want {
			if bias != nil {
				if want[j] += bias[j]; bias[j] == -inf {
					want[j] = -inf
				}
			}
			peak = max(peak, want[j])
		}
		sum, drift, reference := 0.0, 0.0, Reference(peak)
		lost := peak != peak || slices.ContainsFunc(want, func(v float32) bool { return v-peak != v-peak && v != -inf })
		for j, v := range want {
			e := math.Exp(float64(v) - reference)
			if v != v {
				e = math.NaN()
			}
			if peak == -inf {
				e = 0
			}
			if e < 0x1p-126 {
				e = 0
			}
			sum += e
			within := e*(2*0x1p-23+0x1p-24*1.5*math.Abs(float64(v)-reference)) + 0x1p-125
			if reference != float64(peak) && e > 0 {
				drift = max(drift, math.Expm1(1.4e-8*math.Abs(float64(v))))
			}
			within += drift * e
			if lost && v == v {
				continue // beside NaN, which the sum has
			}
			if got := float64(row[j]); got != e && !(e != e && got != got) && !(math.Abs(got-e) <= within) {
				t.Fatalf("row %d of %d: element %d is %g, want %g for %g and the peak %g", r, n, j, got, e, v, peak)
			}
		}
		if sum != sum {
			peak = float32(math.NaN())
		}
		if peaks[r] != peak && !(peak != peak && peaks[r] != peaks[r]) {
			t.Fatalf("row %d of %d: peak %g, want %g", r, n, peaks[r], peak)
		}
		if got := float64(sums[r]); got != sum && !(sum != sum && got != got) && !(math.Abs(got-sum) <= (1e-5+drift)*sum+1e-30) {
			t.Fatalf("row %d of %d: sum %g, want %g", r, n, got, sum)
		}
		if end := min((r+1)*step, len(x)); !slices.EqualFunc(x[r*step+n:end], before[r*step+n:end], sameBits) {
			t.Fatalf("row %d of %d: what is behind was changed", r, n)
		}
	}
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

func TestScaleRows(t *testing.T) { atLevels(t, testScaleRows) }

func testScaleRows(t *testing.T) {
	for n := range 71 {
		for _, rows := range []int{0, 1, 4} {
			x, factors, dst := randoms(rows*(n+2), 1), randoms(rows, 2), randoms(rows*(n+5), 3)
			before := slices.Clone(dst)
			ScaleRows(dst, n+5, x, n+2, n, factors)
			for i, got := range dst {
				want := before[i]
				if r, j := i/(n+5), i%(n+5); j < n {
					want = x[r*(n+2)+j] * factors[r]
				}
				if got != want {
					t.Fatalf("%d rows of %d: element %d is %g, want %g", rows, n, i, got, want)
				}
			}
			if rows > 0 && n > 0 {
				ScaleRows(x, n+2, x, n+2, n, factors) // in place
				if x[0] != dst[0] {
					t.Fatalf("%d rows of %d in place: %g, want %g", rows, n, x[0], dst[0])
				}
			}
		}
	}
}

func FuzzExpSumRows(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(20), true)
	f.Fuzz(func(t *testing.T, seed uint64, rows, n uint8, biased bool) {
		atLevels(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			numbers := func(n int) []float32 {
				x := make([]float32, n)
				for i := range x {
					switch x[i] = float32(r.NormFloat64() * 10); r.IntN(40) {
					case 0:
						x[i] = -inf
					case 1:
						x[i] = float32(math.NaN())
					case 2:
						x[i] *= 1e30
					}
				}
				return x
			}
			var bias []float32
			if biased {
				bias = numbers(int(n))
			}
			checkExpSumRows(t, numbers(int(rows)*(int(n)+1)), int(n)+1, int(n), bias, slices.Repeat([]float32{-inf}, int(rows)))
		})
	})
}

func BenchmarkExpSumRows(b *testing.B) {
	for _, n := range []int{32, 128, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x, peaks, sums := randoms(128*n, 1), make([]float32, 128), make([]float32, 128)
			for b.Loop() {
				ExpSumRows(x, n, n, nil, peaks, sums)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/element")
		})
	}
}
