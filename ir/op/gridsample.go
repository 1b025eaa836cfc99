package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// GridSample takes elements of the first input, [N, C, D1 … Dr], at the places that the second says, [N, E1 … Er, r]: the result is
// [N, C, E1 … Er]. A place has a coordinate an axis, the last axis first; −1 and 1 are the centres of the outermost elements if
// AlignCorners is set, else their outer borders. Outside of the input are zeros, its outermost elements, or its reflection, as Padding says
// (ONNX GridSample 22).
type GridSample struct {
	Mode         string // "linear" ("" too), "nearest", "cubic"
	Padding      string // "zeros" ("" too), "border", "reflection"
	AlignCorners bool
}

// Infer implements [ir.Op].
func (o *GridSample) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	switch o.Mode {
	case "", "linear", "nearest", "cubic":
	default:
		return nil, fmt.Errorf("mode %q is none of linear, nearest, cubic", o.Mode)
	}
	switch o.Padding {
	case "", "zeros", "border", "reflection":
	default:
		return nil, fmt.Errorf("padding %q is none of zeros, border, reflection", o.Padding)
	}
	nearest := o.Mode == "nearest"
	if g := c.Type(1); !g.Elem.IsFloat() || !nearest && (t.Elem == tensor.String || t.Elem == tensor.Bool) {
		return nil, fmt.Errorf("does not take elements %v at places %v", t.Elem, g.Elem)
	}
	g := c.Type(1)
	if !t.Ranked || !g.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
	}
	if len(t.Dims) < 3 || len(g.Dims) != len(t.Dims) {
		return nil, fmt.Errorf("places %v do not fit %v", g, t)
	}
	return []ir.Fact{ir.Of(t.WithDims(slices.Concat(t.Dims[:2], g.Dims[1:len(g.Dims)-1])...))}, nil
}

// Eval implements [ir.Op].
func (o *GridSample) Eval(c *ir.EvalContext) error {
	x, grid := c.Tensor(0), c.Tensor(1)
	r := x.Rank() - 2
	if r < 1 || grid.Rank() != x.Rank() || grid.Dim(r+1) != r || grid.Dim(0) != x.Dim(0) {
		return fmt.Errorf("places of shape %v do not fit shape %v", grid.Shape(), x.Shape())
	}
	y := c.New(0, x.DType(), slices.Concat(x.Shape()[:2], grid.Shape()[1:r+1])...)
	if y.Len() == 0 {
		return nil
	}
	s := &sampler{op: o, shape: x.Shape()[2:], strides: rowMajor(x.Shape()[2:]), taps: make([]axisTaps, r)}
	if slices.Contains(s.shape, 0) {
		return fmt.Errorf("shape %v has nothing to sample", x.Shape())
	}
	size := x.Len() / (x.Dim(0) * x.Dim(1))
	places := grid.Len() / (grid.Dim(0) * r)
	for n := range x.Dim(0) {
		for p := range places {
			at := make([]float64, r)
			for i := range at {
				v := grid.Float64((n*places+p)*r + r - 1 - i)
				at[i] = o.coordinate(v, s.shape[i], grid.DType() == tensor.Float64)
			}
			s.place(at)
			for ch := range x.Dim(1) {
				from, to := (n*x.Dim(1)+ch)*size, (n*x.Dim(1)+ch)*places+p
				if o.Mode == "nearest" {
					if k := s.nearest(); k >= 0 {
						y.CopyElement(to, x, from+k)
					}
					continue
				}
				if x.DType().IsComplex() {
					v := s.interpolate(0, 0, func(k int) complex128 { return x.Complex128(from + k) })
					y.SetComplex128(to, v)
					continue
				}
				v := s.interpolate(0, 0, func(k int) complex128 { return complex(x.Float64(from+k), 0) })
				y.SetFloat64(to, real(v))
			}
		}
	}
	return nil
}

// coordinate maps [−1, 1] to elements, in single precision unless the places are f64.
func (o *GridSample) coordinate(v float64, length int, double bool) float64 {
	switch {
	case double && o.AlignCorners:
		return (v + 1) / 2 * float64(length-1)
	case double:
		return ((v+1)*float64(length) - 1) / 2
	case o.AlignCorners:
		return float64((float32(v) + 1) / 2 * float32(length-1))
	}
	return float64((float32(float32(v)+1)*float32(length) - 1) / 2)
}

// sampler reads around one place at a time.
type sampler struct {
	op             *GridSample
	shape, strides []int
	taps           []axisTaps
}

// axisTaps are the elements along one axis that count, −1 for zero, and their weights.
type axisTaps struct {
	n      int
	index  [4]int
	weight [4]float64
}

func (s *sampler) place(at []float64) {
	for i, x := range at {
		d := s.shape[i]
		if s.op.Mode == "nearest" {
			x = math.RoundToEven(x)
		}
		if low, high := s.borders(d); x < low || x > high {
			switch s.op.Padding {
			case "border":
				if s.op.Mode != "cubic" { // where only the elements are those of the border
					x = max(0, min(x, float64(d-1)))
				}
			case "reflection":
				x = reflect(x, low, high)
			}
		}
		t := &s.taps[i]
		first := 0.0
		switch s.op.Mode {
		case "nearest":
			t.n, t.index[0] = 1, s.element(x, d)
			continue
		case "cubic":
			t.n, first = 4, math.Floor(x)-1
		default:
			t.n, first = 2, math.Floor(x)
		}
		for k := range t.n {
			place := first + float64(k)
			t.index[k] = s.element(place, d)
			if t.n == 4 {
				t.weight[k] = cubicWeight(math.Abs(place-x), -0.75)
			} else {
				t.weight[k] = 1 - math.Abs(place-x)
			}
		}
	}
}

func (s *sampler) borders(d int) (low, high float64) {
	if s.op.AlignCorners {
		return 0, float64(d - 1)
	}
	return -0.5, float64(d) - 0.5
}

// element is the element of an axis at a whole place, −1 where there is none.
func (s *sampler) element(place float64, d int) int {
	if place >= 0 && place <= float64(d-1) {
		return int(place)
	}
	switch s.op.Padding {
	case "border":
		if place > 0 {
			return d - 1
		}
		return 0
	case "reflection":
		low, high := s.borders(d)
		return int(max(0, min(reflect(place, low, high), float64(d-1))))
	}
	return -1
}

// reflect folds x at the borders until it is within them.
func reflect(x, low, high float64) float64 {
	span := high - low
	if span <= 0 || math.IsInf(x, 0) || x != x {
		return low
	}
	d := math.Mod(math.Abs(x-low), 2*span)
	if d > span {
		d = 2*span - d
	}
	return low + d
}

func (s *sampler) nearest() int {
	at := 0
	for i, t := range s.taps {
		if t.index[0] < 0 {
			return -1
		}
		at += t.index[0] * s.strides[i]
	}
	return at
}

func (s *sampler) interpolate(axis, at int, get func(k int) complex128) complex128 {
	if axis == len(s.taps) {
		return get(at)
	}
	var sum complex128
	t := &s.taps[axis]
	for k := range t.n {
		if t.index[k] >= 0 && t.weight[k] != 0 {
			sum += complex(t.weight[k], 0) * s.interpolate(axis+1, at+t.index[k]*s.strides[axis], get)
		}
	}
	return sum
}

func init() { ir.Register[GridSample]() }
