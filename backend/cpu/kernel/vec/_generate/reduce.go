package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

var sprintf = fmt.Sprintf

const sets = 4 // independent accumulators of a reduction

func reduction(u *unit) {
	u.sum("sum", "(x *float32, n int) float32", "x[i]", func(x, _, _ Register, sum Register, b *block) { u.accumulate(VADDPS, sum, x) })
	u.sum("sumAbs", "(x *float32, n int) float32", "|x[i]|", func(x, _, _ Register, sum Register, b *block) { u.accumulate(VADDPS, sum, formula.Abs(u, x)) })
	u.sum("sumSquares", "(x *float32, n int, c float32) float32", "(x[i]-c)²", func(x, _, c Register, sum Register, b *block) {
		d := b.only(u.Sub(x, c))
		u.AddMul(sum, d, d)
	})
	u.sum("dot", "(x, y *float32, n int) float32", "x[i]·y[i]", func(x, y, _ Register, sum Register, b *block) { u.AddMul(sum, x, y) })
	u.extreme("maxOf", "largest", VMAXPS, formula.F(math.Inf(-1)))
	u.extreme("minOf", "smallest", VMINPS, formula.F(math.Inf(1)))

	u.function("expSum", "(dst, x *float32, n int, c float32) float32", "expSum"+u.name+": for i := range n { dst[i] = e^(x[i]-c), or 0 where that is below "+
		"2⁻¹²⁶ }; it returns the sum of dst.")
	dst, x, n, c := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64()), u.param("c")
	low, high, sum := u.Hold(formula.F(-126*math.Ln2)), u.Hold(formula.F(89)), u.Zero()
	u.loop(n, []Register{dst, x}, 1, func(b *block) {
		v := u.Sub(b.load(x), c)
		p := formula.Power(u, u.Least(u.Most(v, low), high), nil)
		e := u.ZeroWhere(u.Compare(formula.Less, v, low), p.Times(p.Mantissa)) // denormal numbers are slow
		b.store(e, dst)
		u.accumulate(VADDPS, sum, b.only(e))
	})
	u.result(VADDPS, sum)
}

// accumulate changes sum by x.
func (u *unit) accumulate(i instruction, sum, x Register) { i(x, sum, sum) }

// sum writes a function that adds a term of x, y and c, of which the last two may be missing.
func (u *unit) sum(name, signature, term string, add func(x, y, c Register, sum Register, b *block)) {
	u.function(name, signature, name+u.name+" is the sum of "+term+" for i in range n.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	pointers := []Register{x}
	var y, c Register
	switch name {
	case "dot":
		y = Load(Param("y"), GP64())
		pointers = append(pointers, y)
	case "sumSquares":
		c = u.param("c")
	}
	sums := make([]Register, sets)
	for i := range sums {
		sums[i] = u.Zero()
	}
	u.loop(n, pointers, sets, func(b *block) {
		v := b.load(x)
		var w Register
		if y != nil {
			w = b.load(y)
		}
		add(v, w, c, sums[b.index], b)
	})
	u.result(VADDPS, u.together(VADDPS, sums))
}

// extreme writes a function that finds the largest or smallest element. Compared with an accumulator, NaN is lost: lanes that had one are
// gathered apart.
func (u *unit) extreme(name, which string, i instruction, start formula.Word) {
	u.function(name, "(x *float32, n int) float32", name+u.name+" is the "+which+" of n > 0 elements, or NaN if one is.")
	x, n := Load(Param("x"), GP64()), Load(Param("n"), GP64())
	best, nan := make([]Register, sets), make([]Register, sets)
	for k := range best {
		best[k], nan[k] = u.Hold(start), u.Zero()
	}
	u.loop(n, []Register{x}, sets, func(b *block) {
		v := b.load(x)
		if b.mask != nil {
			v = u.Where(b.mask, v, best[0])
		}
		i(v, best[b.index], best[b.index])
		u.keepNaN(nan[b.index], v)
	})
	all, bad := u.together(i, best), u.together(VORPS, nan)
	v := u.fold(i, all)
	lost := u.fold(VORPS, bad)
	VORPS(lost, v, v)
	giveBack(v)
}

// keepNaN sets the exponent and more of a lane of bits to ones if x is NaN there.
func (u *unit) keepNaN(bits, x Register) {
	if !u.wide {
		c := u.Compare(formula.Unordered, x, x)
		VORPS(c, bits, bits)
		return
	}
	k := u.Compare(formula.Unordered, x, x)
	VMOVAPS(x, k, bits)
}

// together folds accumulators into the first.
func (u *unit) together(i instruction, all []Register) Register {
	for step := len(all) / 2; step > 0; step /= 2 {
		for k := range step {
			i(all[k+step], all[k], all[k])
		}
	}
	return all[0]
}

// fold combines the lanes of v into the first, and ends the use of wide registers.
func (u *unit) fold(i instruction, v Register) Register {
	r := v.(VecVirtual)
	if u.wide {
		high := YMM()
		VEXTRACTF32X8(Imm(1), r, high)
		i(high, r.AsY(), r.AsY())
	}
	high := XMM()
	if u.wide {
		VEXTRACTF32X4(Imm(1), r.AsY(), high) // which reaches all 32 registers
	} else {
		VEXTRACTF128(Imm(1), r.AsY(), high)
	}
	i(high, r.AsX(), high)
	other := XMM()
	VPERMILPS(Imm(0xee), high, other)
	i(other, high, high)
	VPERMILPS(Imm(0x55), high, other)
	i(other, high, high)
	return high
}

// result returns the combination of the lanes of v.
func (u *unit) result(i instruction, v Register) {
	giveBack(u.fold(i, v))
}

// giveBack ends a function with the first lane of v as its result.
func giveBack(v Register) {
	VZEROUPPER() // first, since what stores is an instruction of SSE
	Store(v, ReturnIndex(0))
	RET()
}
