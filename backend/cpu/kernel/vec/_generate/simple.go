package main

import (
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// plainUnroll is for loops whose body is a few instructions.
const plainUnroll = 4

func simple(u *unit) {
	plain := func(name, parameters, text string, prepare func() func(x Register) Register) {
		u.unary(name, parameters, text, plainUnroll, prepare)
	}
	plain("relu", "", "max(x[i], 0)", func() func(Register) Register { return formula.Relu(u) })
	plain("leakyRelu", ", a float32", "x[i], or a·x[i] below 0", func() func(Register) Register { return formula.LeakyRelu(u, u.param("a")) })
	plain("sqrt", "", "√x[i]", func() func(Register) Register { return formula.Sqrt(u) })
	plain("rsqrt", "", "1/√x[i]", func() func(Register) Register { return formula.Rsqrt(u) })
	plain("reciprocal", "", "1/x[i]", func() func(Register) Register { return formula.Reciprocal(u) })
	plain("abs", "", "|x[i]|", func() func(Register) Register { return formula.AbsOf(u) })
	plain("neg", "", "-x[i]", func() func(Register) Register { return formula.Neg(u) })
	plain("square", "", "x[i]²", func() func(Register) Register { return formula.Square(u) })
	plain("floor", "", "⌊x[i]⌋", func() func(Register) Register { return formula.Floor(u) })
	plain("ceil", "", "⌈x[i]⌉", func() func(Register) Register { return formula.Ceil(u) })
	plain("round", "", "x[i] to the nearest integer, an even one of two", func() func(Register) Register { return formula.Round(u) })
	plain("sign", "", "1, -1, or x[i] if that is 0", func() func(Register) Register { return formula.Sign(u) })
	plain("hardSwish", "", "x[i]·max(0, min(6, x[i]+3))/6", func() func(Register) Register { return formula.HardSwish(u) })
	plain("hardSigmoid", ", a, b float32", "max(0, min(1, a·x[i]+b))", func() func(Register) Register {
		return formula.HardSigmoid(u, u.param("a"), u.param("b"))
	})
	plain("clip", ", a, b float32", "min(max(x[i], a), b)", func() func(Register) Register { return formula.Clip(u, u.param("a"), u.param("b")) })
	plain("affine", ", a, b float32", "a·x[i]+b", func() func(Register) Register { return formula.Affine(u, u.param("a"), u.param("b")) })
}
