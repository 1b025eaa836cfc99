package op

import "github.com/gocompile/gocompile/ir"

// RNN is the ONNX operator RNN: for each sequence, direction and step, h = f(clip(W·x + R·h + B)).
//
// Its inputs are X, W, R, B, sequence_lens and initial_h, its results Y and Y_h.
type RNN struct {
	Direction   string // forward, which "" stands for too, reverse or bidirectional
	Layout      int    // 0: [seq, batch, …], 1: [batch, seq, …]
	Stacked     bool   // Y is laid out as X, states are [dirs, batch, hidden]; as layers of a stack pass them on
	HiddenSize  int    // 0: what R says
	Activations []string
	// ActivationAlpha and ActivationBeta are consumed by the activations that take such a parameter.
	ActivationAlpha, ActivationBeta []float32
	Clip                            float32 // 0: none
}

// Functions returns f of each direction.
func (o *RNN) Functions() ([]ActivationFn, error) {
	dirs, err := directions(o.Direction)
	if err != nil {
		return nil, err
	}
	return activations(o.Activations, o.ActivationAlpha, o.ActivationBeta, []string{"Tanh"}, dirs)
}

func (o *RNN) recurrent() (*recurrent, error) {
	fns, err := o.Functions()
	return &recurrent{direction: o.Direction, layout: o.Layout, stacked: o.Stacked, hidden: o.HiddenSize, clip: float64(o.Clip), gates: 1, states: 1, fns: fns}, err
}

// Infer implements [ir.Op].
func (o *RNN) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	r, err := o.recurrent()
	if err != nil {
		return nil, err
	}
	return r.infer(c)
}

// Eval implements [ir.Op].
func (o *RNN) Eval(c *ir.EvalContext) error {
	rec, err := o.recurrent()
	if err != nil {
		return err
	}
	return rec.eval(c, func(n int, r []weights, _ []float64) cell {
		rh := make([]float64, n)
		return func(d int, wx, h, _ []float64) {
			r[d].times(rh, h, 0)
			for j := range h {
				h[j] = rec.fns[d].Apply(rec.clipped(wx[j] + rh[j]))
			}
		}
	})
}

func init() { ir.Register[RNN]() }
