package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// channels takes constant factors and summands of channels into the weights and the bias of the convolution before them, and moves changes of shape that only
// drop or add axes of length 1 behind axis 1 of a convolution's result behind what works on each element.
func channels(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if len(n.Out()) == 0 || !n.Out()[0].Used() {
			continue
		}
		var err error
		switch o := n.Op.(type) {
		case *op.Unary:
			if conv, shape := convolutionOf(n.Input(0)); conv != nil && shape != nil && r.rewrite() {
				err = shapedLater(g, n, shape)
			}
		case *op.Binary:
			if o.Fn == op.Add || o.Fn == op.Mul {
				err = constantOfChannels(r, g, n, o.Fn)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// convolutionOf is the convolution that computes v, which nothing else uses, and the change of shape between the two, or nil.
func convolutionOf(v *ir.Value) (conv, shape *ir.Node) {
	if v.Type.Elem != tensor.Float32 || !v.Type.Ranked || !single(v) {
		return nil, nil
	}
	if n, _ := nodeOf[*op.Reshape](v); n != nil {
		x := n.Input(0)
		if !single(x) || !unitsBehindChannels(x.Type, v.Type) {
			return nil, nil
		}
		shape, v = n, x
	}
	if shape != nil {
		for n := defOf(v); n != nil; n = defOf(v) { // what works on each element and was moved before
			if _, ok := n.Op.(*op.Unary); !ok {
				break
			}
			v = n.Input(0)
		}
	}
	if conv, _ = nodeOf[*op.Conv](v); conv == nil {
		conv, _ = nodeOf[*op.ConvTranspose](v)
	}
	if conv == nil {
		return nil, nil
	}
	return conv, shape
}

// unitsBehindChannels reports whether two shapes are the same but for axes of length 1 behind axis 1.
func unitsBehindChannels(a, b ir.Type) bool {
	if !a.Ranked || !b.Ranked || len(a.Dims) < 2 || len(b.Dims) < 2 || !a.Dims[0].Equal(b.Dims[0]) || !a.Dims[1].Equal(b.Dims[1]) {
		return false
	}
	x, y := slices.DeleteFunc(slices.Clone(a.Dims[2:]), isUnit), slices.DeleteFunc(slices.Clone(b.Dims[2:]), isUnit)
	return slices.EqualFunc(x, y, sym.Expr.Equal)
}

// shapedLater applies n before the change of shape that computes its input.
func shapedLater(g *ir.Graph, n, shape *ir.Node) error {
	m, err := g.InsertBefore(n, n.Op, shape.Input(0))
	if err != nil {
		return err
	}
	m.Name = n.Name
	return replaceAndDrop(g, n, shape.Op, m.Out()[0], shape.Input(1))
}

// constantOfChannels takes a constant for each channel, or one for all, into the convolution.
func constantOfChannels(r *run, g *ir.Graph, n *ir.Node, fn op.BinaryFn) error {
	v, k := n.Input(0), n.Input(1)
	if k.Const == nil || k.Type.Elem != tensor.Float32 || v.Const != nil || !n.Out()[0].Type.Equal(v.Type) {
		return nil
	}
	conv, shape := convolutionOf(v)
	if conv == nil || shape != nil && defOf(shape.Input(0)) != conv {
		return nil
	}
	w, bias := conv.Input(1).Const, conv.Input(2)
	if w == nil || w.Rank() < 3 || bias != nil && bias.Const == nil {
		return nil
	}
	outs, channel := resultChannels(conv.Op, w)
	each := ofEachChannel(k.Const, len(v.Type.Dims), outs)
	if each == nil || fn == op.Mul && !single(conv.Input(1)) {
		return nil
	}
	sum, scaled := tensor.New(tensor.Float32, outs), w
	b := tensor.Data[float32](sum)
	if bias != nil {
		copy(b, tensor.Data[float32](bias.Const))
	}
	for i, k := range each {
		if fn == op.Add {
			b[i] += k
		} else {
			b[i] *= k
		}
	}
	if fn == op.Mul {
		scaled = tensor.New(tensor.Float32, w.Shape()...)
		to, from := tensor.Data[float32](scaled), tensor.Data[float32](w)
		for i, v := range from {
			to[i] = v * each[channel(i)]
		}
	}
	if slices.ContainsFunc(b, notFinite) || fn == op.Mul && slices.ContainsFunc(tensor.Data[float32](scaled), notFinite) || !r.rewrite() {
		return nil
	}
	weights := conv.Input(1)
	if fn == op.Mul {
		weights = insert(g, n, &ir.Const{Value: scaled})
	}
	m, err := g.InsertBefore(n, conv.Op, conv.Input(0), weights, insert(g, n, &ir.Const{Value: sum}))
	if err != nil {
		return err
	}
	m.Name = n.Name
	if shape != nil {
		return replaceAndDrop(g, n, shape.Op, m.Out()[0], shape.Input(1))
	}
	g.ReplaceUses(n.Out()[0], m.Out()[0])
	ir.Credit(m, n)
	removeIfUnused(g, n)
	return nil
}

// resultChannels is how many channels the result of a convolution has, and for which of them element i of the weights is.
func resultChannels(o ir.Op, w *tensor.Tensor) (n int, of func(i int) int) {
	t, transposed := o.(*op.ConvTranspose)
	if !transposed { // [M, C/groups, kernel…]
		n, per := w.Dim(0), max(1, w.Len()/max(1, w.Dim(0)))
		return n, func(i int) int { return i / per }
	}
	groups, per := max(1, t.Group), w.Dim(1) // [C, M/groups, kernel…]
	taps := max(1, w.Len()/max(1, w.Dim(0)*per))
	in := max(1, w.Dim(0)/groups)
	return per * groups, func(i int) int { return i/taps/per/in*per + i/taps%per }
}

// ofEachChannel is a constant, which broadcasts to some rank, by element of axis 1; nil if it differs along another axis.
func ofEachChannel(t *tensor.Tensor, rank, n int) []float32 {
	k := tensor.Data[float32](t)
	if len(k) == 1 {
		return slices.Repeat(k, n)
	}
	if axis := 1 - (rank - t.Rank()); axis < 0 || axis >= t.Rank() || t.Dim(axis) != n || t.Len() != n {
		return nil
	}
	return k
}
