package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// transposes makes one transpose of two in a row, also where axes of length 1 come or go between them, and takes reshapes away that merge leading
// axes only for the time of a transpose of the axes behind them.
func transposes(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if err := unmerge(r, g, n); err != nil {
			return err
		}
		if err := throughUnits(r, g, n); err != nil {
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

// throughUnits makes Transpose(Reshape(Transpose(x))) a reshape of two transposes in a row where the reshape adds or drops axes of length 1 only.
func throughUnits(r *run, g *ir.Graph, n *ir.Node) error {
	outer, ok := n.Op.(*op.Transpose)
	if !ok {
		return nil
	}
	mid, _ := nodeOf[*op.Reshape](n.Input(0))
	if mid == nil {
		return nil
	}
	inner, _ := nodeOf[*op.Transpose](mid.Input(0))
	x, y, z := mid.Input(0).Type, mid.Out()[0].Type, n.Out()[0].Type
	if inner == nil || !x.Ranked || !y.Ranked || !z.Ranked || len(outer.Perm) != len(y.Dims) || slices.ContainsFunc(z.Dims, sym.Expr.HasFresh) {
		return nil
	}
	var perm, units []int
	from := make([]int, len(y.Dims)) // by axis of y that is not 1, the axis of x
	at := 0
	for i, d := range x.Dims {
		if isUnit(d) {
			units = append(units, i)
			continue
		}
		for at < len(y.Dims) && isUnit(y.Dims[at]) {
			at++
		}
		if at == len(y.Dims) || !y.Dims[at].Equal(d) {
			return nil
		}
		from[at] = i
		at++
	}
	if slices.ContainsFunc(y.Dims[at:], func(d sym.Expr) bool { return !isUnit(d) }) || len(y.Dims) == len(x.Dims) && len(units) == 0 {
		return nil
	}
	for _, a := range outer.Perm {
		if !isUnit(y.Dims[a]) {
			perm = append(perm, from[a])
		}
	}
	if !r.rewrite() {
		return nil
	}
	moved := insert(g, n, &op.Transpose{Perm: append(perm, units...)}, mid.Input(0))
	shaped, err := reshapeBefore(g, n, moved, z.Dims...)
	if err != nil {
		return err
	}
	g.ReplaceUses(n.Out()[0], shaped)
	ir.Credit(shaped.Def(), n)
	removeIfUnused(g, n)
	return nil
}
