package quant

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Scaled says what a byte x stands for: (x − Zero) · Scale.
type Scaled struct {
	Scale  float32
	Zero   int32
	Signed bool
}

func (s Scaled) value(x byte) float32 { return float32(integer(x, s.Signed)-s.Zero) * s.Scale }

// A Combination is a function of two numbers that bytes A and B stand for, each result of which becomes a byte: their product if Mul is set, their sum otherwise,
// not less than 0 if Relu is set, divided by the scale of the result and rounded, ties to even.
type Combination struct {
	A, B, Out Scaled
	Mul, Relu bool
}

// combining is the same for the assembly, which knows the offsets of the fields.
type combining struct {
	scaleA, scaleB float32
	zeroA, zeroB   int32
	flipA, flipB   uint32
	low, step      float32
	limits         limits
}

// A Combiner applies a Combination. It may be used by several threads at once while Set is not called.
type Combiner struct {
	combination Combination
	native      combining
}

// Set chooses what the combiner applies.
func (k *Combiner) Set(c Combination) {
	k.combination = c
	k.native = combining{scaleA: c.A.Scale, scaleB: c.B.Scale, low: float32(math.Inf(-1)), step: c.Out.Scale, limits: newLimits(c.Out.Zero, c.Out.Signed)}
	if c.Relu {
		k.native.low = 0
	}
	k.native.zeroA, k.native.flipA = unsignedZero(c.A.Zero, c.A.Signed)
	k.native.zeroB, k.native.flipB = unsignedZero(c.B.Zero, c.B.Signed)
}

// Apply sets dst to the function of the bytes in a and b.
func (k *Combiner) Apply(lv level.Level, dst, a, b []byte) {
	c, n := &k.combination, &k.native
	b, dst = b[:len(a)], dst[:len(a)]
	for i := at(lv).combine(dst, a, b, n, c.Mul); i < len(a); i++ {
		x, y := c.A.value(a[i]), c.B.value(b[i])
		if c.Mul {
			x = float32(x * y)
		} else {
			x += y
		}
		if x < n.low {
			x = n.low
		}
		dst[i] = n.limits.round(x / n.step)
	}
}

// unsignedZero is the zero point of bytes that become unsigned when they are xor flip.
func unsignedZero(zero int32, signed bool) (at int32, flip uint32) {
	if signed {
		return zero + 128, 128
	}
	return zero, 0
}
