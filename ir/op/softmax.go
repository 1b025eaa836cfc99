package op

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Softmax is exp(x) / Σ exp(x) along an axis, or its logarithm if Log is set. Every step of its definition, x − max, exp, sum, log, is rounded to the
// element type.
type Softmax struct {
	Axis int
	Log  bool
}

// Infer implements [ir.Op].
func (o *Softmax) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Ranked {
		if _, err := axisIn(o.Axis, len(t.Dims)); err != nil {
			return nil, err
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// Eval implements [ir.Op].
func (o *Softmax) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	y := c.New(0, x.DType(), x.Shape()...)
	cell := tensor.New(x.DType(), 1)
	round := func(v float64) float64 { cell.SetFloat64(0, v); return cell.Float64(0) }
	outer, dim, inner := split3(x.Shape(), axis)
	e := make([]float64, dim)
	for a := range outer {
		for b := range inner {
			at := func(k int) int { return (a*dim+k)*inner + b }
			peak := math.Inf(-1)
			for k := range e {
				peak = maxNaN(peak, x.Float64(at(k)))
			}
			sum := 0.0
			for k := range e {
				v := round(x.Float64(at(k)) - peak)
				e[k] = round(math.Exp(v))
				sum += e[k]
				if o.Log {
					e[k] = v
				}
			}
			sum = round(sum)
			for k, v := range e {
				if o.Log {
					y.SetFloat64(at(k), v-round(math.Log(sum)))
				} else {
					y.SetFloat64(at(k), v/sum)
				}
			}
		}
	}
	return nil
}

func init() { ir.Register[Softmax]() }
