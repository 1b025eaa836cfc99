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

// tanh replaces numbers by their hyperbolic tangents; NaN stays NaN.
func tanh(xs []VecVirtual) { ratio(xs, tanhLimit, tanhNumerator, tanhDenominator) }

// sigmoid replaces numbers by 1/(1+e⁻ˣ) = 1/2 + tanh(x/2)/2.
func sigmoid(xs []VecVirtual) {
	scaled := func(c []float32, by float64) []float32 {
		s := make([]float32, len(c))
		for i := range c {
			s[i] = float32(float64(c[i]) * by * math.Pow(4, -float64(i)))
		}
		return s
	}
	ratio(xs, 2*tanhLimit, scaled(tanhNumerator, 0.25), scaled(tanhDenominator, 1))
	half := shared(0.5, len(xs))
	for _, x := range xs {
		VADDPS(half, x, x)
	}
}

// ratio replaces each x by x·p(x²)/q(x²) for x bounded to ±limit. All advance side by side, since each by itself waits for one
// instruction after the other.
func ratio(xs []VecVirtual, limit float32, p, q []float32) {
	least, most := filled(-limit), filled(limit)
	squares := make([]VecVirtual, len(xs))
	for i, x := range xs {
		VMAXPS(x, least, x)
		VMINPS(x, most, x)
		squares[i] = vector()
		VMULPS(x, x, squares[i])
	}
	up, down := polynomials(p, squares), polynomials(q, squares)
	for i, x := range xs {
		VMULPS(up[i], x, x)
	}
	for i, x := range xs {
		VDIVPS(down[i], x, x)
	}
}

// polynomials evaluates coefficients, lowest power first, at each x.
func polynomials(coefficients []float32, xs []VecVirtual) []VecVirtual {
	last := len(coefficients) - 1
	sums := make([]VecVirtual, len(xs))
	highest, next := shared(coefficients[last], len(xs)), coefficients[:last]
	for i := range xs {
		sums[i] = vector()
		VMOVUPS(highest, sums[i])
	}
	for i := range next {
		c := shared(next[last-1-i], len(xs))
		for j, x := range xs {
			VFMADD213PS(c, x, sums[j])
		}
	}
	return sums
}

// shared is an operand of equal numbers for so many instructions: in memory for few, in a register for more.
func shared(v float32, uses int) Op {
	if uses > 2 {
		return filled(v)
	}
	return constant(v)
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
