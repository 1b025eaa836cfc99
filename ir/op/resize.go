package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Resize resamples its first input along Axes (all if empty). Optional inputs are: a region of interest, all starts and then all ends as
// fractions of the axes; the scales, f32; or instead the sizes, integers. Each has an entry an axis; without elements they count as absent
// (ONNX Resize 19).
//
// Coordinates says how a place i of the result becomes a coordinate x of the input: half_pixel ("" too), half_pixel_symmetric,
// pytorch_half_pixel, align_corners, asymmetric or tf_crop_and_resize, the only one that looks at the region of interest.
type Resize struct {
	Mode           string // "nearest" ("" too), "linear" or "cubic"
	Coordinates    string
	Nearest        string // "round_prefer_floor" ("" too), "round_prefer_ceil", "floor", "ceil"; "simple": floor, or ceil where an axis shrinks
	Axes           []int
	Policy         string // for sizes: "stretch" ("" too), "not_larger", "not_smaller"
	Antialias      bool   // linear and cubic: where an axis shrinks, the filter is as much wider
	ExcludeOutside bool   // the filter ends at the border, where the outermost elements are repeated otherwise
	CubicA         float32
	Extrapolation  float32 // the result where tf_crop_and_resize leaves the input
}

func (o *Resize) check() error {
	known := func(what, s string, names ...string) error {
		for _, n := range names {
			if s == n {
				return nil
			}
		}
		return fmt.Errorf("%s %q is none of %v", what, s, names[1:])
	}
	if err := known("mode", o.Mode, "", "nearest", "linear", "cubic"); err != nil {
		return err
	}
	if err := known("coordinate transformation", o.Coordinates, "", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
		"asymmetric", "tf_crop_and_resize"); err != nil {
		return err
	}
	if err := known("rounding", o.Nearest, "", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"); err != nil {
		return err
	}
	if o.Antialias && o.isNearest() {
		return fmt.Errorf("mode nearest has no antialiasing")
	}
	return known("policy", o.Policy, "", "stretch", "not_larger", "not_smaller")
}

func (o *Resize) isNearest() bool { return o.Mode == "" || o.Mode == "nearest" }

// axes lists the axes that are resized.
func (o *Resize) axes(rank int) ([]int, error) {
	axes := make([]int, 0, rank)
	if len(o.Axes) == 0 {
		for i := range rank {
			axes = append(axes, i)
		}
		return axes, nil
	}
	seen := make([]bool, rank)
	for _, a := range o.Axes {
		k, err := axisIn(a, rank)
		if err != nil {
			return nil, err
		}
		if seen[k] {
			return nil, fmt.Errorf("axis %d is named twice in %v", k, o.Axes)
		}
		seen[k] = true
		axes = append(axes, k)
	}
	return axes, nil
}

// Infer implements [ir.Op].
func (o *Resize) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 4); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if !o.isNearest() && (t.Elem == tensor.String || t.Elem == tensor.Bool || t.Elem.IsComplex()) {
		return nil, fmt.Errorf("mode %s does not take elements %v", o.Mode, t.Elem)
	}
	if c.Has(2) && c.Type(2).Elem != tensor.Float32 {
		return nil, fmt.Errorf("scales must be f32, got %v", c.Type(2))
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t)}, nil
	}
	axes, err := o.axes(len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims, err := o.inferDims(c, t, axes)
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, err
}

func (o *Resize) inferDims(c *ir.InferContext, t ir.Type, axes []int) ([]sym.Expr, error) {
	dims := append([]sym.Expr(nil), t.Dims...)
	scales, sizes := c.Const(2), c.Const(3)
	static, isStatic := t.Static()
	if isStatic && (scales != nil && scales.Len() > 0 || sizes != nil && sizes.Len() > 0) {
		p, err := o.Plan(static, nil, scales, sizes)
		if err != nil {
			return nil, err
		}
		return ir.ConstDims(p.Shape), nil
	}
	given, known := c.Exprs(3)
	switch {
	case known && len(given) > 0 && (o.Policy == "" || o.Policy == "stretch"):
		if len(given) != len(axes) {
			return nil, fmt.Errorf("%d sizes are given for %d axes", len(given), len(axes))
		}
		for i, a := range axes {
			dims[a] = given[i]
		}
	case scales != nil && scales.Len() == len(axes):
		for i, a := range axes {
			var ok bool
			if dims[a], ok = scaleDim(dims[a], tensor.Data[float32](scales)[i]); !ok {
				dims[a] = c.Fresh("resize")
			}
		}
	default:
		for _, a := range axes {
			dims[a] = c.Fresh("resize")
		}
	}
	return dims, nil
}

// scaleDim is ⌊d·scale⌋ for factors that are small fractions.
func scaleDim(d sym.Expr, scale float32) (sym.Expr, bool) {
	const most, den = 1 << 16, 1 << 8
	p := float64(scale) * den
	if !(p > 0) || p > most*den || p != math.Trunc(p) {
		return d, false
	}
	return d.Mul(sym.Const(int64(p))).FloorDiv(den), true
}

// Eval implements [ir.Op].
func (o *Resize) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if err := o.check(); err != nil {
		return err
	}
	p, err := o.Plan(x.Shape(), c.Tensor(1), c.Tensor(2), c.Tensor(3))
	if err != nil {
		return err
	}
	y := c.New(0, x.DType(), p.Shape...)
	if y.Len() == 0 {
		return nil
	}
	if x.Len() == 0 {
		return fmt.Errorf("shape %v without elements cannot become %v", x.Shape(), p.Shape)
	}
	if err := p.fillTaps(); err != nil {
		return err
	}
	if o.isNearest() {
		p.nearest(y, x, o.Extrapolation)
		return nil
	}
	values := tensor.Float64s(x)
	shape := append([]int(nil), x.Shape()...)
	for axis, a := range p.Axes {
		if a == nil {
			continue
		}
		to := append([]int(nil), shape...)
		to[axis] = a.Out
		next := tensor.Data[float64](c.Temp(tensor.Float64, to...))
		a.interpolate(next, values, shape, axis)
		values, shape = next, to
	}
	p.eachOutside(func(i int) { values[i] = float64(o.Extrapolation) })
	for i, v := range values {
		setRounded(y, i, v)
	}
	return nil
}

// setRounded stores a number: in integers, rounded to even and limited to their range; in floats, limited to finite numbers if it is finite.
func setRounded(y *tensor.Tensor, i int, v float64) {
	d := y.DType()
	if !d.IsInteger() {
		y.SetFloat64(i, v)
		return
	}
	low, high := extreme(d, false), extreme(d, true)
	v = math.RoundToEven(v)
	switch {
	case d == tensor.Uint64 && v >= 0:
		if v >= math.MaxUint64 {
			y.SetInt64(i, -1)
		} else {
			y.SetInt64(i, int64(uint64(v)))
		}
	case v >= float64(high):
		y.SetInt64(i, high)
	case v > float64(low):
		y.SetInt64(i, int64(v))
	default:
		y.SetInt64(i, low)
	}
}

func init() { ir.Register[Resize]() }
