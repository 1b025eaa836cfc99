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
	at, left, row, next := GP64(), GP64(), GP64(), GP64()
	first := func() {
		XORQ(row, row)
		MOVQ(x, next)
	}
	begin := func() {
		MOVQ(next, at)
		MOVQ(n, left)
	}
	again := func(label string) {
		ADDQ(step, next)
		INCQ(row)
		CMPQ(row, rows)
		JNE(LabelRef(label))
	}
	peak, sum := Mem{Base: peaks, Index: row, Scale: 4}, Mem{Base: sums, Index: row, Scale: 4}

	// The largest elements, and with the bias. What is subtracted from the logarithms stands in the place of the sums. All rows come first, because that takes long for one of them and
	// not much longer for several side by side.
	none := u.Hold(formula.F(math.Inf(-1)))
	first()
	Label("row")
	best := []Register{u.Hold(none), u.Hold(none)}
	found := func(b *block, v Register) {
		if b.mask != nil {
			v = u.Where(b.mask, v, none)
		}
		VMAXPS(best[b.index%2], v, best[b.index%2]) // which stays what it is if v is NaN
	}
	begin()
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
	u.named("plain", left, []Register{at}, 4, func(b *block) { found(b, b.load(at)) })
	Label("found")
	VMAXPS(best[1], best[0], best[0])
	all, old := u.new(), u.new()
	VBROADCASTSS(u.fold(VMAXPS, best[0]), all)
	VBROADCASTSS(peak, old)
	all = u.Most(old, all).(VecVirtual) // which is NaN if old is
	VMOVSS(all.AsX(), peak)
	center := u.Round(u.Mul(u.ZeroWhere(u.Compare(formula.Equal, all, none), all), formula.F(math.Log2E)), formula.Up).(VecVirtual)
	VMOVSS(center.AsX(), sum)
	again("row")

	// The exponentials.
	power := u.preparePower()
	first()
	Label("power")
	begin()
	center = u.new()
	VBROADCASTSS(sum, center)
	size := GP32()
	MOVL(sum, size)
	ANDL(U32(math.MaxInt32), size)
	CMPL(size, U32(formula.F(1<<24*math.Log2E)))
	JB(LabelRef("near"))
	far := u.new() // elements whose logarithms to the base 2 have no fraction are put in relation to the peak first
	VBROADCASTSS(peak, far)
	u.named("far", left, []Register{at}, 1, func(b *block) { b.store(u.Sub(b.load(at), far), at) })
	u.clear(center)
	begin()
	Label("near")
	total := []Register{u.Zero(), u.Zero()}
	u.named("exp", left, []Register{at}, 2, func(b *block) {
		e := power(b.load(at), center)
		b.store(e, at)
		u.accumulate(VADDPS, total[b.index%2], b.only(e))
	})
	VADDPS(total[1], total[0], total[0])
	folded := u.fold(VADDPS, total[0]).(VecVirtual).AsX()
	VMOVSS(folded, sum)
	VUCOMISS(folded, folded)
	JNP(LabelRef("number"))
	VMOVSS(folded, peak)
	Label("number")
	again("power")
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
