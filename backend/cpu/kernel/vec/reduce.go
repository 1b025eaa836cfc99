package vec

import "math"

// leaf is the length up to which a sum is one loop; longer ones are halves added, so that errors grow with the logarithm of the length.
const leaf = 1024

// half is where to divide a sum of n > leaf elements.
func half(n int) int { return (n/2 + leaf - 1) / leaf * leaf }

// Sum is the sum of x; 0 for none.
func Sum(x []float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return Sum(x[:h]) + Sum(x[h:])
	}
	if s, ok := nativeSum(use, x); ok {
		return s
	}
	var s [8]float32
	i := 0
	for ; i+8 <= len(x); i += 8 {
		v := x[i : i+8 : i+8]
		s[0] += v[0]
		s[1] += v[1]
		s[2] += v[2]
		s[3] += v[3]
		s[4] += v[4]
		s[5] += v[5]
		s[6] += v[6]
		s[7] += v[7]
	}
	for ; i < len(x); i++ {
		s[i&7] += x[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3]) + ((s[4] + s[5]) + (s[6] + s[7]))
}

// SumAbs is the sum of |x|.
func SumAbs(x []float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return SumAbs(x[:h]) + SumAbs(x[h:])
	}
	if s, ok := nativeSumAbs(use, x); ok {
		return s
	}
	var s [4]float32
	for i, v := range x {
		s[i&3] += float32(math.Abs(float64(v)))
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// SumSquares is the sum of (x-c)².
func SumSquares(x []float32, c float32) float32 {
	if len(x) > leaf {
		h := half(len(x))
		return SumSquares(x[:h], c) + SumSquares(x[h:], c)
	}
	if s, ok := nativeSumSquares(use, x, c); ok {
		return s
	}
	var s [4]float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		for j, v := range x[i : i+4 : i+4] {
			v -= c
			s[j] += v * v
		}
	}
	for ; i < len(x); i++ {
		v := x[i] - c
		s[0] += v * v
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// Dot is the sum of a·b, of equal lengths.
func Dot(a, b []float32) float32 {
	b = b[:len(a)]
	if len(a) > leaf {
		h := half(len(a))
		return Dot(a[:h], b[:h]) + Dot(a[h:], b[h:])
	}
	if s, ok := nativeDot(use, a, b); ok {
		return s
	}
	var s [4]float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		v, w := a[i:i+4:i+4], b[i:i+4:i+4]
		s[0] += v[0] * w[0]
		s[1] += v[1] * w[1]
		s[2] += v[2] * w[2]
		s[3] += v[3] * w[3]
	}
	for ; i < len(a); i++ {
		s[0] += a[i] * b[i]
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// MaxOf is the largest element of x; -Inf for none, NaN if any is.
func MaxOf(x []float32) float32 {
	if m, ok := nativeMaxOf(use, x); ok {
		return m
	}
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// MinOf is the smallest element of x; Inf for none, NaN if any is.
func MinOf(x []float32) float32 {
	if m, ok := nativeMinOf(use, x); ok {
		return m
	}
	m := float32(math.Inf(1))
	for _, v := range x {
		m = min(m, v)
	}
	return m
}

// ExpSum sets dst to e^(x-c), or to 0 where that is below 2⁻¹²⁶, and returns the sum of dst. The sum of a long slice is divided as that of [Sum].
func ExpSum(dst, x []float32, c float32) float32 {
	x = x[:len(dst)]
	if len(dst) > leaf {
		h := half(len(dst))
		return ExpSum(dst[:h], x[:h], c) + ExpSum(dst[h:], x[h:], c)
	}
	if s, ok := nativeExpSum(use, dst, x, c); ok {
		return s
	}
	for i, v := range x {
		e := float32(exp(float64(v - c)))
		if e < 0x1p-126 {
			e = 0
		}
		dst[i] = e
	}
	return Sum(dst)
}

// Normalize sets dst to (x-c)·k·scale+bias, element by element; scale and bias may be nil, for 1 and 0.
func Normalize(dst, x []float32, c, k float32, scale, bias []float32) {
	x = x[:len(dst)]
	if len(dst) == 0 {
		return
	}
	if scale != nil {
		scale = scale[:len(dst)]
	}
	if bias != nil {
		bias = bias[:len(dst)]
	}
	if nativeNormalize(use, dst, x, c, k, scale, bias) {
		return
	}
	for i, v := range x {
		v = (v - c) * k
		if scale != nil {
			v *= scale[i]
		}
		if bias != nil {
			v += bias[i]
		}
		dst[i] = v
	}
}
