package export

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// joined is g with keys and values joined with past ones outside of those attentions whose queries stand elsewhere than behind the past, or that
// have slopes, which the ONNX operator cannot say of a cache. It is g itself if there are none.
func joined(g *ir.Graph) (*ir.Graph, error) {
	found := false
	g.Walk(func(n *ir.Node) { found = found || joins(n) })
	if !found {
		return g, nil
	}
	g = g.Clone()
	return g, joinIn(g)
}

func joins(n *ir.Node) bool {
	o, ok := n.Op.(*op.Attention)
	return ok && o.Append && (n.Input(op.AttentionStart) != nil || n.Input(op.AttentionSlopes) != nil)
}

func joinIn(g *ir.Graph) error {
	for n := range g.Nodes() {
		for _, b := range ir.Bodies(n.Op) {
			if err := joinIn(b); err != nil {
				return err
			}
		}
		if joins(n) {
			if err := join(g, n); err != nil {
				return &ir.NodeError{Node: n, Err: err}
			}
		}
	}
	return nil
}

func join(g *ir.Graph, n *ir.Node) error {
	o, in := *n.Op.(*op.Attention), slices.Clone(n.In())
	var err error
	add := func(operator ir.Op, in ...*ir.Value) *ir.Value {
		if err != nil {
			return nil
		}
		var m *ir.Node
		if m, err = g.InsertBefore(n, operator, in...); err != nil {
			return nil
		}
		return m.Out()[0]
	}
	past := in[op.AttentionPastK]
	for i := range 2 {
		x := in[op.AttentionK+i]
		if rank, _ := x.Type.Rank(); rank == 3 {
			apart := add(&ir.Const{Value: tensor.Must([]int64{0, 0, int64(heads(&o)), -1}, 4)})
			x = add(&op.Transpose{Perm: []int{0, 2, 1, 3}}, add(&op.Reshape{}, x, apart))
		}
		x = add(&op.Concat{Axis: 2}, in[op.AttentionPastK+i], x)
		in[op.AttentionK+i], in[op.AttentionPastK+i] = x, nil
		if err == nil {
			g.ReplaceUses(n.Out()[1+i], x)
		}
	}
	if len(past.Type.Dims) != 4 {
		return fmt.Errorf("the rank of the past keys is not known")
	}
	if in[op.AttentionStart] == nil {
		in[op.AttentionStart] = add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{past.Type.Dims[2]}})
	}
	o.Append = false
	y := add(&o, in...)
	if err != nil {
		return err
	}
	for i, v := range y.Def().Out() {
		if i != 1 && i != 2 {
			g.ReplaceUses(n.Out()[i], v)
		}
	}
	y.Def().Name = n.Name
	g.Remove(n)
	return nil
}
