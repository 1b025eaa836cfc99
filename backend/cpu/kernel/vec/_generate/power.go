package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// preparePower prepares eˣ·2⁻ᶜ for x·log₂e ≤ c, 0 where that is below 2⁻¹²⁶. The power is 2ⁿ times one of 32 or 8 powers between 1 and 2, which are found
// in registers by the low bits of a sum, times a polynomial so close to 1 that few terms do. NaN remains.
func (u *unit) preparePower() func(x, c Register) Register {
	bits, coefficients := 3, []float64{0.6931471824645996, 0.2402576357126236, 0.055511474609375} // |r| ≤ 1/16: 2.6e-8
	if u.wide {
		bits, coefficients = 5, []float64{0.6931573152542114, 0.24022866785526276} // |r| ≤ 1/64: 5.4e-8
	}
	magic, log, least := u.Hold(formula.F(3*math.Exp2(float64(22-bits)))), u.Hold(formula.F(math.Log2E)), u.Hold(formula.F(-126))
	var terms []Register
	for _, c := range coefficients {
		terms = append(terms, u.Hold(formula.F(c)))
	}
	powers := u.powers(bits)
	return func(x, c Register) Register {
		t := x // of which it is the only use
		u.MulSub(t, log, c)
		m := u.Add(t, magic) // t in the low bits, rounded to a multiple of 1/32 or 1/8
		r := u.Sub(t, u.Sub(m, magic))
		scale := u.AddInt(u.find(powers, m), u.ShiftLeft(m, 23-bits))
		last := len(terms) - 1
		q := u.Hold(terms[last])
		for i := last - 1; i >= 0; i-- {
			u.MulAdd(q, r, terms[i])
		}
		q = u.Mul(q, r)
		if u.wide {
			k := u.Compare(formula.NotLess, t, least)
			VFMADD213PS_Z(scale, q, k, scale)
			return scale
		}
		small := u.Compare(formula.Less, t, least)
		u.MulAdd(scale, q, scale)
		return u.ZeroWhere(small, scale)
	}
}

// powers are registers of 2^(i/2ᵇ) for i < 2ᵇ, less i in the bits that a sum has it in beside the exponent.
func (u *unit) powers(bits int) []Register {
	table := GLOBL("powers", RODATA|NOPTR)
	for i := range 1 << bits {
		power := math.Exp2(float64(i) / float64(int(1)<<bits))
		DATA(4*i, U32(uint32(formula.F(power))-uint32(i)<<(23-bits)))
	}
	var all []Register
	for at := 0; at < 4<<bits; at += u.bytes() {
		v := u.new()
		VMOVUPS(table.Offset(at), v)
		all = append(all, v)
	}
	return all
}

// find are the elements of a table of one or two registers that the low bits of index say.
func (u *unit) find(table []Register, index Register) Register {
	v := u.new()
	switch len(table) {
	case 1:
		VPERMPS(table[0], index, v)
	case 2:
		VMOVAPS(index, v)
		VPERMI2PS(table[1], table[0], v)
	}
	return v
}
