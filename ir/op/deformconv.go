package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// DeformConv is [Conv] whose kernel elements read X where offsets move them, interpolated linearly; outside of X is zero. Inputs are X `[N, C, spatial…]`, W
// `[M, C/Group, kernel…]`, offsets `[N, OffsetGroup·taps·axes, positions…]`, an optional bias `[M]` and an optional mask of factors `[N, OffsetGroup·taps, positions…]`.
// The channels of X are divided into OffsetGroup groups with offsets of their own. (arXiv:1703.06211, arXiv:1811.11168)
type DeformConv struct {
	Window
	Group, OffsetGroup int
}

// Infer implements [ir.Op].
func (o *DeformConv) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 5); err != nil {
		return nil, err
	}
	x, w := c.Type(0), c.Type(1)
	for i := range c.NumIn() {
		if t := c.Type(i); c.Has(i) && (!t.Elem.IsFloat() || t.Elem != x.Elem) {
			return nil, fmt.Errorf("takes floats of one type, got %v and %v", x, t)
		}
	}
	dims, err := o.infer(x, w, o.Group)
	if err != nil {
		return nil, err
	}
	if off := c.Type(2); dims != nil && off.Ranked {
		if len(off.Dims) != len(dims) {
			return nil, fmt.Errorf("offsets %v must have the rank of data %v", off, x)
		}
		for i, d := range dims {
			if i == 1 {
				continue
			}
			if dims[i], err = sameDim(d, off.Dims[i]); err != nil {
				return nil, fmt.Errorf("offsets %v for a result of [%v]: %w", off, sym.Product(dims...), err)
			}
		}
	}
	return []ir.Fact{ir.Of(ir.Type{Elem: x.Elem, Ranked: dims != nil, Dims: dims})}, nil
}

// Eval implements [ir.Op].
func (o *DeformConv) Eval(c *ir.EvalContext) error {
	x, w, offset, mask := c.Tensor(0), c.Tensor(1), c.Tensor(2), c.Tensor(4)
	p := o.plan(x.Shape(), w.Shape(), o.Group)
	rank, kernel, og := len(p.axes), sizes(p.axes, kernelSize), groups(o.OffsetGroup)
	taps, channels := volume(kernel), p.group*p.in
	out := p.shape[2:]
	if want := slices.Concat([]int{p.batch, og * taps * rank}, out); !slices.Equal(offset.Shape(), want) || channels%og != 0 {
		return fmt.Errorf("offsets of shape %v must be of %v, in %d groups for %d channels", offset.Shape(), want, og, channels)
	}
	if want := slices.Concat([]int{p.batch, og * taps}, out); mask != nil && !slices.Equal(mask.Shape(), want) {
		return fmt.Errorf("a mask of shape %v must be of %v", mask.Shape(), want)
	}
	y := c.New(0, x.DType(), p.shape...)
	bias := biasOf(c.Tensor(3), p.shape[1])
	if y.Len() == 0 {
		return nil
	}
	a, b, off := tensor.Float64s(x), tensor.Float64s(w), tensor.Float64s(offset)
	space, where := sizes(p.axes, inSize), make([]float64, rank)
	samples := make([]float64, channels*taps) // what each element of the kernel reads at one position
	for n := range p.batch {
		walk(out, func(pos int, _ []int) {
			for t := range taps {
				for g := range og {
					for d, i, k := rank-1, pos, t; d >= 0; d-- {
						ax := &p.axes[d]
						at := off[((n*og+g)*taps+t)*rank*p.outSize+d*p.outSize+pos]
						where[d] = float64(i%ax.Out*ax.Stride-ax.Before+k%ax.Kernel*ax.Dilation) + at
						i, k = i/ax.Out, k/ax.Kernel
					}
					factor := 1.0
					if mask != nil {
						factor = mask.Float64(((n*og+g)*taps+t)*p.outSize + pos)
					}
					for ch := g * channels / og; ch < (g+1)*channels/og; ch++ {
						samples[ch*taps+t] = factor * interpolate(a[(n*channels+ch)*p.size:][:p.size], space, where)
					}
				}
			}
			for m := range p.shape[1] {
				sum := bias[m]
				for i, v := range samples[m/p.out*p.in*taps:][:p.in*taps] {
					sum += v * b[m*p.in*taps+i]
				}
				y.SetFloat64((n*p.shape[1]+m)*p.outSize+pos, sum)
			}
		})
	}
	return nil
}

// interpolate reads v, of a shape, between its elements; what lies outside is zero.
func interpolate(v []float64, shape []int, at []float64) float64 {
	sum := 0.0
	for corner := range 1 << len(shape) {
		weight, index, inside := 1.0, 0, true
		for d, n := range shape {
			low := math.Floor(at[d])
			part := at[d] - low
			if corner>>d&1 == 1 {
				low++
			} else {
				part = 1 - part
			}
			if !(low >= 0 && low < float64(n)) {
				inside = false
				break
			}
			weight *= part
			index = index*n + int(low)
		}
		if inside && weight != 0 {
			sum += weight * v[index]
		}
	}
	return sum
}

func init() { ir.Register[DeformConv]() }
