package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
)

// moment is a statistic along axes of a value, in whatever shape: the mean of its elements or of their squares times a factor, the square of the
// mean, or the variance.
type moment struct {
	kind  momentKind
	of    *ir.Value
	axes  []int // ascending
	scale float64
}

type momentKind uint8

const (
	meanOfValues momentKind = iota
	meanOfSquares
	squareOfMean
	variance // as the difference of the mean of squares and the square of the mean
)

const maxMoment = 8 // operators from a reduction to the statistic

// momentOf finds the statistic that v is. Reshapes keep the order of elements, so that they are looked through.
func momentOf(v *ir.Value, steps int) (moment, bool) {
	n := defOf(v)
	if n == nil || steps == 0 {
		return moment{}, false
	}
	switch o := n.Op.(type) {
	case *op.Reshape:
		return momentOf(n.Input(0), steps-1)
	case *op.Reduce:
		return reducedMoment(n, o)
	case *op.Clip, *op.Unary: // a variance that rounding must not make negative
		if lo, ok := lowerBound(n); !ok || lo != 0 {
			return moment{}, false
		}
		m, ok := momentOf(n.Input(0), steps-1)
		return m, ok && m.kind != meanOfValues
	case *op.Binary:
		switch o.Fn {
		case op.Max:
			for i := range 2 {
				if lo, ok := scalarOf(n.Input(i)); ok && lo == 0 {
					m, ok := momentOf(n.Input(1-i), steps-1)
					return m, ok && m.kind != meanOfValues
				}
			}
		case op.Mul:
			if n.Input(0) == n.Input(1) {
				m, ok := momentOf(n.Input(0), steps-1)
				if !ok || m.kind != meanOfValues || !near(m.scale, 1) {
					return moment{}, false
				}
				m.kind = squareOfMean
				return m, true
			}
			if x, k, ok := withScalar(n); ok {
				m, ok := momentOf(x, steps-1)
				m.scale *= k
				return m, ok
			}
		case op.Sub:
			a, okA := momentOf(n.Input(0), steps-1)
			b, okB := momentOf(n.Input(1), steps-1)
			if okA && okB && a.kind == meanOfSquares && b.kind == squareOfMean && a.of == b.of && near(a.scale, 1) && near(b.scale, 1) &&
				slices.Equal(a.axes, b.axes) && sameDims(n.Input(0).Type, n.Input(1).Type) {
				a.kind = variance
				return a, true
			}
		}
	}
	return moment{}, false
}

// lowerBound is the number that n, a Clip or Relu, makes of what is smaller.
func lowerBound(n *ir.Node) (float64, bool) {
	switch o := n.Op.(type) {
	case *op.Clip:
		if n.Input(2) != nil {
			return 0, false
		}
		return scalarOf(n.Input(1))
	case *op.Unary:
		return 0, o.Fn == op.Relu
	}
	return 0, false
}

func reducedMoment(n *ir.Node, o *op.Reduce) (moment, bool) {
	x := n.Input(0)
	rank, ranked := x.Type.Rank()
	if !ranked || n.Input(1) == nil || n.Input(1).Const == nil || n.Input(1).Const.Len() == 0 {
		return moment{}, false
	}
	m := moment{of: x, scale: 1}
	count := 1.0
	for i := range n.Input(1).Const.Len() {
		a := int(n.Input(1).Const.Int64(i))
		if a < 0 {
			a += rank
		}
		m.axes = append(m.axes, a)
		d, ok := x.Type.Dims[a].IsConst()
		if !ok && o.Fn != op.ReduceMean {
			return moment{}, false
		}
		count *= float64(d)
	}
	slices.Sort(m.axes)
	switch o.Fn {
	case op.ReduceMean:
	case op.ReduceSum, op.ReduceSumSquare:
		m.scale = count
	default:
		return moment{}, false
	}
	if o.Fn == op.ReduceSumSquare {
		m.kind = meanOfSquares
	} else if s := binaryOf(x, op.Mul); s != nil && s.Input(0) == s.Input(1) {
		m.kind, m.of = meanOfSquares, s.Input(0)
	}
	return m, true
}

// kept reports whether v has the shape of the value that the statistic is of, with the axes of length 1.
func (m moment) kept(v *ir.Value) bool {
	want := slices.Clone(m.of.Type.Dims)
	for _, a := range m.axes {
		want[a] = sym.Const(1)
	}
	return v.Type.Ranked && v.Type.Equal(v.Type.WithDims(want...))
}

// isMeanOf reports whether v is the mean of x along these axes, which it broadcasts along.
func isMeanOf(v, x *ir.Value, axes []int) bool {
	m, ok := momentOf(v, maxMoment)
	return ok && m.kind == meanOfValues && m.of == x && near(m.scale, 1) && slices.Equal(m.axes, axes) && m.kept(v)
}

// centred finds x with v = x − mean(x) along axes.
func centred(v *ir.Value, axes []int) (*ir.Value, bool) {
	n := binaryOf(v, op.Sub)
	if n == nil || !isMeanOf(n.Input(1), n.Input(0), axes) {
		return nil, false
	}
	return n.Input(0), true
}
