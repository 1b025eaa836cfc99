package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// rows generates what does several rows of a matrix in one call.
func rows(u *unit) {
	u.expSumRows()
	u.scaleRows()
}

func (u *unit) expSumRows() {
	u.function("expSumRows", "(x, bias *float32, step, rows, n int, peaks, sums *float32)", "expSumRows"+u.name+" is ExpSumRows for rows > 0 and n > 0; bias may be nil.")
	x, bias, step, rows, n := Load(Param("x"), GP64()), Load(Param("bias"), GP64()), Load(Param("step"), GP64()), Load(Param("rows"), GP64()), Load(Param("n"), GP64())
	peaks, sums := Load(Param("peaks"), GP64()), Load(Param("sums"), GP64())
	SHLQ(Imm(2), step)
	none, low, high := u.Hold(formula.F(math.Inf(-1))), u.Hold(formula.F(-126*math.Ln2)), u.Hold(formula.F(89))
	at, left := GP64(), GP64()
	Label("row")

	// The largest element, and with the bias.
	best, nan := u.Hold(none), u.Zero()
	second, seconds := u.Hold(none), u.Zero()
	found := func(b *block, v Register) {
		if b.mask != nil {
			v = u.Where(b.mask, v, none)
		}
		if b.index%2 == 0 {
			VMAXPS(v, best, best)
			u.keepNaN(nan, v)
		} else {
			VMAXPS(v, second, second)
			u.keepNaN(seconds, v)
		}
	}
	MOVQ(x, at)
	MOVQ(n, left)
	TESTQ(bias, bias)
	JE(LabelRef("plain"))
	added := GP64()
	MOVQ(bias, added)
	u.named("biased", left, []Register{at, added}, 2, func(b *block) {
		c := b.load(added)
		v := u.Where(u.Compare(formula.Equal, c, none), none, u.Add(b.load(at), c))
		b.store(v, at)
		found(b, v)
	})
	JMP(LabelRef("found"))
	Label("plain")
	u.named("plain", left, []Register{at}, 2, func(b *block) { found(b, b.load(at)) })
	Label("found")
	VMAXPS(second, best, best)
	VORPS(seconds, nan, nan)
	peak, lost := u.fold(VMAXPS, best), u.fold(VORPS, nan)
	VORPS(lost, peak, peak)
	all, old := u.new(), u.new()
	VBROADCASTSS(peak, all)
	VBROADCASTSS(Mem{Base: peaks}, old)
	all = u.Where(u.Compare(formula.Unordered, old, old), old, u.Most(all, old)).(VecVirtual)
	VMOVSS(all.AsX(), Mem{Base: peaks})
	center := u.ZeroWhere(u.Compare(formula.Equal, all, none), all)

	// The exponentials.
	sum := u.Zero()
	MOVQ(x, at)
	MOVQ(n, left)
	u.named("exp", left, []Register{at}, 1, func(b *block) {
		v := u.Sub(b.load(at), center)
		p := formula.Power(u, u.Least(u.Most(v, low), high), nil)
		e := u.ZeroWhere(u.Compare(formula.Less, v, low), p.Times(p.Mantissa)) // denormal numbers are slow
		b.store(e, at)
		u.accumulate(VADDPS, sum, b.only(e))
	})
	VMOVSS(u.fold(VADDPS, sum).(VecVirtual).AsX(), Mem{Base: sums})
	ADDQ(step, x)
	ADDQ(Imm(4), peaks)
	ADDQ(Imm(4), sums)
	DECQ(rows)
	JNE(LabelRef("row"))
	finish()
}

func (u *unit) scaleRows() {
	u.function("scaleRows", "(dst *float32, dstStep int, x *float32, step, rows, n int, factors *float32)", "scaleRows"+u.name+" is ScaleRows for rows > 0 and n > 0.")
	dst, dstStep, x, step := Load(Param("dst"), GP64()), Load(Param("dstStep"), GP64()), Load(Param("x"), GP64()), Load(Param("step"), GP64())
	rows, n, factors := Load(Param("rows"), GP64()), Load(Param("n"), GP64()), Load(Param("factors"), GP64())
	SHLQ(Imm(2), dstStep)
	SHLQ(Imm(2), step)
	to, from, left := GP64(), GP64(), GP64()
	Label("row")
	factor := u.new()
	VBROADCASTSS(Mem{Base: factors}, factor)
	MOVQ(dst, to)
	MOVQ(x, from)
	MOVQ(n, left)
	u.loop(left, []Register{to, from}, 2, func(b *block) { b.store(u.Mul(b.load(from), factor), to) })
	ADDQ(dstStep, dst)
	ADDQ(step, x)
	ADDQ(Imm(4), factors)
	DECQ(rows)
	JNE(LabelRef("row"))
	finish()
}
