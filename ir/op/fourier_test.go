package op

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"testing"
)

// TestFourier compares with the sum that defines the transform, relative to the largest result.
func TestFourier(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 25, 27, 31, 37, 64, 74, 97, 100, 121, 240, 331, 400} {
		for _, inverse := range []bool{false, true} {
			if e := fourierError[float64](n, inverse); e > 4e-15 {
				t.Errorf("f64, length %d, inverse %t: error %.1e of the peak", n, inverse, e)
			}
			if e := fourierError[float32](n, inverse); e > 4e-7 {
				t.Errorf("f32, length %d, inverse %t: error %.1e of the peak", n, inverse, e)
			}
		}
	}
}

func fourierError[F float32 | float64](n int, inverse bool) float64 {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	x := make([]pair[F], n)
	for i := range x {
		x[i] = pair[F]{F(r.NormFloat64()), F(r.NormFloat64())}
	}
	want, peak, worst := make([]complex128, n), 0.0, 0.0
	for k := range want {
		for j, v := range x {
			w := root(j*k%n, n)
			if !inverse {
				w.im = -w.im
			}
			want[k] += complex(float64(v.re), float64(v.im)) * complex(w.re, w.im)
		}
		peak = max(peak, cmplx.Abs(want[k]))
	}
	f := newFourier[F](n, inverse)
	f.run(append([]pair[F](nil), x...)) // a run leaves nothing behind
	f.run(x)
	for k, v := range x {
		worst = max(worst, cmplx.Abs(complex(float64(v.re), float64(v.im))-want[k]))
	}
	return worst / peak
}

// TestRoots: multiples of a quarter of the circle are exact, and all others the nearest numbers but for the last bit.
func TestRoots(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 8, 10, 12, 400, 1 << 20} {
		for k := 0; k < n; k += max(1, n/40) {
			r, sin, cos := root(k, n), math.Sin(2*math.Pi*float64(k)/float64(n)), math.Cos(2*math.Pi*float64(k)/float64(n))
			if math.Abs(r.re-cos) > 1e-15 || math.Abs(r.im-sin) > 1e-15 {
				t.Errorf("root %d of %d is %v, want %v + %vi", k, n, r, cos, sin)
			}
			if 4*k%n == 0 && r.re*r.im != 0 {
				t.Errorf("root %d of %d is %v, which lies off the axes", k, n, r)
			}
		}
	}
}
