package passes

import (
	"slices"

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

// unmerge makes Reshape(Transpose(Reshape(x))) a transpose of a reshape where the transpose leaves the first axis in front and the last reshape splits
// that axis only.
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
	merged, y := mid.Input(0).Type.Dims, n.Out()[0].Type.Dims
	rest := len(merged) - 1
	to := len(y) - rest // leading axes of the result
	if to < 2 || !sym.Product(y[:to]...).Equal(merged[0]) {
		return nil
	}
	split := append(slices.Clone(y[:to]), merged[1:]...)
	perm := make([]int, len(y))
	for i := range to {
		perm[i] = i
	}
	for i := range rest {
		perm[to+i] = t.Perm[1+i] - 1 + to
		if !y[to+i].Equal(merged[t.Perm[1+i]]) {
			return nil
		}
	}
	if slices.ContainsFunc(split, sym.Expr.HasFresh) || !r.rewrite() {
		return nil
	}
	shaped, err := reshapeBefore(g, n, in.Input(0), split...)
	if err != nil {
		return err
	}
	return replaceAndDrop(g, n, &op.Transpose{Perm: perm}, shaped)
}
