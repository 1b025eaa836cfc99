package cpu

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.LinearAttention, n *ir.Node, _ *Program) kernel {
		if !ranked(n) {
			return nil
		}
		for _, v := range n.In() {
			if v != nil && v.Type.Elem != tensor.Float32 {
				return nil
			}
		}
		return binder(func(_ *exec, in, _ []*tensor.Tensor) (kernel, error) { return bindLinear(o, in) })
	})
}

// linear is attention with a matrix as memory, heads side by side on several threads.
type linear struct {
	problem attention.Linear
	body    func(lo, hi int)
	rows    []float32 // scratch memory: one row of values for each head of keys
}

func bindLinear(o *op.LinearAttention, in []*tensor.Tensor) (kernel, error) {
	k := &linear{}
	p := &k.problem
	var q, kk, v [4]int
	var err error
	if _, q, err = heads(in[op.LinearQ], o.Heads); err != nil {
		return nil, err
	}
	if _, kk, err = heads(in[op.LinearK], o.KVHeads); err != nil {
		return nil, err
	}
	if _, v, err = heads(in[op.LinearV], o.KVHeads); err != nil {
		return nil, err
	}
	if q[0] != kk[0] || q[0] != v[0] || q[2] != kk[2] || q[2] != v[2] || q[3] != kk[3] {
		return nil, fmt.Errorf("shapes %v of Q, %v of K and %v of V do not belong together", in[0].Shape(), in[1].Shape(), in[2].Shape())
	}
	p.Batch, p.Heads, p.Groups, p.Rows, p.Size, p.ValueSize, p.Scale = q[0], o.Heads, o.KVHeads, q[2], q[3], v[3], o.Scale
	if p.Scale == 0 {
		p.Scale = float32(1 / math.Sqrt(float64(p.Size)))
	}
	if s := operand(in, op.LinearState); s != nil && [4]int(s.Shape()) != [4]int{p.Batch, p.Groups, p.Size, p.ValueSize} {
		return nil, fmt.Errorf("the state must be [%d, %d, %d, %d], got shape %v", p.Batch, p.Groups, p.Size, p.ValueSize, s.Shape())
	}
	for i, g := range [...]*attention.Gate{&p.Decay, &p.Rate} {
		t := operand(in, op.LinearDecay+i)
		if t == nil {
			continue
		}
		s := t.Shape()
		g.Row, g.Batch = s[2], s[1]*s[2]
		switch {
		case s[0] != p.Batch || s[1] != p.Rows:
			return nil, fmt.Errorf("shape %v of decay or rate does not fit %d batches of %d rows", s, p.Batch, p.Rows)
		case s[2] == p.Groups:
			g.Head = 1
		case s[2] == p.Groups*p.Size && i == 0:
			g.Head, g.Wide = p.Size, true
		case s[2] != 1:
			return nil, fmt.Errorf("shape %v of decay or rate does not fit %d heads of %d", s, p.Groups, p.Size)
		}
	}
	k.rows = make([]float32, p.Batch*p.Groups*p.ValueSize)
	k.body = func(lo, hi int) { p.Run(lo, hi, k.rows[lo*p.ValueSize:hi*p.ValueSize]) }
	return k, nil
}

func (k *linear) run(x *exec, in, out []*tensor.Tensor) error {
	p := &k.problem
	p.Q, p.K = attention.Beside(f32(in[op.LinearQ]), p.Heads, p.Rows, p.Size), attention.Beside(f32(in[op.LinearK]), p.Groups, p.Rows, p.Size)
	p.V, p.Y = attention.Beside(f32(in[op.LinearV]), p.Groups, p.Rows, p.ValueSize), attention.Beside(f32(out[0]), p.Heads, p.Rows, p.ValueSize)
	if out[1] != nil {
		p.State = f32(out[1])
	} else {
		p.State = x.floats(p.Batch * p.Groups * p.Size * p.ValueSize)
	}
	if s := operand(in, op.LinearState); s != nil {
		copy(p.State, f32(s))
	} else {
		clear(p.State)
	}
	for i, g := range [...]*attention.Gate{&p.Decay, &p.Rate} {
		if t := operand(in, op.LinearDecay+i); t != nil {
			g.Data = f32(t)
		}
	}
	p.Check()
	if p.Size*p.ValueSize > 0 {
		x.divide(p.Batch*p.Groups, float64(p.Rows*(p.Heads/p.Groups+3)*p.Size*p.ValueSize)*linearCost, k.body)
	} else {
		clear(f32(out[0]))
	}
	p.Q, p.K, p.V, p.Y, p.State = attention.Operand{}, attention.Operand{}, attention.Operand{}, attention.Operand{}, nil
	p.Decay.Data, p.Rate.Data = nil, nil
	return nil
}

// linearCost is the time that a number of the memory takes to be read or changed, in nanoseconds.
const linearCost = 0.1
