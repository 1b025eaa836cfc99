package cpu

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/attention"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Attention, n *ir.Node, p *Program) kernel {
		states, appends := p.kept[n]
		switch {
		case !attends(o, n):
			return nil
		case !appends:
			states = [2]int{-1, -1}
		}
		return &attending{o, states}
	})
}

// attends reports whether the kernel can do what a node says.
func attends(o *op.Attention, n *ir.Node) bool {
	for i, v := range n.In() {
		if v == nil {
			continue
		}
		switch {
		case !v.Type.IsTensor() || !v.Type.Ranked:
			return false
		case i == op.AttentionMask && v.Type.Elem == tensor.Bool:
		case i == op.AttentionLengths || i == op.AttentionStart || i == op.AttentionCapacity:
		case v.Type.Elem != tensor.Float32:
			return false
		}
	}
	// Not if scores are wanted, or nothing but keys and values, or another precision.
	return n.Out()[0].Used() && !n.Out()[3].Used() && (o.Precision == tensor.Invalid || o.Precision == tensor.Float32)
}

// attending is attention that is not bound yet.
type attending struct {
	op     *op.Attention
	states [2]int // those that past keys and values are, −1 where they are operands
}

func (a *attending) bind(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
	batch := in[op.AttentionQ].Dim(0)
	k := &attend{attending: a, starts: make([]int, batch), lengths: make([]int, batch)}
	k.body, k.turns.body = k.join, k.append
	return k, nil
}

func (a *attending) run(x *exec, in, out []*tensor.Tensor) error { return bindAndRun(a, x, in, out) }

// bindsOnce implements [onceBound]: only the batch counts.
func (a *attending) bindsOnce() {}

// attender returns the session's context for attention, which it makes at the first call.
func (x *exec) attender() *attention.Ctx {
	if x.attention == nil {
		lv, _ := level.Current() // an error ended the compilation of the program
		x.attention = attention.NewCtx(x.pool, lv)
	}
	return x.attention
}

// attend is attention in tiles.
type attend struct {
	*attending
	starts, lengths []int // by batch
	problem         attention.Problem
	keys, values    cache
	body            func(lo, hi int)
	turns           turns
}

func (k *attend) run(x *exec, in, out []*tensor.Tensor) error {
	p := &k.problem
	defer func() { k.problem, k.keys, k.values = attention.Problem{}, cache{}, cache{} }()
	if err := k.sizes(in, out); err != nil {
		return err
	}
	if err := k.perHead(in); err != nil {
		return err
	}
	if k.states[0] >= 0 && x.step.slots[k.states[0]].Turns != nil {
		return k.together(x, in)
	}
	if err := k.past(x, in); err != nil {
		return err
	}
	if err := k.cache(x, in, out); err != nil {
		return err
	}
	if t := operand(in, op.AttentionMask); t != nil {
		if err := k.mask(t); err != nil {
			return err
		}
	}
	attention.Run(x.attender(), p)
	return nil
}

// perHead fills in what there is one number of for each head.
func (k *attend) perHead(in []*tensor.Tensor) error {
	p := &k.problem
	for i, to := range [...]*[]float32{&p.Slopes, &p.Sink} {
		if t := operand(in, op.AttentionSlopes+i); t != nil {
			if *to = f32(t); len(*to) != p.Heads {
				return fmt.Errorf("shape %v is not one number for each of %d heads", t.Shape(), p.Heads)
			}
		}
	}
	return nil
}

// operand is an input that may be absent.
func operand(in []*tensor.Tensor, i int) *tensor.Tensor {
	if i < len(in) {
		return in[i]
	}
	return nil
}

// heads sees an operand of rank 3, with n heads side by side, or 4 as [batch, heads, rows, size].
func heads(t *tensor.Tensor, n int) (o attention.Operand, shape [4]int, err error) {
	switch s := t.Shape(); {
	case len(s) == 4:
		return attention.Dense(f32(t), s[1], s[2], s[3]), [4]int(s), nil
	case len(s) == 3 && n > 0 && s[2]%n == 0:
		return attention.Beside(f32(t), n, s[1], s[2]/n), [4]int{s[0], n, s[1], s[2] / n}, nil
	}
	return o, shape, fmt.Errorf("shape %v is not [batch, heads, rows, size] or [batch, rows, %d heads side by side]", t.Shape(), n)
}

