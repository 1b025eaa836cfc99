package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// transposes makes one transpose of two in a row, and takes reshapes away that merge leading axes only for the time of a transpose of the axes
// behind them.
func transposes(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if err := unmerge(r, g, n); err != nil {
			return err
		}
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

// unmerge makes Reshape(Transpose(Reshape(x))) a transpose of x where the first reshape merges leading axes, the transpose leaves the merged axis
// in front, and the last reshape splits it again.
func unmerge(r *run, g *ir.Graph, n *ir.Node) error {
	if _, ok := n.Op.(*op.Reshape); !ok {
		return nil
	}
	mid, t := nodeOf[*op.Transpose](n.Input(0))
	if mid == nil || len(t.Perm) < 2 || t.Perm[0] != 0 {
		return nil
	}
	in, _ := nodeOf[*op.Reshape](mid.Input(0))
	if in == nil || !in.Input(0).Type.Ranked || !n.Out()[0].Type.Ranked {
		return nil
	}
	x, merged, y := in.Input(0).Type.Dims, mid.Input(0).Type.Dims, n.Out()[0].Type.Dims
	more := len(x) - len(merged)
	if more < 1 || len(y) != len(x) || !sym.Product(x[:more+1]...).Equal(merged[0]) {
		return nil
	}
	perm := make([]int, len(x))
	for i := range perm {
		if perm[i] = i; i > more {
			perm[i] = t.Perm[i-more] + more
		}
		if !y[i].Equal(x[perm[i]]) || i > more && !merged[i-more].Equal(x[i]) {
			return nil
		}
	}
	if !r.rewrite() {
		return nil
	}
	return replaceAndDrop(g, n, &op.Transpose{Perm: perm}, in.Input(0))
}
