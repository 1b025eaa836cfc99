package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// carried makes values that a Loop hands from iteration to iteration as they are values that its body takes from outside.
func carried(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Loop)
		if !ok {
			continue
		}
		same := unchanged(o)
		if len(same) == 0 || !r.rewrite() {
			continue
		}
		if err := captureCarried(g, n, o, same); err != nil {
			return err
		}
	}
	return nil
}

// unchanged lists the carried values that a body gives as it takes them.
func unchanged(o *op.Loop) []int {
	var list []int
	for j := range o.Carried {
		if op.PassesOn(o.Body, 2+j, 1+j) {
			list = append(list, j)
		}
	}
	return list
}

// captureCarried replaces a loop by one that carries all values but those.
func captureCarried(g *ir.Graph, n *ir.Node, o *op.Loop, same []int) error {
	in := slices.Clone(n.In())
	for _, j := range same {
		v := o.Body.Inputs()[2+j]
		o.Body.ReplaceUses(v, o.Body.AddInput(v.Name, v.Type))
		in = append(in, n.Input(2+j))
	}
	outs := slices.Clone(o.Body.Outputs())
	for _, j := range slices.Backward(same) {
		outs = slices.Delete(outs, 1+j, 2+j)
		in = slices.Delete(in, 2+j, 3+j)
	}
	o.Body.SetOutputs(outs...)
	for _, j := range slices.Backward(same) {
		o.Body.RemoveInput(2 + j)
	}
	m, err := g.InsertBefore(n, &op.Loop{Carried: o.Carried - len(same), Body: o.Body}, in...)
	if err != nil {
		return err
	}
	m.Name = n.Name
	next := 0
	for j, v := range n.Out() {
		if slices.Contains(same, j) {
			g.ReplaceUses(v, n.Input(2+j))
			continue
		}
		m.Out()[next].Learn(v.Fact)
		g.ReplaceUses(v, m.Out()[next])
		next++
	}
	ir.Credit(m, n)
	g.Remove(n)
	return nil
}
