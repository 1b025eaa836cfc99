package passes

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// branch moves the body that an If of a known condition takes into the graph around it.
func branch(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.If)
		if !ok || n.Input(0).Const == nil || n.Input(0).Const.Len() != 1 || !r.rewrite() {
			continue
		}
		body := o.Else
		if n.Input(0).Const.Int64(0) != 0 {
			body = o.Then
		}
		outs, err := splice(g, n, body, n.In()[1:])
		if err != nil {
			return err
		}
		for i, v := range outs {
			g.ReplaceUses(n.Out()[i], v)
		}
		removeIfUnused(g, n)
	}
	return nil
}

// splice copies the nodes of a body before n, its inputs replaced by values of g, and returns what its outputs are there.
func splice(g *ir.Graph, n *ir.Node, body *ir.Graph, in []*ir.Value) ([]*ir.Value, error) {
	m := map[*ir.Value]*ir.Value{}
	for i, v := range body.Inputs() {
		m[v] = in[i]
	}
	for b := range body.Nodes() {
		args := make([]*ir.Value, len(b.In()))
		for i, v := range b.In() {
			if v != nil {
				args[i] = m[v]
			}
		}
		c, err := g.InsertBefore(n, b.Op, args...)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", b, err)
		}
		c.Name, c.Origin = b.Name, b.Origin
		for i, v := range b.Out() {
			c.Out()[i].Name = v.Name
			m[v] = c.Out()[i]
		}
	}
	outs := make([]*ir.Value, len(body.Outputs()))
	for i, o := range body.Outputs() {
		outs[i] = m[o.Value]
	}
	return outs, nil
}
