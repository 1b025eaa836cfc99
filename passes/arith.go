package passes

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// arith spells arithmetic with constants one way: constants stand on the right, quotients by a constant are products, differences
// sums, small powers products or roots, and the scalar factors of a chain of products, or of both sides of a sum, are one. Only float32 and float64, where a
// rounding more or less is of no account.
func arith(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() || n.Input(0).Const != nil && n.Input(1).Const != nil {
			continue
		}
		a, b := n.Input(0), n.Input(1)
		var err error
		switch {
		case (o.Fn == op.Mul || o.Fn == op.Add) && a.Const != nil:
			err = arithReplace(r, g, n, o.Fn, b, a)
		case o.Fn == op.Div && b.Const != nil:
			if k, ok := mapConst(b.Const, func(x float64) (float64, bool) { return 1 / x, normalInverse(x) }); ok {
				err = arithConst(r, g, n, op.Mul, a, k)
			}
		case o.Fn == op.Sub && b.Const != nil:
			if k, ok := mapConst(b.Const, func(x float64) (float64, bool) { return -x, true }); ok {
				err = arithConst(r, g, n, op.Add, a, k)
			}
		case o.Fn == op.Div:
			if k, ok := scalarOf(a); ok && k == 1 && keepsShape(a, b) && r.rewrite() {
				err = replaceAndDrop(g, n, &op.Unary{Fn: op.Reciprocal}, b)
			}
		case o.Fn == op.Pow:
			err = power(r, g, n)
		case o.Fn == op.Add && unaryOf(b, op.Neg) != nil:
			err = arithReplace(r, g, n, op.Sub, a, b.Def().Input(0))
		case o.Fn == op.Add && unaryOf(a, op.Neg) != nil:
			err = arithReplace(r, g, n, op.Sub, b, a.Def().Input(0))
		case o.Fn == op.Mul:
			err = mergeFactors(r, g, n)
		case o.Fn == op.Add || o.Fn == op.Sub:
			err = commonFactor(r, g, n, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func arithReplace(r *run, g *ir.Graph, n *ir.Node, fn op.BinaryFn, a, b *ir.Value) error {
	if !r.rewrite() {
		return nil
	}
	return replaceAndDrop(g, n, &op.Binary{Fn: fn}, a, b)
}

func arithConst(r *run, g *ir.Graph, n *ir.Node, fn op.BinaryFn, a *ir.Value, k *tensor.Tensor) error {
	if !r.rewrite() {
		return nil
	}
	c, err := g.InsertBefore(n, &ir.Const{Value: k})
	if err != nil {
		return err
	}
	return replaceAndDrop(g, n, &op.Binary{Fn: fn}, a, c.Out()[0])
}

// replaceAndDrop puts an operator in the place of n, whose only result it computes.
func replaceAndDrop(g *ir.Graph, n *ir.Node, o ir.Op, in ...*ir.Value) error {
	if err := replace(g, n, 0, o, in...); err != nil {
		return err
	}
	removeIfUnused(g, n)
	return nil
}

const maxMapped = 1 << 16 // elements of a constant that is rewritten

func mapConst(t *tensor.Tensor, f func(float64) (float64, bool)) (*tensor.Tensor, bool) {
	if t.Len() > maxMapped {
		return nil, false
	}
	m := tensor.New(t.DType(), t.Shape()...)
	for i := range t.Len() {
		x, ok := f(t.Float64(i))
		if !ok {
			return nil, false
		}
		m.SetFloat64(i, x)
	}
	return m, true
}

// normalInverse reports whether x and 1/x are normal float32 numbers.
func normalInverse(x float64) bool {
	a := math.Abs(x)
	return a >= 0x1p-126 && a <= 0x1p126
}

// power spells x², x³, √x, 1/x and 1/√x without a power.
func power(r *run, g *ir.Graph, n *ir.Node) error {
	x := n.Input(0)
	k, ok := scalarOf(n.Input(1))
	if !ok || !keepsShape(n.Input(1), x) || x.Const != nil {
		return nil
	}
	last, more := ir.Op(nil), ir.Op(nil)
	switch k {
	case 2:
		last = &op.Binary{Fn: op.Mul}
	case 3:
		more, last = &op.Binary{Fn: op.Mul}, &op.Binary{Fn: op.Mul}
	case 0.5:
		last = &op.Unary{Fn: op.Sqrt}
	case -0.5:
		more, last = &op.Unary{Fn: op.Sqrt}, &op.Unary{Fn: op.Reciprocal}
	case -1:
		last = &op.Unary{Fn: op.Reciprocal}
	default:
		return nil
	}
	if !r.rewrite() {
		return nil
	}
	in := []*ir.Value{x}
	if k == 2 || k == 3 {
		in = append(in, x)
	}
	if more != nil {
		m, err := g.InsertBefore(n, more, in...)
		if err != nil {
			return err
		}
		m.Name = n.Name
		in[0] = m.Out()[0]
	}
	return replaceAndDrop(g, n, last, in...)
}

// mergeFactors makes (x·c)·d one product x·(c·d), and (x·c)·y the product (x·y)·c, so that scalars meet at the end of a chain.
func mergeFactors(r *run, g *ir.Graph, n *ir.Node) error {
	if x, d, ok := withScalar(n); ok {
		inner := binaryOf(x, op.Mul)
		y, c, ok := withScalar(inner)
		if !ok || !single(x) || !r.rewrite() {
			return nil
		}
		k, err := constantLike(g, n, x, c*d)
		if err != nil {
			return err
		}
		return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, y, k)
	}
	for i := range 2 {
		x, y := n.Input(i), n.Input(1-i)
		inner := binaryOf(x, op.Mul)
		z, c, ok := withScalar(inner)
		if !ok || !single(x) || x == y || y.Const != nil || !r.rewrite() {
			continue
		}
		m, err := g.InsertBefore(n, &op.Binary{Fn: op.Mul}, z, y)
		if err != nil {
			return err
		}
		m.Name = inner.Name
		k, err := constantLike(g, n, x, c)
		if err != nil {
			return err
		}
		return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, m.Out()[0], k)
	}
	return nil
}

// commonFactor makes x·c + y·c the product (x + y)·c, likewise for differences.
func commonFactor(r *run, g *ir.Graph, n *ir.Node, o *op.Binary) error {
	x, c, okX := withScalar(binaryOf(n.Input(0), op.Mul))
	y, d, okY := withScalar(binaryOf(n.Input(1), op.Mul))
	if !okX || !okY || c != d || !single(n.Input(0)) || !single(n.Input(1)) || !r.rewrite() {
		return nil
	}
	m, err := g.InsertBefore(n, o, x, y)
	if err != nil {
		return err
	}
	m.Name = n.Name
	k, err := constantLike(g, n, x, c)
	if err != nil {
		return err
	}
	return replaceAndDrop(g, n, &op.Binary{Fn: op.Mul}, m.Out()[0], k)
}
