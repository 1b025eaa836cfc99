package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// norms recognises normalisations along some axes, ρ standing for (… + ε)^−½:
//
//	LayerNorm  d·ρ(mean(d²)) with d = x − mean(x), also as a quotient; the variance also as mean(x²) − mean(x)²
//	           x·ρ + (bias − mean(x)·ρ), where ρ has the scale in it (Keras)
//	RMSNorm    x·ρ(mean(x²))
//
// and takes constant scales and biases along those axes in. Axes that are not the last ones are exchanged with them for the operator.
func norms(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() {
			continue
		}
		var m *normMatch
		switch o.Fn {
		case op.Mul, op.Div:
			m = quotientNorm(r, n)
		case op.Add, op.Sub:
			m = spreadNorm(n)
		}
		var err error
		switch {
		case m != nil:
			if r.rewrite() {
				err = m.build(g)
			}
		case o.Fn == op.Mul:
			err = affineNorm(r, g, n, 1)
		case o.Fn == op.Add:
			err = affineNorm(r, g, n, 2)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// normMatch is a norm that was found: node is norm(x)·scale·coef·rest + bias.
type normMatch struct {
	node        *ir.Node
	rms         bool
	x           *ir.Value
	axes        []int // ascending
	epsilon     float64
	scale, bias *ir.Value // constants, nil for 1 and 0
	coef        float64
	rest        []*ir.Value
}

// root takes √(moment + ε) apart.
func root(v *ir.Value) (m moment, epsilon float64, ok bool) {
	sqrt := unaryOf(v, op.Sqrt)
	if sqrt == nil {
		return moment{}, 0, false
	}
	sum := sqrt.Input(0)
	for defOf(sum) != nil { // reshapes between the sum and the root
		if n, _ := nodeOf[*op.Reshape](sum); n == nil {
			break
		}
		sum = sum.Def().Input(0)
	}
	if x, e, plus := withScalar(binaryOf(sum, op.Add)); plus && e >= 0 {
		sum, epsilon = x, e
	}
	m, ok = momentOf(sum, maxMoment)
	return m, epsilon, ok && (m.kind == meanOfSquares || m.kind == variance) && near(m.scale, 1)
}

// inverseRoot is the moment and ε of which v is the reciprocal root, in the shape that broadcasts along the axes.
func inverseRoot(v *ir.Value) (m moment, epsilon float64, ok bool) {
	at := v
	if n, _ := nodeOf[*op.Reshape](at); n != nil {
		at = n.Input(0)
	}
	inv := unaryOf(at, op.Reciprocal)
	if inv == nil {
		return moment{}, 0, false
	}
	m, epsilon, ok = root(inv.Input(0))
	return m, epsilon, ok && m.kept(v)
}

// quotientNorm finds a norm that is a product with a reciprocal root, or a quotient.
func quotientNorm(r *run, n *ir.Node) *normMatch {
	match := func(m moment, epsilon, coef float64, list []*ir.Value) *normMatch {
		for i, f := range list {
			x, rms, ok := m.normalises(f)
			if !ok {
				continue
			}
			found := &normMatch{node: n, rms: rms, x: x, axes: m.axes, epsilon: epsilon, coef: coef}
			for k, v := range list {
				switch {
				case k == i:
				case found.scale == nil && v.Const != nil && along(v, x, m.axes):
					found.scale = v
				default:
					found.rest = append(found.rest, v)
				}
			}
			return found
		}
		r.missed(KindNorm, n, "the mean of squares is not that of the value that is divided by its root")
		return nil
	}
	if n.Op.(*op.Binary).Fn == op.Div {
		m, epsilon, ok := root(n.Input(1))
		if !ok || !m.kept(n.Input(1)) {
			return nil
		}
		if numerator := n.Input(0); single(numerator) {
			coef, list := factors(numerator)
			return match(m, epsilon, coef, list)
		}
		return match(m, epsilon, 1, []*ir.Value{n.Input(0)})
	}
	coef, list := factors(n.Out()[0])
	for i, f := range list {
		if m, epsilon, ok := inverseRoot(f); ok {
			rest := slices.Delete(slices.Clone(list), i, i+1)
			if !slices.ContainsFunc(rest, func(v *ir.Value) bool { return v.Const == nil }) {
				return nil // the factor for its own
			}
			return match(m, epsilon, coef, rest)
		}
	}
	return nil
}

// normalises reports whether f times the reciprocal root of the moment is a norm of x.
func (m moment) normalises(f *ir.Value) (x *ir.Value, rms, ok bool) {
	c, isCentred := centred(f, m.axes)
	switch {
	case m.kind == variance:
		return c, false, isCentred && c == m.of
	case f == m.of && isCentred:
		return c, false, true
	case f == m.of:
		return f, true, true
	}
	d, again := centred(m.of, m.axes) // the difference spelled a second time
	return c, false, isCentred && again && c == d
}

// spreadNorm finds x·ρ + (bias − mean(x)·ρ) and x·ρ − mean(x)·ρ.
func spreadNorm(n *ir.Node) *normMatch {
	for i := range 2 {
		p, q := binaryOf(n.Input(i), op.Mul), n.Input(1-i)
		var bias *ir.Value
		if n.Op.(*op.Binary).Fn == op.Add {
			sub := binaryOf(q, op.Sub)
			if sub == nil || sub.Input(0).Const == nil {
				continue
			}
			bias, q = sub.Input(0), sub.Input(1)
		} else if i == 1 {
			return nil
		}
		t := binaryOf(q, op.Mul)
		if p == nil || t == nil {
			continue
		}
		for k := range 4 {
			x, inv, mean := p.Input(k&1), p.Input(1-k&1), t.Input(k>>1)
			if t.Input(1-k>>1) != inv {
				continue
			}
			if m := normBy(n, x, inv); m != nil && isMeanOf(mean, x, m.axes) && (bias == nil || along(bias, x, m.axes)) {
				m.bias = bias
				return m
			}
		}
	}
	return nil
}

// normBy finds the layer norm of x whose reciprocal root and scale are the factors of inv.
func normBy(n *ir.Node, x, inv *ir.Value) *normMatch {
	coef, list := factors(inv)
	if len(list) > 2 || coef != 1 {
		return nil
	}
	for i, f := range list {
		m, epsilon, ok := inverseRoot(f)
		if !ok {
			continue
		}
		if c, isCentred := centred(m.of, m.axes); m.of != x && !(isCentred && c == x) || m.of == x && m.kind != variance {
			return nil
		}
		found := &normMatch{node: n, x: x, axes: m.axes, epsilon: epsilon, coef: 1}
		if len(list) == 2 {
			if found.scale = list[1-i]; found.scale.Const == nil || !along(found.scale, x, m.axes) {
				return nil
			}
		}
		return found
	}
	return nil
}

// build puts the operator in place of the node.
func (m *normMatch) build(g *ir.Graph) error {
	n, x := m.node, m.x
	rank := len(x.Type.Dims)
	perm := make([]int, 0, rank) // the axes last
	for a := range rank {
		if !slices.Contains(m.axes, a) {
			perm = append(perm, a)
		}
	}
	perm = append(perm, m.axes...)
	moved := !slices.IsSorted(perm)
	if moved {
		x = insert(g, n, &op.Transpose{Perm: perm}, x)
	}
	in := []*ir.Value{x, nil, nil}
	for i, k := range []*ir.Value{m.scale, m.bias} {
		if k == nil {
			continue
		}
		var err error
		if in[i+1], err = shapedAs(g, n, k, m.x, m.axes); err != nil {
			return err
		}
	}
	for in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	var o ir.Op = &op.LayerNorm{Axis: -len(m.axes), Epsilon: float32(m.epsilon)}
	if m.rms {
		o = &op.RMSNorm{Axis: -len(m.axes), Epsilon: float32(m.epsilon)}
	}
	if moved {
		y := insert(g, n, o, in...)
		back := make([]int, rank)
		for i, a := range perm {
			back[a] = i
		}
		o, in = &op.Transpose{Perm: back}, []*ir.Value{y}
	}
	return m.times(g, o, in)
}

// times multiplies what the operator computes by the factors that are no part of the norm, in place of the node.
func (m *normMatch) times(g *ir.Graph, o ir.Op, in []*ir.Value) error {
	n, rest := m.node, m.rest
	if !near(m.coef, 1) {
		k, err := constantLike(g, n, m.x, m.coef)
		if err != nil {
			return err
		}
		rest = append(rest, k)
	}
	for _, f := range rest {
		y := insert(g, n, o, in...)
		if y == nil {
			return nil
		}
		o, in = &op.Binary{Fn: op.Mul}, []*ir.Value{y, f}
	}
	return replaceAndDrop(g, n, o, in...)
}

// affineNorm makes the constant k of norm·k its scale (input 1) or of norm + k its bias (input 2), also where axes were exchanged behind the norm.
func affineNorm(r *run, g *ir.Graph, n *ir.Node, at int) error {
	for i := range 2 {
		v, k := n.Input(i), n.Input(1-i)
		def := defOf(v)
		if def == nil || !single(v) || k.Const == nil {
			continue
		}
		t, back := nodeOf[*op.Transpose](v)
		if t != nil {
			if def = defOf(t.Input(0)); def == nil || !single(t.Input(0)) {
				continue
			}
		}
		axis, ok := normAxis(def)
		if !ok || def.Input(at) != nil || at == 1 && def.Input(2) != nil {
			continue
		}
		var axes []int
		rank := len(v.Type.Dims)
		for a := range rank {
			from := a
			if t != nil && len(back.Perm) == rank {
				from = back.Perm[a]
			}
			if from >= axis {
				axes = append(axes, a)
			}
		}
		if !along(k, v, axes) || !r.rewrite() {
			continue
		}
		in := []*ir.Value{def.Input(0), def.Input(1), def.Input(2)}
		var err error
		if in[at], err = shapedAs(g, n, k, v, axes); err != nil {
			return err
		}
		if in[2] == nil {
			in = in[:2]
		}
		if t == nil {
			return replaceAndDrop(g, n, def.Op, in...)
		}
		y := insert(g, n, def.Op, in...)
		return replaceAndDrop(g, n, back, y)
	}
	return nil
}

// normAxis is the first axis that a layer or root mean square norm is along.
func normAxis(n *ir.Node) (int, bool) {
	axis := 0
	switch o := n.Op.(type) {
	case *op.LayerNorm:
		axis = o.Axis
	case *op.RMSNorm:
		axis = o.Axis
	default:
		return 0, false
	}
	rank, ok := n.Input(0).Type.Rank()
	if axis < 0 {
		axis += rank
	}
	return axis, ok
}

// along reports whether k, a constant, has the length of v along each of these axes, ascending ones, and broadcasts along the others.
func along(k, v *ir.Value, axes []int) bool {
	dims, of := k.Type.Dims, v.Type.Dims
	if len(dims) == 0 || !v.Type.Ranked || len(dims) > len(of) || k.Type.Elem != v.Type.Elem {
		return false
	}
	for a := range of {
		d := sym.Const(1)
		if i := a - len(of) + len(dims); i >= 0 {
			d = dims[i]
		}
		if in := slices.Contains(axes, a); in && !d.Equal(of[a]) || !in && !isUnit(d) {
			return false
		}
	}
	return true
}

// shapedAs is a constant that is along axes of v with those axes alone.
func shapedAs(g *ir.Graph, n *ir.Node, k, v *ir.Value, axes []int) (*ir.Value, error) {
	var shape []int
	for _, a := range axes {
		d, _ := v.Type.Dims[a].IsConst()
		shape = append(shape, int(d))
	}
	if slices.Equal(k.Const.Shape(), shape) {
		return k, nil
	}
	t, err := k.Const.Reshape(shape...)
	if err != nil {
		return nil, err
	}
	c, err := g.InsertBefore(n, &ir.Const{Value: t})
	if err != nil {
		return nil, err
	}
	return c.Out()[0], nil
}
