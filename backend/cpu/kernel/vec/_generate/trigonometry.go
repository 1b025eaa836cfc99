package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// trigLimit is where the reduction of arguments by three words of π/2 ends.
const trigLimit = 10000

func trigonometry(u *unit) {
	u.periodic("sin", 0)
	u.periodic("cos", 1)
}

// periodic writes sin(x + quarter·π/2). It stops before the first vector that has an |x| > trigLimit.
func (u *unit) periodic(name string, quarter formula.Word) {
	u.function(name, "(dst, x *float32, n int) int", name+u.name+": for i := range n { dst[i] = "+name+" x[i] }, stopping early, at a multiple of the vector's length, "+
		"where one of the next vector's elements is above trigLimit; it returns how many are done.")
	limit := u.Hold(formula.F(trigLimit))
	dst, x, n := Load(Param("dst"), GP64()), Load(Param("x"), GP64()), Load(Param("n"), GP64())
	total := GP64()
	MOVQ(n, total)
	u.loop(n, []Register{dst, x}, 1, func(b *block) {
		v := b.load(x)
		u.jumpIfAny(u.Compare(formula.Greater, formula.Abs(u, v), limit), "stop")
		b.store(u.wave(v, quarter), dst)
	})
	Store(total, ReturnIndex(0))
	finish()
	Label("stop")
	start, _ := Param("dst").Resolve()
	SUBQ(start.Addr, dst)
	SHRQ(Imm(2), dst)
	Store(dst, ReturnIndex(0))
	finish()
}

// jumpIfAny jumps if a condition holds in any lane.
func (u *unit) jumpIfAny(condition Register, label string) {
	if u.wide {
		KORTESTW(condition, condition)
	} else {
		VPTEST(condition, condition)
	}
	JNE(LabelRef(label))
}

func (u *unit) wave(x Register, quarter formula.Word) Register {
	shifted := u.Hold(formula.F(formula.RoundMagic))
	u.AddMul(shifted, x, formula.F(2/math.Pi))
	n := u.Sub(shifted, formula.F(formula.RoundMagic))
	r := u.Hold(x)
	u.SubMul(r, n, formula.F(1.570796251296997)) // positive words of π/2: -0 - 0·formula.Word is -0
	u.SubMul(r, n, formula.F(7.549789415861596e-08))
	u.SubMul(r, n, formula.F(5.390302953474238e-15))
	z := u.Mul(r, r)
	s := formula.Polynomial(u, z, 0, -0.1666666716337204, 0.008333329111337662, -0.00019839315791614354, 2.7181220048078103e-06)
	u.MulAdd(s, r, r) // the 0 above, which is positive, keeps the sign of r = -0
	c := formula.Polynomial(u, z, 0.0416666679084301, -0.0013888883404433727, 2.4799499442451634e-05, -2.720847760429024e-07)
	c = u.Mul(c, z)
	u.addInPlace(c, formula.F(-0.5))
	u.MulAdd(c, z, formula.F(1))
	q := shifted
	if quarter != 0 {
		q = u.AddInt(shifted, quarter)
	}
	y := u.Where(u.Negative(u.ShiftLeft(q, 31)), c, s)
	return u.Xor(y, u.And(u.ShiftLeft(q, 30), formula.Word(1<<31)))
}

func (u *unit) addInPlace(sum Register, y any) { u.emit(VADDPS, VADDPS_BCST, y, sum, sum) }
