package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// binaryOf is the node that computes v if it applies that function of two arguments, else nil.
func binaryOf(v *ir.Value, fn op.BinaryFn) *ir.Node {
	if n := defOf(v); n != nil {
		if o, ok := n.Op.(*op.Binary); ok && o.Fn == fn {
			return n
		}
	}
	return nil
}

// unaryOf is the node that computes v if it applies that function of one argument, else nil.
func unaryOf(v *ir.Value, fn op.UnaryFn) *ir.Node {
	if n := defOf(v); n != nil {
		if o, ok := n.Op.(*op.Unary); ok && o.Fn == fn {
			return n
		}
	}
	return nil
}

// nodeOf is the node that computes v if its operator is an O, else nil.
func nodeOf[O any](v *ir.Value) (*ir.Node, O) {
	var zero O
	if n := defOf(v); n != nil {
		if o, ok := n.Op.(O); ok {
			return n, o
		}
	}
	return nil, zero
}

func defOf(v *ir.Value) *ir.Node {
	if v == nil {
		return nil
	}
	return v.Def()
}

// single reports whether v has one use and is no output, so that a rewrite of its user makes it superfluous.
func single(v *ir.Value) bool { return len(v.Uses()) == 1 && !v.IsOutput() }

// scalarOf is the number that a constant of one number holds, or that all elements of a small constant are.
func scalarOf(v *ir.Value) (float64, bool) {
	if v == nil || v.Const == nil {
		return 0, false
	}
	t := v.Const
	if d := t.DType(); t.Len() == 0 || t.Len() > 64 || !d.IsFloat() && !d.IsInteger() {
		return 0, false
	}
	x := t.Float64(0)
	for i := 1; i < t.Len(); i++ {
		if t.Float64(i) != x {
			return 0, false
		}
	}
	return x, true
}

// near reports whether two constants are the same number up to the rounding of the narrowest spelling that exporters use.
func near(a, b float64) bool { return math.Abs(a-b) <= 2e-4*math.Abs(b) }

// withScalar is the other operand of n, a commutative function, if one is a scalar constant.
func withScalar(n *ir.Node) (x *ir.Value, k float64, ok bool) {
	if n == nil {
		return nil, 0, false
	}
	for i := range 2 {
		if k, ok := scalarOf(n.Input(1 - i)); ok && keepsShape(n.Input(1-i), n.Input(i)) {
			return n.Input(i), k, true
		}
	}
	return nil, 0, false
}

// keepsShape reports whether a constant k that broadcasts with x leaves the shape of x.
func keepsShape(k, x *ir.Value) bool {
	return k.Const.Rank() == 0 || x.Type.Ranked && k.Const.Len() == 1 && k.Const.Rank() <= len(x.Type.Dims)
}

// factors takes a product apart: the product of all scalar constants in it, and its other factors. Products whose value something else uses
// too are factors themselves, and so is what lies more than maxNested products deep.
func factors(v *ir.Value) (coef float64, list []*ir.Value) { return factorsAt(v, maxNested) }

const maxNested = 8

func factorsAt(v *ir.Value, depth int) (coef float64, list []*ir.Value) {
	coef = 1
	n := binaryOf(v, op.Mul)
	if n == nil || depth == 0 {
		return 1, []*ir.Value{v}
	}
	for _, x := range n.In() {
		if k, ok := scalarOf(x); ok && x.Const.Len() == 1 {
			coef *= k
			continue
		}
		if binaryOf(x, op.Mul) != nil && single(x) {
			c, more := factorsAt(x, depth-1)
			coef *= c
			list = append(list, more...)
			continue
		}
		list = append(list, x)
	}
	return coef, list
}

// without is a list less one occurrence of v, and whether there was one.
func without(list []*ir.Value, v *ir.Value) ([]*ir.Value, bool) {
	i := slices.Index(list, v)
	if i < 0 {
		return list, false
	}
	return slices.Delete(slices.Clone(list), i, i+1), true
}

// isFloat32 reports whether v is computed in single or double precision, where rewrites that change rounding are within what models tolerate.
func isFloat32(v *ir.Value) bool {
	return v.Type.Elem == tensor.Float32 || v.Type.Elem == tensor.Float64
}

// constantLike adds a constant scalar of v's element type before n.
func constantLike(g *ir.Graph, n *ir.Node, v *ir.Value, x float64) (*ir.Value, error) {
	t := tensor.New(v.Type.Elem)
	t.SetFloat64(0, x)
	c, err := g.InsertBefore(n, &ir.Const{Value: t})
	if err != nil {
		return nil, err
	}
	return c.Out()[0], nil
}
