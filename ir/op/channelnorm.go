package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// BatchNorm normalises X `[N, C, …]` with statistics at hand: (X − mean) / √(variance + Epsilon) · scale + bias. The inputs are X, scale, bias,
// mean and variance, the last four of `[C]`; the element types of scale and bias, and of mean and variance, may differ from X's. X of rank 1
// counts as one channel.
type BatchNorm struct{ Epsilon float32 }

// Infer implements [ir.Op].
func (o *BatchNorm) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(5, 5); err != nil {
		return nil, err
	}
	return inferChannelNorm(c, "scale", "bias", "mean", "variance")
}

// inferChannelNorm checks that the inputs after the first, which have these names, are vectors of a float for each channel.
func inferChannelNorm(c *ir.InferContext, names ...string) ([]ir.Fact, error) {
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		v := c.Type(i + 1)
		if !t.Elem.IsFloat() || !v.Elem.IsFloat() {
			return nil, fmt.Errorf("takes floats, got %v and %s %v", t, name, v)
		}
		if !t.Ranked || len(t.Dims) < 2 {
			continue
		}
		if err := checkVector(v, t.Dims[1], name); err != nil {
			return nil, err
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// channelsOf sees a shape as [batch, channels, size].
func channelsOf(shape []int) (batch, channels, size int) {
	if len(shape) < 2 {
		return volume(shape), 1, 1
	}
	return shape[0], shape[1], volume(shape[2:])
}

// Eval implements [ir.Op].
func (o *BatchNorm) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	batch, channels, size := channelsOf(x.Shape())
	var p [4][]float64
	for i := range p {
		p[i] = biasOf(c.Tensor(i+1), channels)
	}
	y := c.New(0, x.DType(), x.Shape()...)
	for n := range batch {
		for ch := range channels {
			factor := p[0][ch] / math.Sqrt(p[3][ch]+float64(o.Epsilon))
			for i := (n*channels + ch) * size; i < (n*channels+ch+1)*size; i++ {
				y.SetFloat64(i, (x.Float64(i)-p[2][ch])*factor+p[1][ch])
			}
		}
	}
	return nil
}

// GroupNorm normalises X `[N, C, …]` with its own statistics: the channels are divided into Groups groups of equal size, 0 standing for one a
// channel; of each group of each sample mean and variance are taken. The result is (X − mean) / √(variance + Epsilon) · scale + bias, where scale
// and bias, the other inputs, are of `[C]`.
type GroupNorm struct {
	Groups  int
	Epsilon float32
}

// Infer implements [ir.Op].
func (o *GroupNorm) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 3); err != nil {
		return nil, err
	}
	if t := c.Type(0); o.Groups < 0 {
		return nil, fmt.Errorf("%d groups", o.Groups)
	} else if err := spatial(t); err != nil {
		return nil, err
	} else if t.Ranked {
		if n, ok := t.Dims[1].IsConst(); ok && o.Groups > 0 && n%int64(o.Groups) != 0 {
			return nil, fmt.Errorf("%d channels cannot be divided into %d groups", n, o.Groups)
		}
	}
	return inferChannelNorm(c, "scale", "bias")
}

// Eval implements [ir.Op].
func (o *GroupNorm) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	batch, channels, space := spatialShape(x.Shape())
	size, count := volume(space), o.Groups
	if count == 0 {
		count = channels
	}
	if count > 0 && channels%count != 0 {
		return fmt.Errorf("%d channels cannot be divided into %d groups", channels, count)
	}
	scale, bias := biasOf(c.Tensor(1), channels), biasOf(c.Tensor(2), channels)
	y := c.New(0, x.DType(), x.Shape()...)
	if y.Len() == 0 {
		return nil
	}
	v, n := tensor.Float64s(x), channels/count*size
	for g := range batch * count {
		part := v[g*n:][:n]
		mean, variance := moments(part)
		for i, e := range part {
			ch := (g*n + i) / size % channels
			y.SetFloat64(g*n+i, (e-mean)/math.Sqrt(variance+float64(o.Epsilon))*scale[ch]+bias[ch])
		}
	}
	return nil
}

// moments are mean and (population) variance.
func moments(v []float64) (mean, variance float64) {
	for _, e := range v {
		mean += e
	}
	mean /= float64(len(v))
	for _, e := range v {
		variance += (e - mean) * (e - mean)
	}
	return mean, variance / float64(len(v))
}

func init() {
	ir.Register[BatchNorm]()
	ir.Register[GroupNorm]()
}
