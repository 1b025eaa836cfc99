package rows

// Rotary turns pairs of elements of a row of n: (a, b) becomes (a·cos - b·sin, a·sin + b·cos). Pair k consists of elements k and k+len(cos),
// or with interleaved of 2k and 2k+1; elements behind all pairs are copied. dst may be x. The tables are equally long, at most n/2.
func Rotary(dst, x, cos, sin []float32, interleaved bool) {
	half := len(cos)
	dst, sin = dst[:len(x)], sin[:half]
	if interleaved {
		for k, c := range cos {
			a, b, s := x[2*k], x[2*k+1], sin[k]
			dst[2*k], dst[2*k+1] = a*c-b*s, a*s+b*c
		}
	} else {
		lo, hi, to, end := x[:half], x[half:2*half], dst[:half], dst[half:2*half]
		for k, c := range cos {
			a, b, s := lo[k], hi[k], sin[k]
			to[k], end[k] = a*c-b*s, a*s+b*c
		}
	}
	copy(dst[2*half:], x[2*half:])
}
