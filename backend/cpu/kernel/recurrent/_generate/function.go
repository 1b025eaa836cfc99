package main

import (
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tanh(x) = x·p(x²)/q(x²) for |x| ≤ 9, where it is 1 to the precision of a float32: relative error 2.1e-8 before rounding.
var (
	tanhLimit       = float32(9)
	tanhNumerator   = []float32{1.0, 0.13381023705005646, 0.003495586570352316, 2.0609058992704377e-05, 1.335463206686427e-08}
	tanhDenominator = []float32{1.0, 0.46714338660240173, 0.025876976549625397, 0.00032856324105523527, 7.776545771776e-07}
)

// tanh replaces x by its hyperbolic tangent; NaN stays NaN.
func tanh(x VecVirtual) VecVirtual {
	return ratio(x, tanhLimit, tanhNumerator, tanhDenominator)
}

// sigmoid replaces x by 1/(1+e⁻ˣ) = 1/2 + tanh(x/2)/2.
func sigmoid(x VecVirtual) VecVirtual {
	scaled := func(c []float32, by float64) []float32 {
		s := make([]float32, len(c))
		for i := range c {
			s[i] = float32(float64(c[i]) * by * math.Pow(4, -float64(i)))
		}
		return s
	}
	y := ratio(x, 2*tanhLimit, scaled(tanhNumerator, 0.25), scaled(tanhDenominator, 1))
	VADDPS(constant(0.5), y, y)
	return y
}

// ratio is x·p(x²)/q(x²) for x bounded to ±limit.
func ratio(x VecVirtual, limit float32, p, q []float32) VecVirtual {
	VMAXPS(x, filled(-limit), x)
	VMINPS(x, filled(limit), x)
	square := vector()
	VMULPS(x, x, square)
	up, down := polynomial(p, square), polynomial(q, square)
	VMULPS(x, up, up)
	VDIVPS(down, up, up)
	return up
}

// polynomial evaluates coefficients, lowest power first, at x.
func polynomial(coefficients []float32, x Register) VecVirtual {
	last := len(coefficients) - 1
	sum := filled(coefficients[last])
	for i := last - 1; i >= 0; i-- {
		VFMADD213PS(constant(coefficients[i]), x, sum)
	}
	return sum
}

// filled is a register of equal numbers.
func filled(v float32) VecVirtual {
	r := vector()
	VMOVUPS(constant(v), r)
	return r
}

var (
	table     = NewDataAddr(NewStaticSymbol("recurrentConstants"), 0)
	constants []float32
)

// constant is a vector of equal numbers in memory, as long as any kernel's.
func constant(v float32) Mem {
	i := slices.Index(constants, v)
	if i < 0 {
		i = len(constants)
		constants = append(constants, v)
	}
	return table.Offset(64 * i)
}

// writeConstants emits the table; after the functions that use it.
func writeConstants() {
	GLOBL("recurrentConstants", RODATA|NOPTR)
	for i, c := range constants {
		for lane := range 16 {
			DATA(4*(16*i+lane), U32(math.Float32bits(c)))
		}
	}
}
