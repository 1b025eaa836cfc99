package op

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fourier computes y[k] = Σ x[n]·exp(∓2πi·k·n/N), the upper sign forwards, for any N; it does not divide by N.
func fourier(x []complex128, inverse bool) []complex128 {
	n := len(x)
	if n < 2 {
		return append([]complex128(nil), x...)
	}
	if n&(n-1) == 0 {
		y := append([]complex128(nil), x...)
		radix2(y, inverse)
		return y
	}
	// Bluestein: k·n = (k² + n² − (k−n)²)/2 makes it a convolution with a chirp.
	sign := -1.0
	if inverse {
		sign = 1
	}
	chirp := make([]complex128, n)
	for k := range chirp {
		square := uint64(k) * uint64(k) % uint64(2*n) // exact, for the sine of a small angle
		chirp[k] = cmplx.Rect(1, sign*math.Pi*float64(square)/float64(n))
	}
	m := 1 << bits.Len(uint(2*n-2))
	a, b := make([]complex128, m), make([]complex128, m)
	for k, v := range x {
		a[k] = v * chirp[k]
		b[k] = cmplx.Conj(chirp[k])
		b[(m-k)%m] = b[k]
	}
	radix2(a, false)
	radix2(b, false)
	for k := range a {
		a[k] *= b[k]
	}
	radix2(a, true)
	y := make([]complex128, n)
	for k := range y {
		y[k] = a[k] / complex(float64(m), 0) * chirp[k]
	}
	return y
}

// radix2 transforms x, of a length that is a power of two, in place.
func radix2(x []complex128, inverse bool) {
	n := len(x)
	shift := 64 - bits.TrailingZeros(uint(n))
	for i := range x {
		if j := int(bits.Reverse64(uint64(i)) >> shift); n > 1 && i < j {
			x[i], x[j] = x[j], x[i]
		}
	}
	for half := 1; half < n; half *= 2 {
		angle := -math.Pi / float64(half)
		if inverse {
			angle = -angle
		}
		for k := range half {
			w := cmplx.Rect(1, angle*float64(k))
			for i := k; i < n; i += 2 * half {
				u, v := x[i], x[i+half]*w
				x[i], x[i+half] = u+v, u-v
			}
		}
	}
}
