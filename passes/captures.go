package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// captures removes values that the bodies of an If, Loop or Scan take from outside and do not use, and tells bodies what is known of those that
// they use.
func captures(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		first := fixedInputs(n.Op)
		if first < 0 {
			continue
		}
		bodies := ir.Bodies(n.Op)
		offset := len(n.In()) - len(bodies[0].Inputs()) // the condition of an If is no input of its bodies
		for i := len(n.In()) - 1; i >= first; i-- {
			used := slices.ContainsFunc(bodies, func(b *ir.Graph) bool { return b.Inputs()[i-offset].Used() })
			for _, b := range bodies {
				if v := b.Inputs()[i-offset]; used && n.Input(i).Const != nil && v.Const == nil && r.rewrite() {
					v.Learn(n.Input(i).Fact)
				}
			}
			if used || !r.rewrite() {
				continue
			}
			in := slices.Delete(slices.Clone(n.In()), i, i+1)
			for _, b := range bodies {
				b.RemoveInput(i - offset)
			}
			g.SetInputs(n, in)
		}
	}
	return nil
}

// fixedInputs is the number of inputs before those that bodies capture, −1 for operators without bodies.
func fixedInputs(o ir.Op) int {
	switch o := o.(type) {
	case *op.If:
		return 1
	case *op.Loop:
		return 2 + o.Carried
	case *op.Scan:
		return o.States + o.Scanned
	}
	return -1
}