// sizes fills in the problem but for caches and masks.
func (k *attend) sizes(in, out []*tensor.Tensor) error {
	o, p := k.op, &k.problem
	groups := o.KVHeads
	if groups == 0 {
		groups = o.Heads
	}
	var shape [3][4]int
	for i, to := range [...]*attention.Operand{&p.Q, &k.keys.fresh, &k.values.fresh} {
		n := groups
		if i == op.AttentionQ {
			n = o.Heads
		}
		var err error
		if *to, shape[i], err = heads(in[i], n); err != nil {
			return err
		}
	}
	q, kk, v := shape[0], shape[1], shape[2]
	if q[0] != kk[0] || q[0] != v[0] || kk[1] != v[1] || kk[2] != v[2] || q[3] != kk[3] || kk[1] == 0 || q[1]%kk[1] != 0 {
		return fmt.Errorf("shapes %v of Q, %v of K and %v of V do not belong together", in[0].Shape(), in[1].Shape(), in[2].Shape())
	}
	p.Batch, p.Heads, p.Queries, p.Size = q[0], q[1], q[2], q[3]
	p.Groups, p.Keys, p.ValueSize = kk[1], kk[2], v[3]
	k.keys.new, k.values.new, k.keys.size, k.values.size = p.Keys, p.Keys, p.Size, p.ValueSize
	var err error
	if p.Y, _, err = heads(out[0], p.Heads); err != nil {
		return err
	}
	p.Scale, p.Softcap, p.Left, p.Right, p.Empty = o.Scale, max(0, o.Softcap), min(o.Left, op.MaxWindow), min(o.Right, op.MaxWindow), attention.Empty(o.Empty)
	if p.Scale == 0 {
		p.Scale = float32(1 / math.Sqrt(float64(p.Size)))
	}
	if o.Causal {
		p.Right = 1
	}
	p.Lengths, err = perBatch(operand(in, op.AttentionLengths), k.lengths, 0)
	return err
}

// perBatch reads one number a batch, or one for all, into to. Without any, all of to are def, and it is nil that is returned.
func perBatch(t *tensor.Tensor, to []int, def int) ([]int, error) {
	if t == nil {
		for b := range to {
			to[b] = def
		}
		return nil, nil
	}
	if t.Len() != 1 && t.Len() != len(to) {
		return nil, fmt.Errorf("shape %v is not one number for each of %d batches", t.Shape(), len(to))
	}
	for b := range to {
		to[b] = int(max(math.MinInt32, min(math.MaxInt32, t.Int64(b%t.Len()))))
	}
	return to, nil
}

// mask lays the mask over the scores.
func (k *attend) mask(t *tensor.Tensor) error {
	p := &k.problem
	m, shape := &p.Mask, t.Shape()
	to := [4]int{p.Batch, p.Heads, p.Queries, p.Keys}
	m.Columns = p.Keys
	if len(shape) > 4 {
		return fmt.Errorf("the mask must have rank 4 at most, got shape %v", shape)
	}
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		axis := i + 4 - len(shape)
		switch {
		case shape[i] == 1:
		case shape[i] == to[axis]:
			m.Steps[axis] = step
		case axis == 3 && shape[i] < to[axis]:
			m.Steps[axis], m.Columns = step, shape[i]
		default:
			return fmt.Errorf("the mask of shape %v does not broadcast to %v", shape, to)
		}
		step *= shape[i]
	}
	switch {
	case t.Len() == 0: // it covers no key
		clear(k.lengths)
		p.Lengths = k.lengths
	case t.DType() == tensor.Bool:
		m.Bool = tensor.Data[bool](t)
	default:
		m.Float = f32(t)
	}
	return nil
}
