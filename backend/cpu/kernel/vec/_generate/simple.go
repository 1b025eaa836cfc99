package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/reg"
)

// plainUnroll is for loops whose body is a few instructions.
const plainUnroll = 4

func simple(u *unit) {
	plain := func(name, parameters, formula string, prepare func() func(x Register) VecVirtual) {
		u.unary(name, parameters, formula, plainUnroll, prepare)
	}
	root := func(x Register) VecVirtual {
		y := u.new()
		VSQRTPS(x, y)
		return y
	}
	plain("relu", "", "max(x[i], 0)", func() func(x Register) VecVirtual {
		zero := u.zero()
		return func(x Register) VecVirtual { return u.most(x, zero) }
	})
	plain("leakyRelu", ", a float32", "x[i], or a·x[i] below 0", func() func(x Register) VecVirtual {
		a := u.param("a")
		return func(x Register) VecVirtual { return u.where(u.negative(x), u.mul(x, a), x) }
	})
	plain("sqrt", "", "√x[i]", func() func(x Register) VecVirtual { return root })
	plain("rsqrt", "", "1/√x[i]", func() func(x Register) VecVirtual {
		one := u.hold(f(1))
		return func(x Register) VecVirtual { return u.div(one, root(x)) }
	})
	plain("reciprocal", "", "1/x[i]", func() func(x Register) VecVirtual {
		one := u.hold(f(1))
		return func(x Register) VecVirtual { return u.div(one, x) }
	})
	plain("abs", "", "|x[i]|", func() func(x Register) VecVirtual { return u.abs })
	plain("neg", "", "-x[i]", func() func(x Register) VecVirtual {
		return func(x Register) VecVirtual { return u.xor(x, word(1<<31)) }
	})
	plain("square", "", "x[i]²", func() func(x Register) VecVirtual {
		return func(x Register) VecVirtual { return u.mul(x, x) }
	})
	plain("hardSwish", "", "x[i]·max(0, min(6, x[i]+3))/6", func() func(x Register) VecVirtual {
		zero, six := u.zero(), u.hold(f(6))
		return func(x Register) VecVirtual {
			return u.mul(x, u.mul(u.least(u.most(u.add(x, f(3)), zero), six), f(1.0/6)))
		}
	})
	plain("hardSigmoid", ", a, b float32", "max(0, min(1, a·x[i]+b))", func() func(x Register) VecVirtual {
		a, b, zero, one := u.param("a"), u.param("b"), u.zero(), u.hold(f(1))
		return func(x Register) VecVirtual {
			u.mulAdd(x, a, b)
			return u.least(u.most(x, zero), one)
		}
	})
	plain("clip", ", a, b float32", "min(max(x[i], a), b)", func() func(x Register) VecVirtual {
		a, b := u.param("a"), u.param("b")
		return func(x Register) VecVirtual { return u.least(u.most(x, a), b) }
	})
	plain("affine", ", a, b float32", "a·x[i]+b", func() func(x Register) VecVirtual {
		a, b := u.param("a"), u.param("b")
		return func(x Register) VecVirtual {
			y := u.hold(x)
			u.mulAdd(y, a, b)
			return y
		}
	})
}
