package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// quantised spells the convolution of numbers that were made of bytes, with constant weights that were, as one of these bytes, whose exact sums are made numbers:
//
//	Conv(DequantizeLinear(x, s, z), DequantizeLinear(w, t, y), bias)  →  float(ConvInteger(x, w, z, y)) · (s · t) + bias
//
// Where the result is quantised again, everything is divided by that scale beforehand.
//
// This is how quantisers of models with pairs of QuantizeLinear and DequantizeLinear spell it.
func quantised(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Conv)
		if !ok || !n.Out()[0].Used() {
			continue
		}
		x, w := dequantised(n.Input(0)), dequantised(n.Input(1))
		if x == nil || w == nil || !suitsIntegers(n, x, w) || !r.rewrite() {
			continue
		}
		if err := convolveIntegers(g, n, o, x, w); err != nil {
			return err
		}
	}
	return nil
}

// dequantised is the node that makes float32 numbers of bytes, if one computes v.
func dequantised(v *ir.Value) *ir.Node {
	n, o := nodeOf[*op.DequantizeLinear](v)
	if n == nil || o.BlockSize != 0 || v.Type.Elem != tensor.Float32 || n.Input(1).Type.Elem != tensor.Float32 {
		return nil
	}
	if d := n.Input(0).Type.Elem; d != tensor.Uint8 && d != tensor.Int8 {
		return nil
	}
	return n
}

// mostProducts is how many products of differences of bytes fit into 32 bits, at least.
const mostProducts = 1 << 31 / (255 * 255)

// suitsIntegers reports whether the scales of a convolution's input and weights are one, and one or one a channel, and sums cannot overflow.
func suitsIntegers(n, x, w *ir.Node) bool {
	k := w.Input(0).Const
	if k == nil || k.Rank() < 3 || k.Len() == 0 || k.Len()/k.Dim(0) > mostProducts {
		return false
	}
	if rank, ok := n.Input(0).Type.Rank(); !ok || rank != k.Rank() {
		return false
	}
	for _, v := range x.In()[1:] {
		if v != nil && !oneNumber(v) {
			return false
		}
	}
	axis := w.Op.(*op.DequantizeLinear).Axis
	for _, v := range w.In()[1:] {
		ofChannels := v == nil || v.Type.Equal(ir.Type{Elem: v.Type.Elem, Ranked: true, Dims: n.Input(1).Type.Dims[:1]}) && (axis == 0 || axis == -k.Rank())
		if !ofChannels && !oneNumber(v) {
			return false
		}
	}
	return true
}

// oneNumber reports whether v has one element and at most one axis.
func oneNumber(v *ir.Value) bool {
	n, ok := v.Type.NumElements().IsConst()
	return v.Type.Ranked && ok && n == 1 && len(v.Type.Dims) < 2
}

func convolveIntegers(g *ir.Graph, n *ir.Node, o *op.Conv, x, w *ir.Node) error {
	b := &builder{g: g, at: n}
	shape := []int64{-1}
	for range n.Input(1).Type.Dims[2:] {
		shape = append(shape, 1)
	}
	ofChannels := func(v *ir.Value) *ir.Value {
		return b.add(&op.Reshape{}, v, b.add(&ir.Const{Value: tensor.Must(shape, len(shape))}))
	}
	step := stepBehind(n)
	perStep := func(v *ir.Value) *ir.Value {
		if step == nil {
			return v
		}
		return b.add(&op.Binary{Fn: op.Div}, v, ofChannels(b.add(&ir.Const{Value: step.Input(1).Const})))
	}
	scale := perStep(b.add(&op.Binary{Fn: op.Mul}, ofChannels(x.Input(1)), ofChannels(w.Input(1))))
	sum := b.add(&op.ConvInteger{Window: o.Window, Group: o.Group}, x.Input(0), w.Input(0), x.Input(2), w.Input(2))
	y := b.add(&op.Binary{Fn: op.Mul}, b.add(&op.Cast{To: tensor.Float32}, sum), scale)
	if bias := n.Input(2); bias != nil {
		y = b.add(&op.Binary{Fn: op.Add}, y, perStep(ofChannels(bias)))
	}
	if b.err != nil {
		return b.err
	}
	y.Def().Name = n.Name
	old := n.Out()[0]
	y.Learn(old.Fact)
	g.ReplaceUses(old, y)
	ir.Credit(y.Def(), n)
	if step != nil {
		b.at = step
		q := *step.Op.(*op.QuantizeLinear)
		if err := replace(g, step, 0, &q, step.Input(0), b.add(&ir.Const{Value: tensor.Scalar[float32](1)}), step.Input(2)); err != nil {
			return err
		}
		g.Remove(step)
	}
	for _, d := range []*ir.Node{n, w, x} {
		removeIfUnused(g, d)
	}
	return b.err
}

// stepBehind is the node that makes bytes with a constant scale of the result of a convolution, after Relu at most, so that the scale can be divided by beforehand.
func stepBehind(n *ir.Node) *ir.Node {
	v := n.Out()[0]
	for single(v) {
		u := v.Uses()[0].Node
		switch o := u.Op.(type) {
		case *op.Unary:
			if o.Fn != op.Relu {
				return nil
			}
			v = u.Out()[0]
			continue
		case *op.QuantizeLinear:
			zero := u.Input(2)
			s, ok := scalarOf(u.Input(1))
			if o.BlockSize == 0 && o.Precision == tensor.Invalid && u.Input(0) == v && ok && s > 0 && oneNumber(u.Input(1)) && (zero == nil || oneNumber(zero)) && s != 1 {
				return u
			}
		}
		return nil
	}
	return nil
}
