package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// norms recognises normalisations along the last axis:
//
//	LayerNorm  d·(mean(d²) + ε)^−½ with d = x − mean(x), or x / √… as exporters spell it; the variance also as mean(x²) − mean(x)²
//	RMSNorm    x·(mean(x²) + ε)^−½
//
// and takes a following product and sum with vectors along that axis in as scale and bias.
func norms(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() {
			continue
		}
		var err error
		switch o.Fn {
		case op.Mul, op.Div:
			if err = recogniseNorm(r, g, n); err == nil && n.Graph() != nil && o.Fn == op.Mul {
				err = affineNorm(r, g, n, 1)
			}
		case op.Add:
			err = affineNorm(r, g, n, 2)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recogniseNorm replaces n if it is a value times, or over, a standard deviation or root mean square.
func recogniseNorm(r *run, g *ir.Graph, n *ir.Node) error {
	for i := range 2 {
		d, s := n.Input(i), n.Input(1-i)
		moment, epsilon, ok := rootOfMoment(n, s)
		if !ok {
			continue
		}
		if x, ok := centred(d); ok && isVariance(moment, d, x) {
			return normAs(r, g, n, &op.LayerNorm{Axis: -1, Epsilon: float32(epsilon)}, x)
		}
		if isMeanOfSquare(moment, d) {
			return normAs(r, g, n, &op.RMSNorm{Axis: -1, Epsilon: float32(epsilon)}, d)
		}
		if meanOf(moment) != nil {
			r.missed("norm", n, "the mean of squares is not that of the value that is divided by its root")
		}
	}
	return nil
}

func normAs(r *run, g *ir.Graph, n *ir.Node, o ir.Op, x *ir.Value) error {
	if !r.rewrite() {
		return nil
	}
	return replaceAndDrop(g, n, o, x)
}

// rootOfMoment takes s, a factor or divisor of n, apart: √(moment + ε) as divisor, its reciprocal as factor.
func rootOfMoment(n *ir.Node, s *ir.Value) (moment *ir.Value, epsilon float64, ok bool) {
	root := s
	switch n.Op.(*op.Binary).Fn {
	case op.Div:
		if s != n.Input(1) {
			return nil, 0, false
		}
	default:
		inv := unaryOf(s, op.Reciprocal)
		if inv == nil {
			return nil, 0, false
		}
		root = inv.Input(0)
	}
	sqrt := unaryOf(root, op.Sqrt)
	if sqrt == nil {
		return nil, 0, false
	}
	if m, e, ok := withScalar(binaryOf(sqrt.Input(0), op.Add)); ok && e >= 0 {
		return m, e, true
	}
	return sqrt.Input(0), 0, true
}

// meanOf is the x of which v is the mean along the last axis, kept as 1.
func meanOf(v *ir.Value) *ir.Value {
	if n, o := nodeOf[*op.Reduce](v); n != nil && o.Fn == op.ReduceMean && o.KeepDims && isLastAxis(n.Input(1), n.Input(0).Type) {
		return n.Input(0)
	}
	m, k, ok := withScalar(binaryOf(v, op.Mul))
	if !ok {
		return nil
	}
	n, o := nodeOf[*op.Reduce](m)
	if n == nil || o.Fn != op.ReduceSum || !o.KeepDims || !isLastAxis(n.Input(1), n.Input(0).Type) {
		return nil
	}
	dims := n.Input(0).Type.Dims
	if d, ok := dims[len(dims)-1].IsConst(); !ok || d == 0 || !near(k*float64(d), 1) {
		return nil
	}
	return n.Input(0)
}

// centred finds x with v = x − mean(x).
func centred(v *ir.Value) (*ir.Value, bool) {
	n := binaryOf(v, op.Sub)
	if n == nil || meanOf(n.Input(1)) != n.Input(0) {
		return nil, false
	}
	return n.Input(0), true
}

// isMeanOfSquare reports whether v is mean(x²) along the last axis.
func isMeanOfSquare(v, x *ir.Value) bool {
	s := meanOf(v)
	if s == nil {
		return false
	}
	n := binaryOf(s, op.Mul)
	return n != nil && n.Input(0) == x && n.Input(1) == x
}

// isVariance reports whether v is the variance of x, where d = x − mean(x).
func isVariance(v, d, x *ir.Value) bool {
	if isMeanOfSquare(v, d) {
		return true
	}
	if s := meanOf(v); s != nil { // the difference spelled a second time
		if n := binaryOf(s, op.Mul); n != nil && n.Input(0) == n.Input(1) {
			y, ok := centred(n.Input(0))
			return ok && y == x
		}
	}
	n := binaryOf(v, op.Sub)
	if n == nil || !isMeanOfSquare(n.Input(0), x) {
		return false
	}
	m := binaryOf(n.Input(1), op.Mul)
	return m != nil && m.Input(0) == m.Input(1) && meanOf(m.Input(0)) == x
}

// affineNorm makes the constant k of norm·k its scale (input 1) or of norm + k its bias (input 2).
func affineNorm(r *run, g *ir.Graph, n *ir.Node, at int) error {
	for i := range 2 {
		v, k := n.Input(i), n.Input(1-i)
		def := defOf(v)
		if def == nil || !single(v) || k.Const == nil {
			continue
		}
		switch def.Op.(type) {
		case *op.LayerNorm, *op.RMSNorm:
		default:
			continue
		}
		if def.Out()[0] != v || def.Input(at) != nil || at == 1 && def.Input(2) != nil || !alongLast(k, v) || !r.rewrite() {
			continue
		}
		in := []*ir.Value{def.Input(0), def.Input(1), nil}
		dims := k.Type.Dims
		flat, err := asVector(g, n, k, dims[len(dims)-1])
		if err != nil {
			return err
		}
		in[at] = flat
		if in[2] == nil {
			in = in[:2]
		}
		return replaceAndDrop(g, n, def.Op, in...)
	}
	return nil
}

// alongLast reports whether a constant is a vector along the last axis of v.
func alongLast(k, v *ir.Value) bool {
	dims := k.Type.Dims
	if len(dims) == 0 || !v.Type.Ranked || len(dims) > len(v.Type.Dims) || k.Type.Elem != v.Type.Elem {
		return false
	}
	return k.Type.NumElements().Equal(dims[len(dims)-1]) && dims[len(dims)-1].Equal(v.Type.Dims[len(v.Type.Dims)-1])
}

// asVector is a constant of shape [1, …, d] as a vector.
func asVector(g *ir.Graph, n *ir.Node, k *ir.Value, d sym.Expr) (*ir.Value, error) {
	if len(k.Type.Dims) == 1 {
		return k, nil
	}
	size, _ := d.IsConst()
	t, err := k.Const.Reshape(int(size))
	if err != nil {
		return nil, err
	}
	c, err := g.InsertBefore(n, &ir.Const{Value: t})
	if err != nil {
		return nil, err
	}
	return c.Out()[0], nil
}
