package op

import "github.com/gocompile/gocompile/ir"

// LSTM is the ONNX operator LSTM: for each sequence, direction and step, with ⊙ elementwise and the gates i, o, f, c in the order of
// the rows of W and R,
//
//	i = f(clip(W_i·x + R_i·h + P_i⊙c + B_i))
//	f = f(clip(W_f·x + R_f·h + P_f⊙c + B_f)), or 1-i with InputForget
//	g = g(clip(W_c·x + R_c·h + B_c))
//	c = f⊙c + i⊙g
//	o = f(clip(W_o·x + R_o·h + P_o⊙c + B_o))
//	h = o⊙h(clip(c))
//
// Its inputs are X, W, R, B, sequence_lens, initial_h, initial_c and P, its results Y, Y_h and Y_c.
type LSTM struct {
	Direction   string // forward, which "" stands for too, reverse or bidirectional
	Layout      int    // 0: [seq, batch, …], 1: [batch, seq, …]
	Stacked     bool   // Y is laid out as X, states are [dirs, batch, hidden]; as layers of a stack pass them on
	HiddenSize  int    // 0: what R says
	Activations []string
	// ActivationAlpha and ActivationBeta are consumed by the activations that take such a parameter.
	ActivationAlpha, ActivationBeta []float32
	Clip                            float32 // 0: none
	InputForget                     bool
}

// Functions returns f, g and h of each direction.
func (o *LSTM) Functions() ([]ActivationFn, error) {
	dirs, err := directions(o.Direction)
	if err != nil {
		return nil, err
	}
	return activations(o.Activations, o.ActivationAlpha, o.ActivationBeta, []string{"Sigmoid", "Tanh", "Tanh"}, dirs)
}

func (o *LSTM) recurrent() (*recurrent, error) {
	fns, err := o.Functions()
	return &recurrent{direction: o.Direction, layout: o.Layout, stacked: o.Stacked, hidden: o.HiddenSize, clip: float64(o.Clip), gates: 4, states: 2, fns: fns}, err
}

// Infer implements [ir.Op].
func (o *LSTM) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	r, err := o.recurrent()
	if err != nil {
		return nil, err
	}
	return r.infer(c)
}

// Eval implements [ir.Op].
func (o *LSTM) Eval(c *ir.EvalContext) error {
	rec, err := o.recurrent()
	if err != nil {
		return err
	}
	return rec.eval(c, func(n int, r []weights, p []float64) cell {
		rh := make([]float64, 4*n)
		return func(d int, wx, h, c []float64) {
			f, g, out := rec.fns[3*d], rec.fns[3*d+1], rec.fns[3*d+2]
			r[d].times(rh, h, 0)
			gate := func(k, j int) float64 { return wx[k*n+j] + rh[k*n+j] }
			peephole := func(k, j int, c float64) float64 {
				if p == nil {
					return 0
				}
				return p[(3*d+k)*n+j] * c
			}
			for j := range h {
				in := f.Apply(rec.clipped(gate(0, j) + peephole(0, j, c[j])))
				forget := 1 - in
				if !o.InputForget {
					forget = f.Apply(rec.clipped(gate(2, j) + peephole(2, j, c[j])))
				}
				c[j] = forget*c[j] + in*g.Apply(rec.clipped(gate(3, j)))
				h[j] = f.Apply(rec.clipped(gate(1, j)+peephole(1, j, c[j]))) * out.Apply(rec.clipped(c[j]))
			}
		}
	})
}

func init() { ir.Register[LSTM]() }
