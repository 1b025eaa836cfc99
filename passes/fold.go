package passes

import (
	"context"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// fold evaluates nodes all of whose inputs are constants. Results larger than MaxFold, and larger than what goes in, are left
// to the program, and so are weights of products that are kept as integers and large tables whose columns are gathered; what fails to evaluate is left
// to fail when the program runs.
func fold(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if !foldable(r, n) || !r.rewrite() {
			continue
		}
		c := &ir.EvalContext{Context: context.Background(), In: make([]tensor.Value, len(n.In()))}
		for i, v := range n.In() {
			if v != nil {
				c.In[i] = v.Const
			}
		}
		if ir.CallEval(n.Op, c) != nil {
			r.rewrites--
			continue
		}
		for i, v := range n.Out() {
			t, ok := at(c.Out, i).(*tensor.Tensor)
			if !ok || !v.Used() {
				continue
			}
			if err := replace(g, n, i, &ir.Const{Value: t}); err != nil {
				return err
			}
		}
		removeIfUnused(g, n)
	}
	return nil
}

func at(list []tensor.Value, i int) tensor.Value {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// onlyMultiplies reports whether a matrix is read as the right operand of products alone.
func onlyMultiplies(v *ir.Value) bool {
	products, gathers, others := usesOf(v)
	return len(v.Type.Dims) == 2 && len(products) > 0 && len(gathers) == 0 && !others
}

const largeTable = 1 << 20 // bytes of a table from which on a transposed copy is not worth its memory

// isTableOfColumns reports whether a node transposes a large constant matrix for one gather of rows, which can take columns of the matrix instead. A
// language model may multiply by the same matrix at its end.
func isTableOfColumns(n *ir.Node) bool {
	turn, ok := n.Op.(*op.Transpose)
	if !ok || len(turn.Perm) > 0 && isIdentityPerm(turn.Perm) {
		return false
	}
	v := n.Out()[0]
	t := n.Input(0).Const
	if t == nil || t.Rank() != 2 || len(t.Bytes()) < largeTable || v.IsOutput() || len(v.Uses()) != 1 {
		return false
	}
	o, ok := v.Uses()[0].Node.Op.(*op.Gather)
	return ok && o.Axis == 0 && v.Uses()[0].Index == 0
}

func foldable(r *run, n *ir.Node) bool {
	switch n.Op.(type) {
	case *ir.Const, *ir.Dims:
		return false
	case *op.DequantizeLinear:
		if onlyMultiplies(n.Out()[0]) || onlyRecurs(n.Out()[0]) {
			return false
		}
	case *op.Transpose:
		if isTableOfColumns(n) {
			return false
		}
	}
	if len(n.In()) == 0 || ir.IsImpure(n.Op) || ir.Bodies(n.Op) != nil {
		return false
	}
	if !slices.ContainsFunc(n.Out(), (*ir.Value).Used) {
		return false
	}
	in := 0
	for _, v := range n.In() {
		if v == nil {
			continue
		}
		if v.Const == nil {
			return false
		}
		in += v.Const.DType().ByteLen(v.Const.Len())
	}
	out := 0
	for _, v := range n.Out() {
		shape, ok := v.Type.Static()
		if !ok {
			if v.Used() && v.Type.Kind == ir.KindTensor && v.Type.Ranked {
				continue // depends on data that is known: small, since the inputs are
			}
			return false
		}
		size, err := tensor.NumElements(shape)
		if err != nil {
			return false
		}
		out += v.Type.Elem.ByteLen(size)
	}
	return out <= r.MaxFold || out <= in
}
