package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// recurrentUses sorts the uses of a value: those by recurrent operators as one of their matrices, and whether there are others.
func recurrentUses(v *ir.Value) (matrices []ir.Use, others bool) {
	others = v.IsOutput()
	for _, u := range v.Uses() {
		if _, ok := recurrentOf(u.Node.Op); ok && (u.Index == 1 || u.Index == 2) && isFloat32(v) {
			matrices = append(matrices, u)
		} else {
			others = true
		}
	}
	return matrices, others
}

// onlyRecurs reports whether a value is read as a matrix of recurrent operators alone.
func onlyRecurs(v *ir.Value) bool {
	matrices, others := recurrentUses(v)
	return len(v.Type.Dims) == 3 && len(matrices) > 0 && !others
}

// recurrentWeight rounds the constant that n is, if that is a matrix of recurrent operators, `[dirs, rows, cols]`: to 8 bits with a scale a row, for the error of a
// state goes into all that come after it.
func (o WeightOptions) recurrentWeight(n *ir.Node) (*Weight, error) {
	v := n.Out()[0]
	matrices, others := recurrentUses(v)
	if len(matrices) == 0 {
		return nil, nil
	}
	t := v.Const
	w := &Weight{Name: v.Name, Shape: t.Shape(), Format: "float32", Bytes: len(t.Bytes())}
	switch {
	case o.few(t):
		w.Because = o.tooFew()
		return w, nil
	case others:
		w.Because = "something else reads it too"
		return w, nil
	}
	dirs, rows, cols := t.Dim(0), t.Dim(1), t.Dim(2)
	r := o.round(w, tensor.View(t.DType(), []int{dirs * rows, cols}, t.Bytes()), 1, nil, WeightFormat{Bits: 8})
	if r == nil {
		return w, nil
	}
	b := &builder{g: n.Graph(), at: n, name: v.Name}
	dequantize, shape := &op.DequantizeLinear{Axis: 1}, []int{rows}
	if dirs > 1 { // rows of one number are a scale for a block as long as they are
		dequantize, shape = &op.DequantizeLinear{Axis: 2, BlockSize: cols}, []int{dirs, rows, 1}
	}
	q := b.constant(tensor.View(r.q.DType(), t.Shape(), r.q.Bytes()), QuantizedSuffix)
	scale := b.constant(tensor.View(tensor.Float32, shape, r.scale.Bytes()), "_scale")
	d := b.add(dequantize, q, scale)
	for _, u := range matrices {
		if b.err == nil {
			b.g.SetInput(u.Node, u.Index, d)
		}
	}
	if b.err == nil {
		removeIfUnused(b.g, n)
		if o.Release != nil {
			o.Release(t.Bytes())
		}
	}
	return w, b.err
}
