package passes

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// activations recognises products that are activation functions of one value:
//
//	Gelu      ½·x·(1 + erf(x/√2))
//	GeluTanh  ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
//	Silu      x·sigmoid(a·x), with a = 1.702 what is called quick Gelu
//	Mish      x·tanh(softplus(x))
//	HardSwish x·hardsigmoid(x) with slope ⅙ and offset ½, also x·clip(x+3, 0, 6)/6
func activations(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || o.Fn != op.Mul || !isFloat32(n.Out()[0]) {
			continue
		}
		coef, list := factors(n.Out()[0])
		if len(list) < 2 || len(list) > 3 {
			continue
		}
		act, x, rest := activation(coef, list)
		if act == nil || !r.rewrite() {
			continue
		}
		r.found("activation", n, "function", act.OpName())
		if err := activationOf(g, n, act, x, rest); err != nil {
			return err
		}
	}
	return nil
}

// activationOf replaces n by the activation of x, times the factor that is left over if there is one.
func activationOf(g *ir.Graph, n *ir.Node, act *op.Unary, x, rest *ir.Value) error {
	if rest == nil {
		return replaceAndDrop(g, n, act, x)
	}
	m, err := g.InsertBefore(n, act, x)
	if err != nil {
		return err
	}
	m.Name = n.Name
	return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, m.Out()[0], rest)
}

// activation finds a function of x among the factors of a product; rest is the third factor, nil if there are two.
func activation(coef float64, list []*ir.Value) (act *op.Unary, x, rest *ir.Value) {
	for i, gate := range list {
		for k, x := range list {
			if k == i {
				continue
			}
			var rest *ir.Value
			for j, v := range list {
				if j != i && j != k {
					rest = v
				}
			}
			if act := gated(coef, x, gate); act != nil && (rest == nil || single(gate)) {
				return act, x, rest
			}
		}
	}
	return nil, nil, nil
}

// gated is the activation that coef·x·gate is, nil if it is none.
func gated(coef float64, x, gate *ir.Value) *op.Unary {
	if near(coef, 1) {
		if n := unaryOf(gate, op.Sigmoid); n != nil {
			if a, ok := multipleOf(n.Input(0), x); ok {
				return &op.Unary{Fn: op.Silu, Alpha: float32(a)}
			}
		}
		if n := unaryOf(gate, op.Tanh); n != nil {
			if s := unaryOf(n.Input(0), op.Softplus); s != nil && s.Input(0) == x {
				return &op.Unary{Fn: op.Mish}
			}
		}
		if n := unaryOf(gate, op.HardSigmoid); n != nil && n.Input(0) == x {
			if o := n.Op.(*op.Unary); near(float64(o.Alpha), 1.0/6) && near(float64(o.Beta), 0.5) {
				return &op.Unary{Fn: op.HardSwish}
			}
		}
	}
	if near(coef, 1.0/6) && isRelu6Of3(gate, x) {
		return &op.Unary{Fn: op.HardSwish}
	}
	if near(coef, 0.5) {
		one, k, ok := withScalar(binaryOf(gate, op.Add))
		if !ok || k != 1 {
			return nil
		}
		if n := unaryOf(one, op.Erf); n != nil {
			if a, ok := multipleOf(n.Input(0), x); ok && near(a, math.Sqrt2/2) {
				return &op.Unary{Fn: op.Gelu}
			}
		}
		if n := unaryOf(one, op.Tanh); n != nil && isGeluCubic(n.Input(0), x) {
			return &op.Unary{Fn: op.GeluTanh}
		}
	}
	return nil
}

// multipleOf finds a with v = a·x.
func multipleOf(v, x *ir.Value) (float64, bool) {
	if v == x {
		return 1, true
	}
	y, k, ok := withScalar(binaryOf(v, op.Mul))
	return k, ok && y == x
}

// isGeluCubic reports whether v is √(2/π)·(x + 0.044715·x³), which is also written √(2/π)·x·(1 + 0.044715·x²).
func isGeluCubic(v, x *ir.Value) bool {
	c := math.Sqrt(2 / math.Pi)
	coef, list := factors(v)
	if len(list) == 1 {
		n := binaryOf(list[0], op.Add)
		if n == nil || !near(coef, c) {
			return false
		}
		for i := range 2 {
			if n.Input(i) == x && isPowerOf(n.Input(1-i), x, 3, 0.044715) {
				return true
			}
		}
		return false
	}
	other, ok := without(list, x)
	if !ok || len(other) != 1 || !near(coef, c) {
		return false
	}
	y, k, ok := withScalar(binaryOf(other[0], op.Add))
	return ok && k == 1 && isPowerOf(y, x, 2, 0.044715)
}

// isPowerOf reports whether v is c·xⁿ.
func isPowerOf(v, x *ir.Value, n int, c float64) bool {
	coef, list := factors(v)
	count := 0
	for _, f := range list {
		switch {
		case f == x:
			count++
		case binaryOf(f, op.Mul) != nil && f.Def().Input(0) == x && f.Def().Input(1) == x: // x² that something else uses too
			count += 2
		default:
			return false
		}
	}
	return count == n && near(coef, c)
}

// isRelu6Of3 reports whether v is min(max(x+3, 0), 6).
func isRelu6Of3(v, x *ir.Value) bool {
	n, _ := nodeOf[*op.Clip](v)
	if n == nil {
		return false
	}
	lo, okLo := scalarOf(n.Input(1))
	hi, okHi := scalarOf(n.Input(2))
	y, k, ok := withScalar(binaryOf(n.Input(0), op.Add))
	return okLo && okHi && ok && lo == 0 && hi == 6 && k == 3 && y == x
}
