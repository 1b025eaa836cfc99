package passes

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// identities replaces the result of a node that changes nothing by its input.
func identities(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		x := passedOn(n)
		if x == nil || x.IsGraphInput() && n.Out()[0].IsOutput() || !r.rewrite() {
			continue
		}
		g.ReplaceUses(n.Out()[0], x)
		if d := x.Def(); d != nil {
			d.Origin = d.Origin.With(n.Origin)
		}
		removeIfUnused(g, n)
	}
	return nil
}

// passedOn is the input that the only result of n equals, nil if there is none.
func passedOn(n *ir.Node) *ir.Value {
	if len(n.Out()) != 1 {
		return nil
	}
	y := n.Out()[0]
	switch o := n.Op.(type) {
	case *op.Identity:
		return n.Input(0)
	case *op.Cast:
		if n.Input(0).Type.Elem == o.To {
			return n.Input(0)
		}
	case *op.Transpose:
		for i, a := range o.Perm {
			if a != i {
				return nil
			}
		}
		if t := n.Input(0).Type; len(o.Perm) > 0 || t.Ranked && len(t.Dims) <= 1 {
			return n.Input(0)
		}
	case *op.Expand, *op.Tile, *op.Slice, *op.Pad:
		if sameDims(n.Input(0).Type, y.Type) && keepsOrder(n) {
			return n.Input(0)
		}
	case *op.Concat:
		return onlyPart(n, o)
	case *op.Split:
		if sameDims(n.Input(0).Type, y.Type) {
			return n.Input(0)
		}
	case *op.Binary:
		return neutral(o.Fn, n)
	}
	return nil
}

// onlyPart is the one operand of a Concat that is not empty.
func onlyPart(n *ir.Node, o *op.Concat) *ir.Value {
	var only *ir.Value
	for _, v := range n.In() {
		axis, d := o.Axis, v.Type.Dims
		if axis < 0 {
			axis += len(d)
		}
		if len(n.In()) > 1 && axis < len(d) && axis >= 0 {
			if size, ok := d[axis].IsConst(); ok && size == 0 {
				continue
			}
		}
		if only != nil {
			return nil
		}
		only = v
	}
	if only == nil || len(n.In()) > 1 && !sameDims(only.Type, n.Out()[0].Type) {
		return nil
	}
	return only
}

// keepsOrder reports whether an operator whose result has the shape of its input also has its elements in place.
func keepsOrder(n *ir.Node) bool {
	switch n.Op.(type) {
	case *op.Expand, *op.Tile:
		return true
	case *op.Slice:
		if n.Input(4) == nil {
			return true
		}
		return positive(n.Input(4))
	case *op.Pad:
		return n.Input(1).Const != nil && zeros(n.Input(1).Const)
	}
	return false
}

func positive(v *ir.Value) bool {
	if v.Const == nil {
		return false
	}
	for _, x := range tensor.Int64s(v.Const) {
		if x < 0 {
			return false
		}
	}
	return true
}

func zeros(t *tensor.Tensor) bool {
	for _, x := range tensor.Int64s(t) {
		if x != 0 {
			return false
		}
	}
	return true
}

// neutral finds multiplication and division by one, subtraction of zero, and, for integers, addition of zero. (Adding a float zero turns −0
// into 0.)
func neutral(fn op.BinaryFn, n *ir.Node) *ir.Value {
	for i := range 2 {
		x, k := n.Input(i), n.Input(1-i).Const
		if k == nil || k.Len() != 1 || k.DType() == tensor.String || k.DType() == tensor.Bool || k.DType().IsComplex() || !sameDims(x.Type, n.Out()[0].Type) {
			continue
		}
		one, zero, right := k.Float64(0) == 1, k.Float64(0) == 0, i == 0
		switch {
		case fn == op.Mul && one, fn == op.Div && one && right, fn == op.Pow && one && right,
			fn == op.Add && zero && k.DType().IsInteger(), fn == op.Sub && zero && right && isPositiveZero(k):
			return x
		}
	}
	return nil
}

func isPositiveZero(k *tensor.Tensor) bool {
	c := tensor.New(k.DType(), 1)
	return string(c.Bytes()) == string(k.Bytes())
}
