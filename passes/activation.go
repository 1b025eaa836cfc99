package passes

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// activations recognises products that are activation functions of one value, up to a scalar factor:
//
//	Gelu      ½·x·(1 + erf(x/√2))
//	GeluTanh  ½·x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
//	Silu      x·sigmoid(a·x), with a = 1.702 what is called quick Gelu
//	Mish      x·tanh(softplus(x))
//	HardSwish x·hardsigmoid(x) with slope ⅙ and offset ½, also x·clip(x+3, 0, 6)/6
func activations(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || o.Fn != op.Mul || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() {
			continue
		}
		coef, list := factors(n.Out()[0])
		if len(list) < 2 || len(list) > 3 {
			continue
		}
		a := activation(list)
		if a.op == nil || !r.rewrite() {
			continue
		}
		if err := a.replace(g, n, coef); err != nil {
			return err
		}
	}
	return nil
}

// gate is an activation function found in a product.
type gate struct {
	op   *op.Unary
	coef float64   // of the product of argument and gate, where it is the function
	x    *ir.Value // its argument
	rest *ir.Value // another factor, nil if there is none
}

// replace puts the activation, times what is left of the product, in place of n. The product has the scalar factor coef.
func (a gate) replace(g *ir.Graph, n *ir.Node, coef float64) error {
	left := coef / a.coef
	scaled := !near(left, 1)
	if a.rest == nil && !scaled {
		return replaceAndDrop(g, n, a.op, a.x)
	}
	y := insert(g, n, a.op, a.x)
	if y != nil && scaled && a.rest != nil {
		y = insert(g, n, &op.Binary{Fn: op.Mul}, y, a.rest)
	}
	if y == nil {
		return nil
	}
	if !scaled {
		return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, y, a.rest)
	}
	k, err := constantLike(g, n, y, left)
	if err != nil {
		return err
	}
	return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, y, k)
}

// activation finds a function among the factors of a product.
func activation(list []*ir.Value) gate {
	for i, v := range list {
		for k, x := range list {
			if k == i {
				continue
			}
			a := gated(x, v)
			for j, w := range list {
				if j != i && j != k {
					a.rest = w
				}
			}
			if a.op != nil && (a.rest == nil || single(v)) {
				return a
			}
		}
	}
	return gate{}
}

// gated is the activation that x·v is a multiple of.
func gated(x, v *ir.Value) gate {
	if n := unaryOf(v, op.Sigmoid); n != nil {
		if a, ok := multipleOf(n.Input(0), x); ok {
			return gate{op: &op.Unary{Fn: op.Silu, Alpha: float32(a)}, coef: 1, x: x}
		}
	}
	if n := unaryOf(v, op.Tanh); n != nil {
		if s := unaryOf(n.Input(0), op.Softplus); s != nil && s.Input(0) == x {
			return gate{op: &op.Unary{Fn: op.Mish}, coef: 1, x: x}
		}
	}
	if n := unaryOf(v, op.HardSigmoid); n != nil && n.Input(0) == x {
		if o := n.Op.(*op.Unary); near(float64(o.Alpha), 1.0/6) && near(float64(o.Beta), 0.5) {
			return gate{op: &op.Unary{Fn: op.HardSwish}, coef: 1, x: x}
		}
	}
	if isRelu6Of3(v, x) {
		return gate{op: &op.Unary{Fn: op.HardSwish}, coef: 1.0 / 6, x: x}
	}
	one, k, ok := withScalar(binaryOf(v, op.Add))
	if !ok || k != 1 {
		return gate{}
	}
	if n := unaryOf(one, op.Erf); n != nil {
		if a, ok := multipleOf(n.Input(0), x); ok && near(a, math.Sqrt2/2) {
			return gate{op: &op.Unary{Fn: op.Gelu}, coef: 0.5, x: x}
		}
	}
	if n := unaryOf(one, op.Tanh); n != nil && isGeluCubic(n.Input(0), x) {
		return gate{op: &op.Unary{Fn: op.GeluTanh}, coef: 0.5, x: x}
	}
	return gate{}
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
