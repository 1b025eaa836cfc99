package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/tensor"
)

// ResizePlan is what Resize does to tensors of one shape.
type ResizePlan struct {
	Shape []int         // of the result
	Axes  []*Resampling // by axis, nil where nothing changes
}

// Resampling computes one axis: element i of the result is Σ Weights[i·N+k] · x[Index[i·N+k]] over k < N.
type Resampling struct {
	In, Out int
	N       int
	Index   []int
	Weights []float64 // nil: all 1, and N is 1
	Outside []bool    // elements of the result that have no place in the input; nil: none
	op      *Resize
	ratio   ratio
	start   float64 // of the region of interest
	end     float64
}

// ratio is the length of the result over that of the input. It is kept as a fraction, so that the coordinates of sizes are exact.
type ratio struct{ num, den float64 }

func (r ratio) value() float64 { return r.num / r.den }

// Plan computes the shape of the result and the ratio of each axis. Call Taps before using the elements of an axis.
func (o *Resize) Plan(shape []int, roi, scales, sizes *tensor.Tensor) (*ResizePlan, error) {
	axes, err := o.axes(len(shape))
	if err != nil {
		return nil, err
	}
	given := func(t *tensor.Tensor) bool { return t != nil && t.Len() > 0 }
	p := &ResizePlan{Shape: append([]int(nil), shape...), Axes: make([]*Resampling, len(shape))}
	rs := make([]*Resampling, len(axes))
	for i, a := range axes {
		rs[i] = &Resampling{In: shape[a], op: o, end: 1}
	}
	switch {
	case given(sizes) && given(scales):
		return nil, fmt.Errorf("scales and sizes are both given")
	case given(sizes):
		err = o.bySizes(rs, sizes)
	case given(scales):
		err = byScales(rs, scales)
	case len(axes) > 0:
		err = fmt.Errorf("neither scales nor sizes are given")
	}
	if err != nil {
		return nil, err
	}
	if o.Coordinates == "tf_crop_and_resize" && given(roi) {
		if roi.Len() != 2*len(axes) || !roi.DType().IsFloat() {
			return nil, fmt.Errorf("a region of %d numbers does not fit %d axes", roi.Len(), len(axes))
		}
		for i, r := range rs {
			r.start, r.end = roi.Float64(i), roi.Float64(len(axes)+i)
		}
	}
	for i, a := range axes {
		r := rs[i]
		p.Shape[a] = r.Out
		if r.Out != r.In || r.ratio.num != r.ratio.den || r.start != 0 || r.end != 1 {
			p.Axes[a] = r
		}
	}
	if _, err := tensor.NumElements(p.Shape); err != nil {
		return nil, err
	}
	return p, nil
}

func byScales(rs []*Resampling, scales *tensor.Tensor) error {
	if scales.DType() != tensor.Float32 || scales.Len() != len(rs) {
		return fmt.Errorf("scales %v%v do not fit %d axes", scales.DType(), scales.Shape(), len(rs))
	}
	for i, s := range tensor.Data[float32](scales) {
		r := rs[i]
		n := math.Floor(float64(float32(r.In) * s))
		if !(s > 0) || n > math.MaxInt32 {
			return fmt.Errorf("scale %v of an axis of %d is out of range", s, r.In)
		}
		r.Out, r.ratio = int(n), ratio{float64(s), 1}
		if s == float32(n)/float32(r.In) { // the nearest number to an exact ratio stands for it
			r.ratio = ratio{n, float64(r.In)}
		}
	}
	return nil
}

func (o *Resize) bySizes(rs []*Resampling, sizes *tensor.Tensor) error {
	if !sizes.DType().IsInteger() || sizes.Len() != len(rs) {
		return fmt.Errorf("sizes %v%v do not fit %d axes", sizes.DType(), sizes.Shape(), len(rs))
	}
	all := ratio{}
	for i, r := range rs {
		n := sizes.Int64(i)
		if n < 0 || n > math.MaxInt32 || r.In == 0 && n > 0 {
			return fmt.Errorf("an axis of %d cannot be resized to %d", r.In, n)
		}
		r.Out, r.ratio = int(n), ratio{float64(n), float64(r.In)}
		if r.In == 0 {
			r.ratio = ratio{1, 1}
		}
		if i == 0 || o.Policy == "not_larger" && r.ratio.value() < all.value() || o.Policy == "not_smaller" && r.ratio.value() > all.value() {
			all = r.ratio
		}
	}
	if o.Policy == "" || o.Policy == "stretch" {
		return nil
	}
	for _, r := range rs {
		n := math.Floor(float64(r.In)*all.num/all.den + 0.5)
		if n > math.MaxInt32 {
			return fmt.Errorf("an axis of %d cannot be resized to %v", r.In, n)
		}
		r.Out, r.ratio = int(n), all
	}
	return nil
}

// maxTaps bounds the weights of one axis.
const maxTaps = 1 << 28

