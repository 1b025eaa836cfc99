package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// angleTable finds tables that hold each angle once, where models have tables with each angle twice along the last axis: both halves the same, or with
// interleaved neighbours.
type angleTable struct {
	g           *ir.Graph
	at          *ir.Node // before which nodes are added
	interleaved bool
	dry         bool // nothing is added to the graph; what once returns only tells whether it can be done
}

// once is the table with the angles of v once, nil if v cannot be shown to hold them twice.
func (t *angleTable) once(v *ir.Value) *ir.Value {
	if v.Const != nil {
		half := t.distinct(v.Const)
		switch {
		case half == nil:
			return nil
		case t.dry:
			return v
		}
		return insert(t.g, t.at, &ir.Const{Value: half})
	}
	d := defOf(v)
	if d == nil || !v.Type.Ranked || len(v.Type.Dims) == 0 {
		return nil
	}
	switch o := d.Op.(type) {
	case *op.Concat:
		if !t.interleaved && len(d.In()) == 2 && d.Input(0) == d.Input(1) && isLast(o.Axis, v) {
			return d.Input(0)
		}
	case *op.Tile:
		times := symbols(d.Input(1))
		if last := len(times) - 1; !t.interleaved && len(times) == len(v.Type.Dims) && !slices.ContainsFunc(times[:last], func(k sym.Expr) bool { return !isUnit(k) }) {
			if n, ok := times[last].IsConst(); ok && n == 2 {
				return d.Input(0)
			}
		}
	case *op.Unary, *op.Cast:
		return t.follow(d, d.Op)
	case *op.Binary:
		if x, _, ok := withScalar(d); ok && o.Fn == op.Mul && x == d.Input(0) {
			return t.follow(d, d.Op, d.Input(1))
		}
	case *op.Gather:
		if x := d.Input(0); x.Type.Ranked && !isLast(o.Axis, x) {
			return t.follow(d, o, d.Input(1))
		}
	case *op.Slice:
		if x := d.Input(0); x.Type.Ranked && x.Type.Dims[len(x.Type.Dims)-1].Equal(v.Type.Dims[len(v.Type.Dims)-1]) {
			return t.follow(d, o, d.In()[1:]...)
		}
	case *op.Reshape:
		return t.reshaped(v, d)
	}
	return nil
}

// follow applies an operator that works element by element, or leaves the last axis alone, to the angles once.
func (t *angleTable) follow(d *ir.Node, o ir.Op, more ...*ir.Value) *ir.Value {
	x := t.once(d.Input(0))
	if x == nil || t.dry {
		return x
	}
	return insert(t.g, t.at, o, append([]*ir.Value{x}, more...)...)
}

// reshaped handles a reshape that leaves the last axis alone, or makes neighbours of what was repeated along an axis behind.
func (t *angleTable) reshaped(v *ir.Value, d *ir.Node) *ir.Value {
	last := len(v.Type.Dims) - 1
	size, known := v.Type.Dims[last].IsConst()
	var x *ir.Value
	if t.interleaved {
		x = repeatedBehind(d.Input(0))
	}
	half := x
	switch {
	case x != nil:
		n := len(x.Type.Dims) - 1 // of which the last is 1
		if !sameWithoutUnits(v.Type.Dims[:last], x.Type.Dims[:n-1]) || !v.Type.Dims[last].Equal(x.Type.Dims[n-1].Mul(sym.Const(2))) {
			return nil
		}
	default:
		from := d.Input(0).Type
		if !known || !from.Ranked || len(from.Dims) == 0 || !from.Dims[len(from.Dims)-1].Equal(v.Type.Dims[last]) {
			return nil
		}
		half = t.once(d.Input(0))
	}
	if half == nil || t.dry {
		return half
	}
	dims := slices.Clone(v.Type.Dims)
	if dims[last] = sym.Const(size / 2); !known {
		dims[last] = x.Type.Dims[len(x.Type.Dims)-2]
	}
	y, err := reshapeBefore(t.g, t.at, half, dims...)
	if err != nil {
		return nil
	}
	return y
}

// repeatedBehind is the value with a last axis of length 1 of which v is two copies along that axis; nil if v is none.
func repeatedBehind(v *ir.Value) *ir.Value {
	if ex, _ := nodeOf[*op.Expand](v); ex != nil {
		x := ex.Input(0)
		d := x.Type.Dims
		if len(d) < 2 || !isUnit(d[len(d)-1]) || !v.Type.Equal(x.Type.WithDims(append(slices.Clone(d[:len(d)-1]), sym.Const(2))...)) {
			return nil
		}
		return x
	}
	c, o := nodeOf[*op.Concat](v)
	if c == nil || len(c.In()) != 2 || c.Input(0) != c.Input(1) || !isLast(o.Axis, v) {
		return nil
	}
	if d := c.Input(0).Type.Dims; len(d) < 2 || !isUnit(d[len(d)-1]) {
		return nil
	}
	return c.Input(0)
}

// sameWithoutUnits reports whether two shapes differ in axes of length 1 only.
func sameWithoutUnits(a, b []sym.Expr) bool {
	drop := func(dims []sym.Expr) []sym.Expr { return slices.DeleteFunc(slices.Clone(dims), isUnit) }
	return slices.EqualFunc(drop(a), drop(b), sym.Expr.Equal)
}

// distinct is the half of a constant that its other half repeats, nil if it does not.
func (t *angleTable) distinct(k *tensor.Tensor) *tensor.Tensor {
	if k.Rank() == 0 || k.Dim(k.Rank()-1)%2 != 0 || k.Len() == 0 || !k.DType().IsFloat() {
		return nil
	}
	size := k.Dim(k.Rank() - 1)
	shape := slices.Clone(k.Shape())
	shape[len(shape)-1] = size / 2
	h := tensor.New(k.DType(), shape...)
	for i := range h.Len() {
		row, column := i/(size/2)*size, i%(size/2)
		first, second := row+column, row+column+size/2
		if t.interleaved {
			first, second = row+2*column, row+2*column+1
		}
		x := k.Float64(first)
		if x != k.Float64(second) {
			return nil
		}
		h.SetFloat64(i, x)
	}
	return h
}
