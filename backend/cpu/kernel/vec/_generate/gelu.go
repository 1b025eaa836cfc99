package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

const (
	geluPieces = 32      // of Φ(-t) for t ≥ 0; the last one is 0
	geluWidth  = 3. / 16 // of a piece
	geluDegree = 4       // |Φ(-t)-polynomial| < 3·10⁻⁸
)

// prepareGelu prepares x·Φ(x), with Φ(-|x|) from one of some polynomials, whose coefficients are in registers.
func (u *unit) prepareGelu() func(x Register) Register {
	if !u.wide {
		return formula.GeluRough(u)
	}
	table := u.pieces("normalTail", func(t float64) float64 { return math.Erfc(t/math.Sqrt2) / 2 })
	last, per, width := u.Hold(formula.F(geluWidth*(geluPieces-1))), u.Hold(formula.F(1/geluWidth)), u.Hold(formula.F(geluWidth))
	magic, one, sign, rest := u.Hold(formula.F(formula.RoundMagic)), u.Hold(formula.F(1)), u.Hold(formula.Word(1<<31)), u.Hold(formula.Word(math.MaxInt32))
	return func(x Register) Register {
		t := u.Least(u.And(x, rest), last)
		m := u.Hold(t)
		u.MulAdd(m, per, magic) // the number of the piece in the low bits
		u.SubMul(t, u.Sub(m, magic), width)
		tail := u.find(table[geluDegree], m)
		for i := geluDegree - 1; i >= 0; i-- {
			u.MulAdd(tail, t, u.find(table[i], m))
		}
		positive := K()
		VPTESTNMD(sign, x, positive)
		VSUBPS(tail, one, positive, tail)
		return u.Mul(tail, x)
	}
}

// pieces are registers with the coefficients of polynomials: table[i] has those of the i-th power of the distance from the middle of each piece.
func (u *unit) pieces(name string, f func(float64) float64) (table [geluDegree + 1][]Register) {
	var coefficients [geluDegree + 1][geluPieces]float64
	for piece := range geluPieces - 1 {
		for i, c := range interpolate(f, float64(piece)*geluWidth, geluWidth/2) {
			coefficients[i][piece] = c
		}
	}
	memory := GLOBL(name, RODATA|NOPTR)
	for i := range coefficients {
		for piece, c := range coefficients[i] {
			DATA(4*(i*geluPieces+piece), U32(formula.F(c)))
		}
		for at := 0; at < 4*geluPieces; at += u.bytes() {
			v := u.new()
			VMOVUPS(memory.Offset(4*i*geluPieces+at), v)
			table[i] = append(table[i], v)
		}
	}
	return table
}

// interpolate is the polynomial that meets f at the Chebyshev nodes of an interval, by the distance from its middle.
func interpolate(f func(float64) float64, middle, half float64) (c [geluDegree + 1]float64) {
	var node, value [geluDegree + 1]float64
	for i := range node {
		node[i] = half * math.Cos(math.Pi*(float64(i)+0.5)/float64(len(node)))
		value[i] = f(middle + node[i])
	}
	for order := 1; order < len(node); order++ { // divided differences
		for i := len(node) - 1; i >= order; i-- {
			value[i] = (value[i] - value[i-1]) / (node[i] - node[i-order])
		}
	}
	for i := len(node) - 1; i >= 0; i-- { // c = c·(r-node) + value
		for j := geluDegree; j > 0; j-- {
			c[j] = c[j-1] - node[i]*c[j]
		}
		c[0] = value[i] - node[i]*c[0]
	}
	return c
}