func (p *ResizePlan) fillTaps() error {
	for _, r := range p.Axes {
		if r != nil {
			if err := r.Taps(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Taps fills in Index, Weights and Outside.
func (r *Resampling) Taps() error {
	if r.In == 0 || r.Out == 0 {
		return fmt.Errorf("an axis of %d cannot be resized to %d", r.In, r.Out)
	}
	first, squeeze := 0, 1.0 // the first tap relative to the one at or before x, and the compression of the filter
	if r.op.Antialias {
		squeeze = min(1, r.ratio.value())
	}
	switch r.op.Mode {
	case "linear":
		first = int(math.Floor(-1/squeeze)) + 1
		r.N = 2 - 2*first
	case "cubic":
		first = int(math.Floor(-2/squeeze)) + 1
		r.N = 2 - 2*first
	default:
		r.N = 1
	}
	if r.N > maxTaps/r.Out {
		return fmt.Errorf("resizing an axis of %d to %d takes too many weights", r.In, r.Out)
	}
	r.Index = make([]int, r.Out*r.N)
	if r.N > 1 {
		r.Weights = make([]float64, r.Out*r.N)
	}
	for i := range r.Out {
		x := r.coordinate(i)
		if r.op.Coordinates == "tf_crop_and_resize" && !(x >= 0 && x <= float64(r.In-1)) {
			if r.Outside == nil {
				r.Outside = make([]bool, r.Out)
			}
			r.Outside[i] = true
			x = 0
		}
		if r.N == 1 {
			r.Index[i] = r.clamp(r.nearest(x))
			continue
		}
		r.filter(r.Index[i*r.N:][:r.N], r.Weights[i*r.N:][:r.N], x, first, squeeze)
	}
	return nil
}

func (r *Resampling) clamp(x float64) int { return int(max(0, min(x, float64(r.In-1)))) }

// coordinate is the place in the input that element i of the result stands for. Quotients are rounded to single precision, so that a ratio
// such as 0.6, which no float32 holds, hits the places that it is meant to hit.
func (r *Resampling) coordinate(i int) float64 {
	x, in, length := float64(i), float64(r.In), float64(r.In)*r.ratio.num/r.ratio.den
	divided := func(x float64) float64 { return float64(float32(x * r.ratio.den / r.ratio.num)) }
	switch r.op.Coordinates {
	case "align_corners":
		if length == 1 {
			return 0
		}
		return float64(float32(x * (in - 1) / (length - 1)))
	case "asymmetric":
		return divided(x)
	case "tf_crop_and_resize":
		if r.Out == 1 {
			return float64(float32(r.start+r.end) * float32(in-1) / 2)
		}
		return float64(float32(r.start*(in-1)) + float32(x*float64(float32(r.end-r.start))*(in-1)/float64(r.Out-1)))
	case "pytorch_half_pixel":
		if r.Out == 1 {
			return 0
		}
	case "half_pixel_symmetric":
		return float64(float32(in/2*(1-float64(r.Out)/length) + divided(x+0.5) - 0.5))
	}
	return divided(x+0.5) - 0.5
}

func (r *Resampling) nearest(x float64) float64 {
	switch r.op.Nearest {
	case "round_prefer_ceil":
		return math.Floor(x + 0.5)
	case "floor":
		return math.Floor(x)
	case "ceil":
		return math.Ceil(x)
	case "simple":
		if r.ratio.num < r.ratio.den {
			return math.Ceil(x)
		}
		return math.Floor(x)
	}
	return math.Ceil(x - 0.5)
}

// filter fills in the taps around coordinate x.
func (r *Resampling) filter(index []int, weights []float64, x float64, first int, squeeze float64) {
	base := math.Ceil(x) - 1 // of an element at x itself, the weight of a neighbour is 0 on either side
	sum := 0.0
	for k := range index {
		at := base + float64(first+k)
		d := math.Abs(at-x) * squeeze
		w := 0.0
		if r.op.Mode == "cubic" {
			w = cubicWeight(d, float64(r.op.CubicA))
		} else {
			w = max(0, 1-d)
		}
		if r.op.ExcludeOutside && (at < 0 || at >= float64(r.In)) {
			w = 0
		}
		index[k], weights[k] = r.clamp(at), w
		sum += w
	}
	if sum != 0 && (r.op.Antialias || r.op.ExcludeOutside) {
		for k := range weights {
			weights[k] /= sum
		}
	}
}

// cubicWeight is the cubic convolution kernel (Keys, Cubic convolution interpolation for digital image processing, equation 4).
func cubicWeight(d, a float64) float64 {
	switch {
	case d <= 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return ((a*d-5*a)*d+8*a)*d - 4*a
	}
	return 0
}

// interpolate resamples one axis of x, a tensor of that shape.
func (r *Resampling) interpolate(y, x []float64, shape []int, axis int) {
	outer, dim, inner := split3(shape, axis)
	for a := range outer {
		for i := range r.Out {
			for b := range inner {
				sum := 0.0
				for k, w := range r.Weights[i*r.N:][:r.N] {
					if w != 0 {
						sum += w * x[(a*dim+r.Index[i*r.N+k])*inner+b]
					}
				}
				y[(a*r.Out+i)*inner+b] = sum
			}
		}
	}
}

// nearest copies elements of any type.
func (p *ResizePlan) nearest(y, x *tensor.Tensor, extrapolation float32) {
	strides, i := rowMajor(x.Shape()), 0
	indices(p.Shape, func(index []int) {
		at := 0
		for axis, k := range index {
			if r := p.Axes[axis]; r != nil {
				k = r.Index[k]
			}
			at += k * strides[axis]
		}
		y.CopyElement(i, x, at)
		i++
	})
	p.eachOutside(func(i int) {
		switch d := y.DType(); {
		case d == tensor.String:
			y.Strings()[i] = ""
		case d.IsInteger():
			setRounded(y, i, float64(extrapolation))
		default:
			y.SetFloat64(i, float64(extrapolation))
		}
	})
}

// eachOutside calls f for every element of the result that has no place in the input.
func (p *ResizePlan) eachOutside(f func(i int)) {
	any := false
	for _, r := range p.Axes {
		any = any || r != nil && r.Outside != nil
	}
	if !any {
		return
	}
	i := 0
	indices(p.Shape, func(index []int) {
		for axis, k := range index {
			if r := p.Axes[axis]; r != nil && r.Outside != nil && r.Outside[k] {
				f(i)
				break
			}
		}
		i++
	})
}
