package main

import (
	. "github.com/mmcloughlin/avo/reg"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// transcendental writes the functions whose loops hold one vector at a time.
func transcendental(u *unit) {
	single := func(name, parameters, text string, prepare func() func(x Register) Register) {
		u.unary(name, parameters, text, 1, prepare)
	}
	single("exp", "", "eˣ of x[i]", func() func(Register) Register { return formula.Exp(u) })
	single("sigmoid", "", "1/(1+e⁻ˣ) of x[i]", func() func(Register) Register { return formula.Sigmoid(u) })
	single("silu", ", a float32", "x[i]·sigmoid(a·x[i])", func() func(Register) Register { return formula.Silu(u, u.param("a")) })
	single("geluTanh", "", "x[i]·sigmoid(√(8/π)·(x[i]+0.044715·x[i]³))", func() func(Register) Register { return formula.GeluTanh(u) })
	single("tanh", "", "tanh x[i]", func() func(Register) Register { return formula.Tanh(u) })
	single("softplus", "", "ln(1+eˣ) of x[i]", func() func(Register) Register { return formula.Softplus(u) })
	single("log", "", "ln x[i]", func() func(Register) Register { return formula.Log(u) })
	single("erf", "", "erf x[i]", func() func(Register) Register { return formula.Erf(u) })
	single("gelu", "", "x[i]·Φ(x[i])", func() func(Register) Register { return formula.Gelu(u) })
	single("geluRough", "", "x[i]·Φ(x[i])", u.prepareGelu)
}
