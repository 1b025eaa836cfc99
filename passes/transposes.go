package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// transposes makes one transpose of two in a row.
func transposes(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		outer, ok := n.Op.(*op.Transpose)
		if !ok || n.Input(0).Def() == nil {
			continue
		}
		inner, ok := n.Input(0).Def().Op.(*op.Transpose)
		if !ok || len(outer.Perm) == 0 || len(inner.Perm) != len(outer.Perm) || !r.rewrite() {
			continue
		}
		perm := make([]int, len(outer.Perm))
		for i, a := range outer.Perm {
			perm[i] = inner.Perm[a]
		}
		if err := replace(g, n, 0, &op.Transpose{Perm: perm}, n.Input(0).Def().Input(0)); err != nil {
			return err
		}
		removeIfUnused(g, n)
	}
	return nil
}
