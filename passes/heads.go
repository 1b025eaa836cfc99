package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// heads takes the exchange of heads and rows into the operators that can read either layout: attention of operands that were exchanged, whose
// result is exchanged back, works on [B, S, H·D], and so does a rotary embedding of an operand that was exchanged.
func heads(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		var err error
		switch o := n.Op.(type) {
		case *op.Attention:
			err = attentionByRows(r, g, n, o)
		case *op.Rotary:
			err = rotaryByRows(r, g, n, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exchanged is [B, S, H, D] of which v is [B, H, S, D]; nil if v is not such a transpose, or if H or D is not known.
func exchanged(v *ir.Value) *ir.Value {
	n, o := nodeOf[*op.Transpose](v)
	if n == nil || !slices.Equal(o.Perm, []int{0, 2, 1, 3}) {
		return nil
	}
	for _, d := range n.Input(0).Type.Dims[2:] {
		if _, ok := d.IsConst(); !ok {
			return nil
		}
	}
	return n.Input(0)
}

// sideBySide reshapes [B, S, H, D] to [B, S, H·D] before n.
func sideBySide(g *ir.Graph, n *ir.Node, x *ir.Value) (*ir.Value, error) {
	d := x.Type.Dims
	return reshapeBefore(g, n, x, d[0], d[1], d[2].Mul(d[3]))
}

// reshapeBefore adds a reshape of x before n.
func reshapeBefore(g *ir.Graph, n *ir.Node, x *ir.Value, dims ...sym.Expr) (*ir.Value, error) {
	shape, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(dims)}, Exprs: dims})
	if err != nil {
		return nil, err
	}
	y, err := g.InsertBefore(n, &op.Reshape{AllowZero: true}, x, shape.Out()[0])
	if err != nil {
		return nil, err
	}
	y.Name = n.Name
	return y.Out()[0], nil
}

func attentionByRows(r *run, g *ir.Graph, n *ir.Node, o *op.Attention) error {
	m, in := *o, slices.Clone(n.In())
	size := func(v *ir.Value, axis int) int { k, _ := v.Type.Dims[axis].IsConst(); return int(k) }
	var back *ir.Node // exchanges the result
	if q, y := exchanged(in[op.AttentionQ]), n.Out()[0]; q != nil && single(y) {
		t, ok := y.Uses()[0].Node.Op.(*op.Transpose)
		if ok && slices.Equal(t.Perm, []int{0, 2, 1, 3}) {
			back, in[op.AttentionQ], m.Heads = y.Uses()[0].Node, q, size(q, 2)
		}
	}
	if rank, ok := in[op.AttentionQ].Type.Rank(); back == nil && (!ok || rank == 4) {
		return nil
	}
	turned := []int{op.AttentionQ}
	if back == nil {
		turned = nil
	}
	for _, i := range []int{op.AttentionK, op.AttentionV} {
		if x := exchanged(in[i]); x != nil {
			in[i], m.KVHeads, turned = x, size(x, 2), append(turned, i)
		}
	}
	if turned == nil || !r.rewrite() {
		return nil
	}
	var err error
	for _, i := range turned {
		if in[i], err = sideBySide(g, n, in[i]); err != nil {
			return err
		}
	}
	rows, err := g.InsertBefore(n, &m, in...)
	if err != nil {
		return err
	}
	rows.Name = n.Name
	for i, v := range n.Out() {
		if i > 0 || back == nil {
			g.ReplaceUses(v, rows.Out()[i])
		}
	}
	if back != nil {
		v, err := reshapeBefore(g, back, rows.Out()[0], back.Out()[0].Type.Dims...)
		if err != nil {
			return err
		}
		g.ReplaceUses(back.Out()[0], v)
		g.Remove(back)
	}
	ir.Credit(rows, n)
	g.Remove(n)
	return nil
}

func rotaryByRows(r *run, g *ir.Graph, n *ir.Node, o *op.Rotary) error {
	x := exchanged(n.Input(0))
	if x == nil || !r.rewrite() {
		return nil
	}
	m, in := *o, slices.Clone(n.In())
	k, _ := x.Type.Dims[2].IsConst()
	m.Heads = int(k)
	var err error
	if in[0], err = sideBySide(g, n, x); err != nil {
		return err
	}
	rows, err := g.InsertBefore(n, &m, in...)
	if err != nil {
		return err
	}
	rows.Name = n.Name
	v, err := reshapeBefore(g, n, rows.Out()[0], x.Type.Dims...)
	if err != nil {
		return err
	}
	return replaceAndDrop(g, n, &op.Transpose{Perm: []int{0, 2, 1, 3}}, v)
}
