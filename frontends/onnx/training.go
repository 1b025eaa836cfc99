package onnx

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// The optimisers of ai.onnx.preview.training take the learning rate R and the count of updates T, scalars, and then groups of
// tensors: all values that are optimised, their gradients, and one or two groups of state. They give the new values and states in
// the same order. Each is expanded into elementwise operators.

// optimizer splits the inputs into groups and joins the results that update gives for one tensor of each group.
func optimizer(groups int, update func(c *call, rate, count *ir.Value, x []*ir.Value) []*ir.Value) importer {
	return func(c *call) ([]*ir.Value, error) {
		n := (len(c.in) - 2) / groups
		if n < 1 || len(c.in) != 2+n*groups {
			return nil, fmt.Errorf("takes a rate, a count and %d groups of tensors, got %d inputs", groups, len(c.in))
		}
		if err := c.expect(len(c.in), -1); err != nil {
			return nil, err
		}
		rate, count := c.to(c.in[0], tensor.Float64), c.to(c.in[1], tensor.Float64)
		out := make([]*ir.Value, (groups-1)*n)
		for i := range n {
			x := make([]*ir.Value, groups)
			for k := range x {
				x[k] = c.in[2+k*n+i]
			}
			for k, v := range update(c, rate, count, x) {
				out[k*n+i] = v
			}
		}
		return out, c.err
	}
}

// regularized is the gradient of the loss with 0.5·norm_coefficient·‖X‖² added.
func (c *call) regularized(x, g *ir.Value) *ir.Value {
	return c.plus(c.times(c.number(float64(c.float("norm_coefficient", 0)), x), x), g)
}

// positive is whether the count of updates is above zero.
func (c *call) positive(count *ir.Value) *ir.Value {
	return c.expr(&op.Binary{Fn: op.Greater}, count, c.number(0, count))
}

func adagrad(c *call, rate, count *ir.Value, in []*ir.Value) []*ir.Value {
	x, g, h := in[0], in[1], in[2]
	decay := c.plus(c.number(1, count), c.times(count, c.number(float64(c.float("decay_factor", 0)), count)))
	r := c.to(c.over(rate, decay), x.Type.Elem)
	g = c.regularized(x, g)
	h = c.plus(h, c.times(g, g))
	adaptive := c.plus(c.apply(op.Sqrt, h), c.number(float64(c.float("epsilon", 1e-6)), h))
	return []*ir.Value{c.minus(x, c.over(c.times(r, g), adaptive)), h}
}

func adam(c *call, rate, count *ir.Value, in []*ir.Value) []*ir.Value {
	x, g, v, h := in[0], in[1], in[2], in[3]
	alpha, beta := float64(c.float("alpha", 0.9)), float64(c.float("beta", 0.999))
	g = c.regularized(x, g)
	average := func(old *ir.Value, k float64, now *ir.Value) *ir.Value {
		return c.plus(c.times(c.number(k, x), old), c.times(c.number(1-k, x), now))
	}
	v = average(v, alpha, g)
	h = average(h, beta, c.times(g, g))
	root := c.plus(c.apply(op.Sqrt, h), c.number(float64(c.float("epsilon", 1e-6)), h))
	rest := func(k float64) *ir.Value { // 1 − kᵀ
		return c.minus(c.number(1, count), c.expr(&op.Binary{Fn: op.Pow}, c.number(k, count), count))
	}
	adjusted := c.over(c.times(rate, c.apply(op.Sqrt, rest(beta))), rest(alpha))
	r := c.to(c.choose(c.positive(count), adjusted, rate), x.Type.Elem)
	y := c.minus(x, c.over(c.times(r, v), root))
	if post := float64(c.float("norm_coefficient_post", 0)); post != 0 {
		y = c.times(c.number(1-post, x), y)
	}
	return []*ir.Value{y, v, h}
}

func momentum(c *call, rate, count *ir.Value, in []*ir.Value) []*ir.Value {
	for _, name := range []string{"norm_coefficient", "alpha", "beta", "mode"} {
		c.require(name)
	}
	x, g, v := in[0], in[1], in[2]
	alpha, beta := c.number(float64(c.float("alpha", 0)), x), float64(c.float("beta", 1))
	first := c.to(c.choose(c.positive(count), c.number(beta, count), c.number(1, count)), x.Type.Elem)
	r := c.to(rate, x.Type.Elem)
	g = c.regularized(x, g)
	v = c.plus(c.times(alpha, v), c.times(first, g))
	step := v
	switch mode := c.string("mode", "standard"); mode {
	case "standard":
	case "nesterov":
		step = c.plus(g, c.times(alpha, v))
	default:
		if c.err == nil {
			c.err = fmt.Errorf(`attribute "mode" must be standard or nesterov, got %q`, mode)
		}
	}
	return []*ir.Value{c.minus(x, c.times(r, step)), v}
}

func init() {
	const domain = "ai.onnx.preview.training"
	register(
		row{domain, "Adagrad", 1, optimizer(3, adagrad)},
		row{domain, "Adam", 1, optimizer(4, adam)},
		row{domain, "Momentum", 1, optimizer(3, momentum)},
	)
}
