package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

func binary(u *unit) {
	type op struct {
		name, sign string
		commutes   bool
		apply      func(x, y Register) Register
	}
	reg := func(g func(x Register, y any) Register) func(x, y Register) Register {
		return func(x, y Register) Register { return g(x, y) }
	}
	for _, o := range []op{
		{"add", "%s + %s", true, reg(u.Add)}, {"sub", "%s - %s", false, reg(u.Sub)}, {"mul", "%s · %s", true, reg(u.Mul)}, {"div", "%s / %s", false, reg(u.Div)},
		{"min", "min(%s, %s)", true, func(x, y Register) Register { return formula.Min(u, x, y) }}, {"max", "max(%s, %s)", true, func(x, y Register) Register { return formula.Max(u, x, y) }},
	} {
		u.pair(o.name+"VV", "(dst, a, b *float32, n int)", sprintf(o.sign, "a[i]", "b[i]"), false, false, o.apply)
		u.pair(o.name+"VS", "(dst, a *float32, n int, b float32)", sprintf(o.sign, "a[i]", "b"), false, true, o.apply)
		if !o.commutes {
			u.pair(o.name+"SV", "(dst *float32, a float32, b *float32, n int)", sprintf(o.sign, "a", "b[i]"), true, false, o.apply)
		}
	}
	u.function("addScaled", "(dst, a *float32, s float32, b *float32, n int)", "addScaled"+u.name+": for i := range n { dst[i] = a[i] + s·b[i] }")
	dst, a, b, n, s := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("n"), GP64()), u.param("s")
	u.loop(n, []Register{dst, a, b}, plainUnroll, func(k *block) {
		v := k.load(a)
		u.AddMul(v, s, k.load(b))
		k.store(v, dst)
	})
	finish()
}

// pair writes a function of operands a and b, of which one may be a scalar.
func (u *unit) pair(name, signature, formula string, scalarA, scalarB bool, apply func(x, y Register) Register) {
	u.function(name, signature, name+u.name+": for i := range n { dst[i] = "+formula+" }")
	dst, n := Load(Param("dst"), GP64()), Load(Param("n"), GP64())
	pointers := []Register{dst}
	operand := func(name string, scalar bool) func(k *block) Register {
		if scalar {
			v := u.param(name)
			return func(*block) Register { return v }
		}
		p := Load(Param(name), GP64())
		pointers = append(pointers, p)
		return func(k *block) Register { return k.load(p) }
	}
	a, b := operand("a", scalarA), operand("b", scalarB)
	u.loop(n, pointers, plainUnroll, func(k *block) { k.store(apply(a(k), b(k)), dst) })
	finish()
}
