package jpeg2000

import (
	"math"
	"math/rand/v2"
	"testing"
)

// mirror is the place of element i of n where the ends are mirrors.
func mirror(i, n int) int {
	for n > 1 && (i < 0 || i >= n) {
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	if n == 1 {
		return 0
	}
	return i
}

// lines are the lengths and first places of signals to test.
func lines(f func(n, odd int)) {
	for n := 1; n < 12; n++ {
		f(n, 0)
		f(n, 1)
	}
}

// TestReversible turns back what the forward 5/3 wavelet made (T.800, F.4.8.1).
func TestReversible(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines(func(n, odd int) {
		want, y := make([]int32, n), make([]int32, n)
		for i := range want {
			want[i] = int32(r.IntN(512) - 256)
			y[i] = want[i]
		}
		at := func(i int) float64 { return float64(y[mirror(i, n)]) }
		if n == 1 {
			y[0] <<= odd
		} else {
			for i := 1 - odd; i < n; i += 2 {
				y[i] -= int32(math.Floor((at(i-1) + at(i+1)) / 2))
			}
			for i := odd; i < n; i += 2 {
				y[i] += int32(math.Floor((at(i-1) + at(i+1) + 2) / 4))
			}
		}
		line := make([]int32, lanes*n)
		for i, v := range y {
			line[lanes*i+3] = v
		}
		liftReversible(line, n, odd)
		for i, v := range want {
			if got := line[lanes*i+3]; got != v {
				t.Errorf("%d samples from %d on: %d is %d, want %d", n, odd, i, got, v)
			}
		}
	})
}

// TestIrreversible compares with the filters of the 9/7 wavelet: a signal is the sum of the coefficients times the responses of the filters.
func TestIrreversible(t *testing.T) {
	low := []float64{1.115087052456994, 0.591271763114247, -0.057543526228500, -0.091271763114250} // from the middle
	high := []float64{0.602949018236360, -0.266864118442875, -0.078223266528990, 0.016864118442875, 0.026748757410810}
	r := rand.New(rand.NewPCG(3, 4))
	lines(func(n, odd int) {
		if n == 1 {
			return
		}
		y := make([]float64, n)
		line := make([]float32, lanes*n)
		for i := range y {
			y[i] = r.Float64()*2 - 1
			line[lanes*i+3] = float32(y[i])
		}
		liftIrreversible(line, n, odd)
		for i := range y {
			want := 0.0
			for k := i - 4; k <= i+4; k++ {
				distance := max(k-i, i-k)
				taps := low
				if k&1 != odd {
					taps = high
				}
				if distance < len(taps) {
					want += y[mirror(k, n)] * taps[distance]
				}
			}
			if got := float64(line[lanes*i+3]); math.Abs(got-want) > 1e-5 {
				t.Errorf("%d samples from %d on: %d is %v, want %v", n, odd, i, got, want)
			}
		}
	})
}
