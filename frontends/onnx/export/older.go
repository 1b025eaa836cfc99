package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// The spellings of functions for versions that do not have them.

func (s *scope) plus(a, b string) string  { return s.emit("Add", nil, a, b) }
func (s *scope) minus(a, b string) string { return s.emit("Sub", nil, a, b) }
func (s *scope) times(a, b string) string { return s.emit("Mul", nil, a, b) }
func (s *scope) unsqueeze(x string, axes ...int64) string {
	return s.emit("Unsqueeze", nil, x, s.integers(axes...))
}

// slice takes elements from first up to last, every step-th, along an axis.
func (s *scope) slice(x string, first, last string, axis, step int64) string {
	return s.emit("Slice", nil, x, first, last, s.integers(axis), s.integers(step))
}

// olderUnary writes a function of one argument with functions of old, in the arithmetic of f32 where x is narrower.
func (c *call) olderUnary(o *op.Unary) error {
	elem := c.typ(0).Elem
	x := c.in(0)
	wide := wider(elem)
	if wide != elem {
		x = c.cast(x, wide)
	}
	number := func(v float64) string { return c.scalar(v, wide) }
	var y string
	switch o.Fn {
	case op.Silu:
		z := x
		if o.Alpha != 1 {
			z = c.times(x, number(float64(o.Alpha)))
		}
		y = c.times(x, c.emit("Sigmoid", nil, z))
	case op.Gelu:
		y = c.times(c.times(x, number(0.5)), c.plus(c.emit("Erf", nil, c.times(x, number(math.Sqrt2/2))), number(1)))
	case op.GeluTanh:
		cube := c.times(c.times(x, x), c.times(x, number(0.044715)))
		t := c.emit("Tanh", nil, c.times(c.plus(x, cube), number(math.Sqrt(2/math.Pi))))
		y = c.times(c.times(x, number(0.5)), c.plus(t, number(1)))
	default:
		return errUnknown
	}
	if wide != elem {
		y = c.cast(y, elem)
	}
	c.give(0, y)
	return nil
}

// wider is the element type in which to compute with another one.
func wider(d tensor.DType) tensor.DType {
	if d == tensor.Float64 {
		return d
	}
	return tensor.Float32
}

// olderRMSNorm is x/√(mean of x² + ε)·scale + bias.
func (c *call) olderRMSNorm(o *op.RMSNorm) error {
	from := o.Axis
	if from >= 0 {
		rank, err := c.rank(0)
		if err != nil {
			return err
		}
		from -= rank
	}
	var axes []int64
	for i := from; i < 0; i++ {
		axes = append(axes, int64(i))
	}
	elem := c.typ(0).Elem
	wide := wider(elem)
	x := c.in(0)
	if wide != elem {
		x = c.cast(x, wide)
	}
	square := c.emit("ReduceMean", nil, c.times(x, x), c.integers(axes...))
	factor := c.emit("Reciprocal", nil, c.emit("Sqrt", nil, c.plus(square, c.scalar(float64(o.Epsilon), wide))))
	y := c.times(x, factor)
	for i, fn := range []string{1: "Mul", 2: "Add"} {
		if v := c.in(i); i > 0 && v != "" {
			if c.typ(i).Elem != wide {
				v = c.cast(v, wide)
			}
			y = c.emit(fn, nil, y, v)
		}
	}
	if result := c.node.Out()[0].Type.Elem; result != wide {
		y = c.cast(y, result)
	}
	c.give(0, y)
	if c.used(1) {
		if stat := c.node.Out()[1].Type.Elem; stat != wide {
			factor = c.cast(factor, stat)
		}
		c.give(1, factor)
	}
	return nil
}

// olderGroupNorm normalises groups as channels, and scales and shifts afterwards.
func (c *call) olderGroupNorm(o *op.GroupNorm) error {
	rank, err := c.rank(0)
	if err != nil {
		return err
	}
	elem := c.typ(0).Elem
	one, zero := tensor.New(elem, o.Groups), tensor.New(elem, o.Groups)
	for i := range o.Groups {
		one.SetFloat64(i, 1)
	}
	x := c.emit("Reshape", nil, c.in(0), c.integers(0, int64(o.Groups), -1))
	x = c.emit("InstanceNormalization", attrs(float("epsilon", o.Epsilon)), x, c.constant(one, "ones"), c.constant(zero, "zeros"))
	x = c.emit("Reshape", nil, x, c.emit("Shape", nil, c.in(0)))
	var axes []int64
	for i := 1; i < rank-1; i++ {
		axes = append(axes, int64(i))
	}
	var p [2]string
	for i := range p {
		if p[i] = c.in(i + 1); c.typ(i+1).Elem != elem {
			p[i] = c.cast(p[i], elem)
		}
		if len(axes) > 0 {
			p[i] = c.unsqueeze(p[i], axes...)
		}
	}
	c.as("Add", nil, c.times(x, p[0]), p[1])
	return nil
}

// placed is a copy of cache with rows written along an axis from the places in start on, an i64 vector of one a batch, or "" for 0. All have
// the given rank.
func (s *scope) placed(cache, rows, start string, axis, rank int, circular bool) (string, error) {
	if axis < 0 {
		axis += rank
	}
	if axis < 1 || axis >= rank {
		return "", fmt.Errorf("axis %d of a cache of rank %d", axis, rank)
	}
	size := func(x string) string {
		return s.emit("Shape", attrs(integer("start", axis), integer("end", axis+1)), x)
	}
	places, length := size(cache), size(rows)
	at := s.count(places)
	var axes []int64 // of the vector of places in the shape of the cache
	for i := 1; i < rank; i++ {
		if i != axis {
			axes = append(axes, int64(i))
		}
	}
	at = s.unsqueeze(at, 0)
	if start != "" {
		at = s.minus(at, s.unsqueeze(start, 1))
	}
	if circular {
		at = s.emit("Mod", nil, at, places)
	}
	if len(axes) > 0 {
		at = s.unsqueeze(at, axes...)
	}
	hit := s.emit("And", nil, s.emit("GreaterOrEqual", nil, at, s.integers(0)), s.emit("Less", nil, at, length))
	source := s.emit("Concat", attrs(integer("axis", axis)), rows, s.slice(cache, s.integers(0), s.integers(1), int64(axis), 1)) // never empty
	at = s.emit("Expand", nil, s.emit("Where", nil, hit, at, length), s.emit("Shape", nil, cache))
	return s.emit("Where", nil, hit, s.emit("GatherElements", attrs(integer("axis", axis)), source, at), cache), nil
}

// olderScatter is TensorScatter.
func (c *call) olderScatter(o *op.TensorScatter) error {
	rank, err := c.rank(0)
	if err != nil {
		return err
	}
	start := c.in(2)
	if start != "" && c.typ(2).Elem != tensor.Int64 {
		start = c.cast(start, tensor.Int64)
	}
	y, err := c.placed(c.in(0), c.in(1), start, o.Axis, rank, o.Circular)
	if err != nil {
		return err
	}
	c.give(0, y)
	return nil
}
