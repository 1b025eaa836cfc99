package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
)

// contract spells contractions one way: Gemm as a matrix product, a scale and a sum, and transposed operands as flags of the product,
// so that rows of operands are contiguous where either spelling allows it.
func contract(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		var err error
		switch o := n.Op.(type) {
		case *op.Gemm:
			err = splitGemm(r, g, n, o)
		case *op.MatMul:
			err = absorbTranspose(r, g, n, o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func splitGemm(r *run, g *ir.Graph, n *ir.Node, o *op.Gemm) error {
	if !isFloat32(n.Out()[0]) || !r.rewrite() {
		return nil
	}
	add := func(o ir.Op, in ...*ir.Value) (*ir.Value, error) {
		m, err := g.InsertBefore(n, o, in...)
		if err != nil {
			return nil, err
		}
		m.Name = n.Name
		return m.Out()[0], nil
	}
	scaled := func(v *ir.Value, k float32) (*ir.Value, error) {
		if k == 1 {
			return v, nil
		}
		c, err := constantLike(g, n, v, float64(k))
		if err != nil {
			return nil, err
		}
		return add(&op.Binary{Fn: op.Mul}, v, c)
	}
	y, err := add(&op.MatMul{TransA: o.TransA, TransB: o.TransB}, n.Input(0), n.Input(1))
	if err != nil {
		return err
	}
	if y, err = scaled(y, o.Alpha); err != nil {
		return err
	}
	if c := n.Input(2); c != nil && o.Beta != 0 {
		if c, err = scaled(c, o.Beta); err != nil {
			return err
		}
		if y, err = add(&op.Binary{Fn: op.Add}, y, c); err != nil {
			return err
		}
	}
	y.Learn(n.Out()[0].Fact)
	g.ReplaceUses(n.Out()[0], y)
	removeIfUnused(g, n)
	return nil
}

// absorbTranspose makes a transposition of the last two axes of an operand a flag of the product. Where the transposition moves other axes
// too, the flag is chosen so that the last axis of what is transposed stays last.
func absorbTranspose(r *run, g *ir.Graph, n *ir.Node, o *op.MatMul) error {
	for i := range 2 {
		t, tr := nodeOf[*op.Transpose](n.Input(i))
		if t == nil || len(tr.Perm) < 2 {
			continue
		}
		last := len(tr.Perm) - 1
		if other, ok := n.Input(1 - i).Type.Rank(); !ok || other < 2 || tr.Perm[last-1] != last || !r.rewrite() {
			continue
		}
		perm := slices.Clone(tr.Perm)
		perm[last-1], perm[last] = perm[last], perm[last-1]
		m := *o
		if i == 0 {
			m.TransA = !m.TransA
		} else {
			m.TransB = !m.TransB
		}
		in := slices.Clone(n.In())
		if isIdentityPerm(perm) {
			in[i] = t.Input(0)
		} else {
			moved, err := g.InsertBefore(n, &op.Transpose{Perm: perm}, t.Input(0))
			if err != nil {
				return err
			}
			moved.Name = t.Name
			in[i] = moved.Out()[0]
		}
		return replaceAndDrop(g, n, &m, in...)
	}
	return nil
}

func isIdentityPerm(perm []int) bool {
	for i, a := range perm {
		if a != i {
			return false
		}
	}
	return true
}
