package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// importBatchNorm: what asks for statistics of the batch was attribute is_test being 0 before opset 7, then the presence of further
// outputs, and is attribute training_mode since opset 14. Before opset 9, spatial = 0 asked for statistics of each activation alone.
func importBatchNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(5, 5); err != nil {
		return nil, err
	}
	var train bool
	switch {
	case c.version >= 14:
		train = c.bool("training_mode", false)
	case c.version >= 7:
		train = c.wants(1) || c.wants(2) || c.wants(3) || c.wants(4)
	default:
		train = !c.bool("is_test", false)
	}
	if c.version < 9 && !c.bool("spatial", true) {
		return c.flatBatchNorm(train)
	}
	return c.batchNorm(train, c.in)
}

// flatBatchNorm takes each activation for a channel.
func (c *call) flatBatchNorm(train bool) ([]*ir.Value, error) {
	in := make([]*ir.Value, 5)
	for i, v := range c.in {
		var err error
		if i == 0 {
			in[i], err = c.one(&op.Flatten{Axis: 1}, v)
		} else {
			in[i], err = c.one(&op.Reshape{}, v, c.vector(-1))
		}
		if err != nil {
			return nil, err
		}
	}
	out, err := c.batchNorm(train, in)
	if err != nil {
		return nil, err
	}
	for i, v := range out {
		like := c.in[min(i, 1)]
		shape, err := c.one(&op.Shape{}, like)
		if err != nil {
			return nil, err
		}
		if out[i], err = c.one(&op.Reshape{AllowZero: true}, v, shape); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// batchNorm returns the result and, in training, running mean and variance and those of the batch.
func (c *call) batchNorm(train bool, in []*ir.Value) ([]*ir.Value, error) {
	o := &op.BatchNorm{Epsilon: c.float("epsilon", 1e-5)}
	if !train {
		return c.add(o, in...)
	}
	x := in[0]
	rank, ok := x.Type.Rank()
	if !ok || rank < 2 {
		return nil, fmt.Errorf("takes [batch, channels, …] of known rank in training, got %v", x.Type)
	}
	axes := []int64{0}
	for i := 2; i < rank; i++ {
		axes = append(axes, int64(i))
	}
	wide := c.single(x) // statistics of half precision would overflow
	mean := c.expr(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, wide, c.vector(axes...))
	off := c.minus(wide, mean)
	variance := c.expr(&op.Reduce{Fn: op.ReduceMean}, c.times(off, off), c.vector(axes...))
	mean = c.expr(&op.Squeeze{}, mean, c.vector(axes...))
	y := c.expr(o, x, in[1], in[2], mean, variance)
	m := float64(c.float("momentum", 0.9))
	running := func(old, batch *ir.Value) *ir.Value {
		kept := c.times(c.to(old, batch.Type.Elem), c.number(m, batch))
		return c.to(c.plus(kept, c.times(batch, c.number(1-m, batch))), old.Type.Elem)
	}
	if c.err != nil {
		return nil, c.err
	}
	return []*ir.Value{y, running(in[3], mean), running(in[4], variance), c.to(mean, in[3].Type.Elem), c.to(variance, in[4].Type.Elem)}, c.err
}

// importInstanceNorm: every channel of every sample is normalised alone.
func importInstanceNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	return c.add(&op.GroupNorm{Epsilon: c.float("epsilon", 1e-5)}, c.in...)
}

// importGroupNorm: scale and bias were one a group before opset 21.
func importGroupNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(3, 3); err != nil {
		return nil, err
	}
	c.require("num_groups")
	n := c.int("num_groups", 0)
	if n < 1 {
		return nil, fmt.Errorf(`attribute "num_groups" must be positive, got %d`, n)
	}
	x, scale, bias := c.in[0], c.in[1], c.in[2]
	if c.version < 21 {
		channels := c.expr(&op.Shape{Start: 1, End: 2, HasEnd: true}, x)
		each := c.over(channels, c.vector(n))
		shape := c.expr(&op.Concat{}, c.vector(n), each)
		spread := func(v *ir.Value) *ir.Value {
			return c.expr(&op.Reshape{}, c.expr(&op.Expand{}, c.expr(&op.Unsqueeze{}, v, c.vector(1)), shape), c.vector(-1))
		}
		scale, bias = spread(scale), spread(bias)
	}
	y := c.expr(&op.GroupNorm{Groups: int(n), Epsilon: c.float("epsilon", 1e-5)}, x, scale, bias)
	return []*ir.Value{y}, c.err
}

// single converts half precision to float32 and leaves other types alone.
func (c *call) single(x *ir.Value) *ir.Value {
	if c.err == nil && (x.Type.Elem == tensor.Float16 || x.Type.Elem == tensor.BFloat16) {
		return c.to(x, tensor.Float32)
	}
	return x
}

// importMeanVariance is (x − E[x]) / (√(E[x²] − E[x]²) + 1e-9), as the function body of the specification has it.
func importMeanVariance(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	axes := []int64{0, 2, 3}
	if c.has("axes") {
		axes = c.ints("axes")
	}
	x := c.in[0]
	mean := func(v *ir.Value) *ir.Value {
		return c.expr(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, v, c.vector(axes...))
	}
	m := mean(x)
	deviation := c.apply(op.Sqrt, c.minus(mean(c.times(x, x)), c.times(m, m)))
	return []*ir.Value{c.over(c.minus(x, m), c.plus(deviation, c.number(1e-9, x)))}, c.err
}

// importLpNorm divides by the L1 or L2 norm along an axis; what has no length stays zero.
func importLpNorm(c *call) ([]*ir.Value, error) {
	if err := c.expect(1, 1); err != nil {
		return nil, err
	}
	fn := op.ReduceL2
	switch p := c.int("p", 2); p {
	case 1:
		fn = op.ReduceL1
	case 2:
	default:
		return nil, fmt.Errorf(`attribute "p" must be 1 or 2, got %d`, p)
	}
	x := c.in[0]
	norm := c.expr(&op.Reduce{Fn: fn, KeepDims: true}, x, c.vector(c.int("axis", -1)))
	none := c.equals(norm, c.number(0, x))
	return []*ir.Value{c.choose(none, c.number(0, x), c.over(x, norm))}, c.err
}

func init() {
	register(
		row{"", "BatchNormalization", 1, importBatchNorm},
		row{"", "GroupNormalization", 18, importGroupNorm},
		row{"", "InstanceNormalization", 1, importInstanceNorm},
		row{"", "LpNormalization", 1, importLpNorm},
		row{"", "LRN", 1, simple(1, 1, func(c *call) ir.Op {
			c.require("size")
			return &op.LRN{Size: int(c.int("size", 0)), Alpha: c.float("alpha", 1e-4), Beta: c.float("beta", 0.75), Bias: c.float("bias", 1)}
		})},
		row{"", "MeanVarianceNormalization", 9, importMeanVariance},
	)
}
