package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// softmaxes recognises exp(x − c)/Σexp(x − c) along an axis, with c the largest element, or without c.
func softmaxes(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Binary)
		if !ok || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() || o.Fn != op.Div && o.Fn != op.Mul {
			continue
		}
		for i := range 2 {
			e, sum := n.Input(i), n.Input(1-i)
			if o.Fn == op.Mul {
				inv := unaryOf(sum, op.Reciprocal)
				if inv == nil {
					continue
				}
				sum = inv.Input(0)
			} else if i == 1 {
				break
			}
			exp := unaryOf(e, op.Exp)
			axis, ok := reducedBy(sum, e, op.ReduceSum)
			if exp == nil || !ok {
				continue
			}
			x := exp.Input(0)
			if d := binaryOf(x, op.Sub); d != nil {
				if at, ok := reducedBy(d.Input(1), d.Input(0), op.ReduceMax); ok && at == axis {
					x = d.Input(0)
				}
			}
			if !r.rewrite() {
				return nil
			}
			if axis == len(x.Type.Dims)-1 {
				axis = -1
			}
			if err := replaceAndDrop(g, n, &op.Softmax{Axis: axis}, x); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// reducedBy reports whether v is a reduction of x along one axis, in the shape that broadcasts along it. A maximum may be limited by −∞.
func reducedBy(v, x *ir.Value, fn op.ReduceFn) (axis int, ok bool) {
	at := v
	if n, _ := nodeOf[*op.Reshape](at); n != nil {
		at = n.Input(0)
	}
	if n := binaryOf(at, op.Max); n != nil && fn == op.ReduceMax {
		for i := range 2 {
			if lo, ok := scalarOf(n.Input(i)); ok && math.IsInf(lo, -1) && sameDims(n.Input(1-i).Type, at.Type) {
				at = n.Input(1 - i)
			}
		}
	}
	if n, _ := nodeOf[*op.Reshape](at); n != nil {
		at = n.Input(0)
	}
	n, o := nodeOf[*op.Reduce](at)
	if n == nil || o.Fn != fn || n.Input(0) != x || n.Input(1) == nil || n.Input(1).Const == nil || n.Input(1).Const.Len() != 1 || !x.Type.Ranked {
		return 0, false
	}
	axis = int(n.Input(1).Const.Int64(0))
	if axis < 0 {
		axis += len(x.Type.Dims)
	}
	want := slices.Clone(x.Type.Dims)
	want[axis] = sym.Const(1)
	return axis, v.Type.Equal(v.Type.WithDims(want...))
}
