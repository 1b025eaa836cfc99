package tensor

import "math"

// floatFormat describes a float of at most 16 bits.
type floatFormat struct {
	exp, man int
	bias     int
	inf      bool // has infinities, and NaN with every other mantissa (IEEE-like)
	fnuz     bool // no negative zero; its pattern is the only NaN
	noNaN    bool // neither infinities nor NaN
}

var formats = map[DType]floatFormat{
	BFloat16:       {8, 7, 127, true, false, false},
	Float16:        {5, 10, 15, true, false, false},
	Float8E4M3FN:   {4, 3, 7, false, false, false},
	Float8E4M3FNUZ: {4, 3, 8, false, true, false},
	Float8E5M2:     {5, 2, 15, true, false, false},
	Float8E5M2FNUZ: {5, 2, 16, false, true, false},
	Float4E2M1:     {2, 1, 1, false, false, true},
	Float6E2M3:     {2, 3, 1, false, false, true},
	Float6E3M2:     {3, 2, 3, false, false, true},
}

// DecodeFloat returns the number behind a bit pattern of a float type of at most 16 bits.
func DecodeFloat(d DType, bits uint16) float64 {
	if d == Float8E8M0 {
		if bits == 0xff {
			return math.NaN()
		}
		return math.Ldexp(1, int(bits)-127)
	}
	f := formats[d]
	sign := 1.0
	if bits>>(f.exp+f.man) != 0 {
		sign = -1
	}
	e := int(bits>>f.man) & (1<<f.exp - 1)
	m := int(bits) & (1<<f.man - 1)
	switch {
	case f.fnuz && sign < 0 && e == 0 && m == 0:
		return math.NaN()
	case f.inf && e == 1<<f.exp-1:
		if m != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	case !f.inf && !f.fnuz && !f.noNaN && e == 1<<f.exp-1 && m == 1<<f.man-1:
		return math.NaN()
	case e == 0:
		return sign * math.Ldexp(float64(m), 1-f.bias-f.man)
	}
	return sign * math.Ldexp(float64(m+1<<f.man), e-f.bias-f.man)
}

// EncodeFloat rounds x to the nearest number of a float type of at most 16 bits, ties to even. What is out of range becomes
// the largest number if saturate is set or the type has nothing else, and infinity or NaN otherwise (ONNX Cast, table of
// conversions to float8).
func EncodeFloat(d DType, x float64, saturate bool) uint16 {
	if d == Float8E8M0 {
		return uint16(EncodeE8M0(x, saturate, "nearest"))
	}
	f := formats[d]
	signBit := uint16(0)
	if math.Signbit(x) {
		signBit = 1 << (f.exp + f.man)
	}
	nan, inf, largest := f.special()
	switch {
	case math.IsNaN(x):
		if f.noNaN {
			return 1 << (f.exp + f.man) // ONNX: negative zero
		}
		if f.fnuz {
			return nan
		}
		return signBit | nan
	case math.IsInf(x, 0):
		switch {
		case saturate && d != BFloat16 && d != Float16, f.noNaN:
			return signBit | largest
		case f.fnuz:
			return nan
		}
		return signBit | inf
	}
	a := math.Abs(x)
	_, e := math.Frexp(a) // a = fraction · 2^e, fraction in [½, 1)
	e = max(e-1, 1-f.bias)
	m := math.RoundToEven(math.Ldexp(a, f.man-e)) // in units of the last place
	if m == 0 {
		if f.fnuz {
			return 0
		}
		return signBit
	}
	if m >= math.Ldexp(2, f.man) {
		m /= 2
		e++
	}
	var bits int
	if m < math.Ldexp(1, f.man) {
		bits = int(m) // subnormal
	} else {
		bits = (e+f.bias)<<f.man + int(m) - 1<<f.man
	}
	if bits > int(largest) {
		switch {
		case saturate && d != BFloat16 && d != Float16, f.noNaN:
			return signBit | largest
		case f.fnuz:
			return nan
		}
		return signBit | inf
	}
	return signBit | uint16(bits)
}

// special returns the patterns of NaN, of what stands for infinity, and of the largest number, without sign.
func (f floatFormat) special() (nan, inf, largest uint16) {
	all := uint16(1)<<(f.exp+f.man) - 1
	switch {
	case f.inf:
		inf = uint16(1<<f.exp-1) << f.man
		return inf | 1<<(f.man-1), inf, inf - 1
	case f.fnuz:
		return all + 1, all + 1, all
	case f.noNaN:
		return all, all, all
	}
	return all, all, all - 1
}

// EncodeE8M0 rounds a number to a power of two between 2^-127 and 2^127. Mode is one of ONNX Cast's: "up" (away from zero), "down" or "nearest"
// (ties up). Negative numbers and NaN have no representation and become NaN.
func EncodeE8M0(x float64, saturate bool, mode string) uint8 {
	if math.IsNaN(x) || x < 0 || (math.IsInf(x, 1) && !saturate) {
		return 0xff
	}
	if x <= 0x1p-127 {
		return 0
	}
	if x < 0x1p-126 {
		return 1 // ONNX rounds by the bits of a float32, and this is one of its subnormals
	}
	if math.IsInf(x, 1) {
		return 0xfe
	}
	frac, e := math.Frexp(x)
	e-- // x = 2·frac · 2^e
	if m := 2 * frac; m > 1 && mode == "up" || m >= 1.5 && mode == "nearest" {
		e++
	}
	switch {
	case e+127 < 0:
		return 0
	case e+127 > 0xfe && saturate:
		return 0xfe
	case e+127 > 0xfe:
		return 0xff
	}
	return uint8(e + 127)
}
