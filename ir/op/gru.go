package op

import "github.com/gocompile/gocompile/ir"

// GRU is the ONNX operator GRU: for each sequence, direction and step, with ⊙ elementwise and the gates z, r, h in the order of the
// rows of W and R,
//
//	z = f(clip(W_z·x + R_z·h + B_z))
//	r = f(clip(W_r·x + R_r·h + B_r))
//	n = g(clip(W_h·x + R_h·(r⊙h) + B_h)), or g(clip(W_h·x + Wb_h + r⊙(R_h·h + Rb_h))) with LinearBeforeReset
//	h = (1-z)⊙n + z⊙h
//
// Its inputs are X, W, R, B, sequence_lens and initial_h, its results Y and Y_h.
type GRU struct {
	Direction   string // forward, which "" stands for too, reverse or bidirectional
	Layout      int    // 0: [seq, batch, …], 1: [batch, seq, …]
	Stacked     bool   // Y is laid out as X, states are [dirs, batch, hidden]; as layers of a stack pass them on
	HiddenSize  int    // 0: what R says
	Activations []string
	// ActivationAlpha and ActivationBeta are consumed by the activations that take such a parameter.
	ActivationAlpha, ActivationBeta []float32
	Clip                            float32 // 0: none
	LinearBeforeReset               bool
}

// Functions returns f and g of each direction.
func (o *GRU) Functions() ([]ActivationFn, error) {
	dirs, err := directions(o.Direction)
	if err != nil {
		return nil, err
	}
	return activations(o.Activations, o.ActivationAlpha, o.ActivationBeta, []string{"Sigmoid", "Tanh"}, dirs)
}

func (o *GRU) recurrent() (*recurrent, error) {
	fns, err := o.Functions()
	return &recurrent{direction: o.Direction, layout: o.Layout, stacked: o.Stacked, hidden: o.HiddenSize, clip: float64(o.Clip), gates: 3, states: 1, fns: fns}, err
}

// Infer implements [ir.Op].
func (o *GRU) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	r, err := o.recurrent()
	if err != nil {
		return nil, err
	}
	return r.infer(c)
}

// Eval implements [ir.Op].
func (o *GRU) Eval(c *ir.EvalContext) error {
	rec, err := o.recurrent()
	if err != nil {
		return err
	}
	return rec.eval(c, func(n int, r []weights, _ []float64) cell {
		rh, z, reset, scaled := make([]float64, 3*n), make([]float64, n), make([]float64, n), make([]float64, n)
		return func(d int, wx, h, _ []float64) {
			f, g := rec.fns[2*d], rec.fns[2*d+1]
			r[d].times(rh[:2*n], h, 0)
			for j := range h {
				z[j] = f.Apply(rec.clipped(wx[j] + rh[j]))
				reset[j] = f.Apply(rec.clipped(wx[n+j] + rh[n+j]))
				scaled[j] = reset[j] * h[j]
			}
			candidate := rh[2*n:]
			if o.LinearBeforeReset {
				r[d].times(candidate, h, 2*n)
				for j := range candidate {
					candidate[j] *= reset[j]
				}
			} else {
				r[d].times(candidate, scaled, 2*n)
			}
			for j := range h {
				h[j] = (1-z[j])*g.Apply(rec.clipped(wx[2*n+j]+candidate[j])) + z[j]*h[j]
			}
		}
	})
}

func init() { ir.Register[GRU]() }
