package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
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
	f := c.formula()
	wide := f.single(x) // statistics of half precision would overflow
	mean := f.op(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, wide, c.vector(axes...))
	off := f.binary(op.Sub, wide, mean)
	variance := f.op(&op.Reduce{Fn: op.ReduceMean}, f.binary(op.Mul, off, off), c.vector(axes...))
	mean = f.op(&op.Squeeze{}, mean, c.vector(axes...))
	y := f.op(o, x, in[1], in[2], mean, variance)
	m := float64(c.float("momentum", 0.9))
	running := func(old, batch *ir.Value) *ir.Value {
		kept := f.number(op.Mul, f.cast(old, batch.Type.Elem), m)
		return f.cast(f.binary(op.Add, kept, f.number(op.Mul, batch, 1-m)), old.Type.Elem)
	}
	if f.err != nil {
		return nil, f.err
	}
	return []*ir.Value{y, running(in[3], mean), running(in[4], variance), f.cast(mean, in[3].Type.Elem), f.cast(variance, in[4].Type.Elem)}, f.err
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
	f := c.formula()
	if c.version < 21 {
		channels := f.op(&op.Shape{Start: 1, End: 2, HasEnd: true}, x)
		each := f.binary(op.Div, channels, c.vector(n))
		shape := f.op(&op.Concat{}, c.vector(n), each)
		spread := func(v *ir.Value) *ir.Value {
			return f.op(&op.Reshape{}, f.op(&op.Expand{}, f.op(&op.Unsqueeze{}, v, c.vector(1)), shape), c.vector(-1))
		}
		scale, bias = spread(scale), spread(bias)
	}
	y := f.op(&op.GroupNorm{Groups: int(n), Epsilon: c.float("epsilon", 1e-5)}, x, scale, bias)
	return []*ir.Value{y}, f.err
}

func init() {
	register(
		row{"", "BatchNormalization", 1, importBatchNorm},
		row{"", "GroupNormalization", 18, importGroupNorm},
		row{"", "InstanceNormalization", 1, importInstanceNorm},
	)
}
