package main

import (
	"math"

	. "github.com/mmcloughlin/avo/reg"
)

// logarithm is n·ln 2 + ln(1+g) for √½ ≤ 1+g ≤ √2.
func (u *unit) logarithm(n, g Register) VecVirtual {
	p := u.polynomial(g, 0.3333331346511841, -0.25000008940696716, 0.2000211924314499, -0.1666799634695053, 0.14219552278518677,
		-0.1240558922290802, 0.11888162791728973, -0.11675651371479034, 0.0674663856625557)
	u.mulAdd(p, g, f(-0.5))
	p = u.mul(p, u.mul(g, g))
	u.addMul(p, n, f(math.Ln2-0.693359375))
	p = u.add(p, g)
	u.addMul(p, n, f(0.693359375))
	return p
}

func logarithm(u *unit) {
	u.unary("log", "", "ln x[i]", 1, func() func(x Register) VecVirtual {
		zero := u.zero()
		return func(x Register) VecVirtual {
			const sqrtHalf = word(0x3f3504f3) // the bits of √½
			denormal := u.compare(less, x, f(0x1p-126))
			bits := u.subInt(u.where(denormal, u.mul(x, f(0x1p23)), x), sqrtHalf)
			n := u.floatOfInt(u.shiftRight(bits, 23))
			n = u.add(n, u.where(denormal, f(-23), zero))
			g := u.sub(u.addInt(u.and(bits, word(1<<23-1)), sqrtHalf), f(1))
			y := u.logarithm(n, g)
			y = u.where(u.compare(less, x, infinity), y, x)
			y = u.where(u.compare(less, x, zero), f(math.NaN()), y)
			return u.where(u.compare(equal, x, zero), f(math.Inf(-1)), y)
		}
	})
}
