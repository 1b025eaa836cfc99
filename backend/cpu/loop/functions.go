package loop

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec/formula"
)

// functions are those of package vec that have code; a and b are their parameters.
var functions = map[vec.Func]func(u unit, a, b formula.Word) func(virtual) virtual{
	vec.FuncExp:         plain(formula.Exp[virtual]),
	vec.FuncLog:         plain(formula.Log[virtual]),
	vec.FuncTanh:        plain(formula.Tanh[virtual]),
	vec.FuncSigmoid:     plain(formula.Sigmoid[virtual]),
	vec.FuncErf:         plain(formula.Erf[virtual]),
	vec.FuncGelu:        plain(formula.Gelu[virtual]),
	vec.FuncGeluTanh:    plain(formula.GeluTanh[virtual]),
	vec.FuncSoftplus:    plain(formula.Softplus[virtual]),
	vec.FuncRelu:        plain(formula.Relu[virtual]),
	vec.FuncSqrt:        plain(formula.Sqrt[virtual]),
	vec.FuncRsqrt:       plain(formula.Rsqrt[virtual]),
	vec.FuncReciprocal:  plain(formula.Reciprocal[virtual]),
	vec.FuncNeg:         plain(formula.Neg[virtual]),
	vec.FuncSquare:      plain(formula.Square[virtual]),
	vec.FuncHardSwish:   plain(formula.HardSwish[virtual]),
	vec.FuncGeluRough:   plain(formula.GeluRough[virtual]),
	vec.FuncFloor:       plain(formula.Floor[virtual]),
	vec.FuncCeil:        plain(formula.Ceil[virtual]),
	vec.FuncRound:       plain(formula.Round[virtual]),
	vec.FuncSign:        plain(formula.Sign[virtual]),
	vec.FuncAbs:         plain(formula.AbsOf[virtual]),
	vec.FuncSilu:        func(u unit, a, _ formula.Word) func(virtual) virtual { return formula.Silu(u, a) },
	vec.FuncLeakyRelu:   func(u unit, a, _ formula.Word) func(virtual) virtual { return formula.LeakyRelu(u, a) },
	vec.FuncHardSigmoid: func(u unit, a, b formula.Word) func(virtual) virtual { return formula.HardSigmoid(u, u.Hold(a), b) },
	vec.FuncClip:        func(u unit, a, b formula.Word) func(virtual) virtual { return formula.Clip(u, u.Hold(a), u.Hold(b)) },
	vec.FuncAffine:      func(u unit, a, b formula.Word) func(virtual) virtual { return formula.Affine(u, u.Hold(a), b) },
}

type unit = formula.Unit[virtual]

// plain is a function without parameters.
func plain(f func(unit) func(virtual) virtual) func(u unit, a, b formula.Word) func(virtual) virtual {
	return func(u unit, _, _ formula.Word) func(virtual) virtual { return f(u) }
}
