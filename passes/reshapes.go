package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// reshapes makes every change of shape whose result is known symbolically a Reshape to explicit dimensions, looks through chains
// of them, and drops those that change nothing.
func reshapes(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if !changesShape(n) || n.Input(0).Const != nil {
			continue
		}
		v := n.Out()[0]
		t := v.Type
		if !t.Ranked || !v.Used() {
			continue
		}
		src := n.Input(0)
		for src.Def() != nil && changesShape(src.Def()) {
			src = src.Def().Input(0)
		}
		if sameDims(src.Type, t) {
			if !src.IsGraphInput() || !v.IsOutput() {
				if r.rewrite() {
					g.ReplaceUses(v, src)
					removeIfUnused(g, n)
				}
				continue
			}
		}
		target, explicit := reshapeTarget(t)
		if !explicit || alreadyExplicit(n, src, target) || !r.rewrite() {
			continue
		}
		shape, err := g.InsertBefore(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(target)}, Exprs: target})
		if err != nil {
			return err
		}
		if err := replace(g, n, 0, &op.Reshape{AllowZero: true}, src, shape.Out()[0]); err != nil {
			return err
		}
		removeIfUnused(g, n)
	}
	return nil
}

func changesShape(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.Reshape, *op.Squeeze, *op.Unsqueeze, *op.Flatten:
		return true
	}
	return false
}

// reshapeTarget is the shape as it stands in the second input of a Reshape; dimensions that depend on data have no expression
// there, but one of them is what is left over.
func reshapeTarget(t ir.Type) ([]sym.Expr, bool) {
	target := append([]sym.Expr{}, t.Dims...)
	left := false
	for i, d := range target {
		if d.HasFresh() {
			if left {
				return nil, false
			}
			target[i], left = sym.Const(-1), true
		}
	}
	return target, true
}

// alreadyExplicit reports whether n is a Reshape of src to exactly that target.
func alreadyExplicit(n *ir.Node, src *ir.Value, target []sym.Expr) bool {
	o, ok := n.Op.(*op.Reshape)
	if !ok || !o.AllowZero || n.Input(0) != src {
		return false
	}
	e := n.Input(1).Sym
	if e == nil && n.Input(1).Const != nil && n.Input(1).Const.Len() == 0 {
		return len(target) == 0
	}
	if len(e) != len(target) {
		return false
	}
	for i := range e {
		if !e[i].Equal(target[i]) {
			return false
		}
	}
	return true
}

// sameDims reports whether two types provably describe the same shape.
func sameDims(a, b ir.Type) bool { return a.Ranked && b.Ranked && a.Equal(b) }
