package randomgraph

import (
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// cells is a recurrent layer spelled out step by step, over the columns of a sequence as steps.
func (m *maker) cells() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	steps, input, hidden := 2+m.IntN(3), 1+m.IntN(4), 1+m.IntN(4)
	x = m.reshape(m.project(x, steps*input), 0, 0, int64(steps), int64(input))
	axis := m.IntN(2)
	if x = m.expr(&op.Gather{Axis: 1}, x, m.whole(0)); axis == 0 { // [batch, steps, input]
		x = m.transpose(x, 1, 0, 2)
	}
	c := &spelling{maker: m, sequence: x, axis: axis, input: input, hidden: hidden, joined: m.coin(2), after: m.coin(2), form: m.IntN(3)}
	c.h = m.expr(&op.Expand{}, m.g.Const(tensor.New(tensor.Float32)), m.join(m.size(x, 1-axis), m.whole(int64(hidden))))
	if m.coin(2) {
		c.h = m.expr(&op.Unary{Fn: op.Tanh}, m.expr(&op.MatMul{}, m.expr(&op.Gather{Axis: axis}, x, m.whole(0)), m.weights(input, hidden)))
	}
	c.c = c.h
	step := []func(*ir.Value){c.lstm, c.gru, c.rnn}[m.IntN(3)]
	reverse, keep := m.coin(3), m.coin(2)
	var states []*ir.Value
	for t := range steps {
		if reverse {
			t = steps - 1 - t
		}
		step(c.at(t))
		states = append(states, m.expr(&op.Unsqueeze{}, c.h, m.list(int64(axis))))
	}
	if keep {
		return m.expr(&op.Concat{Axis: axis}, states...)
	}
	return c.h
}

// spelling is how a recurrent layer is spelled out.
type spelling struct {
	*maker
	sequence            *ir.Value
	axis, input, hidden int
	joined              bool // weights multiply input and state side by side
	after               bool // a GRU resets what the weights made of the state
	form                int
	h, c                *ir.Value
	w                   map[string]*ir.Value // weights and biases by gate
}

// at is step t of the sequence.
func (c *spelling) at(t int) *ir.Value {
	if c.form == 0 {
		return c.expr(&op.Gather{Axis: c.axis}, c.sequence, c.whole(int64(t)))
	}
	part := c.expr(&op.Slice{}, c.sequence, c.list(int64(t)), c.list(int64(t+1)), c.list(int64(c.axis)))
	return c.expr(&op.Squeeze{}, part, c.list(int64(c.axis)))
}

// weight is a constant that all steps share.
func (c *spelling) weight(name string, shape ...int) *ir.Value {
	if c.w == nil {
		c.w = map[string]*ir.Value{}
	}
	if c.w[name] == nil {
		c.w[name] = c.weights(shape...)
	}
	return c.w[name]
}

// sum is what the weights of a gate make of the input and of a state, n columns.
func (c *spelling) sum(gate string, x, h *ir.Value, n int) *ir.Value {
	b := c.weight("bias "+gate, n)
	if c.joined {
		return c.plus(b, c.expr(&op.MatMul{}, c.expr(&op.Concat{Axis: -1}, x, h), c.weight("joined "+gate, c.input+c.hidden, n)))
	}
	return c.plus(c.ofInput(gate, x, n), c.plus(c.expr(&op.MatMul{TransB: true}, h, c.weight("r "+gate, n, c.hidden)), b))
}

func (c *spelling) ofInput(gate string, x *ir.Value, n int) *ir.Value {
	return c.expr(&op.MatMul{}, x, c.weight("w "+gate, c.input, n))
}

// gates are the activated sums of several gates, packed or apart.
func (c *spelling) gates(x *ir.Value, fns ...op.UnaryFn) []*ir.Value {
	out := make([]*ir.Value, len(fns))
	if c.form == 2 {
		all := c.exprs(&op.Split{Axis: -1, Num: len(fns)}, c.sum("all", x, c.h, len(fns)*c.hidden))
		copy(out, all)
	}
	for i, f := range fns {
		if out[i] == nil {
			out[i] = c.sum(string(rune('a'+i)), x, c.h, c.hidden)
		}
		out[i] = c.expr(&op.Unary{Fn: f}, out[i])
	}
	return out
}

func (c *spelling) times(x, y *ir.Value) *ir.Value {
	if c.coin(2) {
		x, y = y, x
	}
	return c.expr(&op.Binary{Fn: op.Mul}, x, y)
}

func (c *spelling) lstm(x *ir.Value) {
	g := c.gates(x, op.Sigmoid, op.Sigmoid, op.Tanh, op.Sigmoid)
	c.c = c.plus(c.times(g[0], c.c), c.times(g[1], g[2]))
	c.h = c.times(g[3], c.expr(&op.Unary{Fn: op.Tanh}, c.c))
}

func (c *spelling) rnn(x *ir.Value) { c.h = c.gates(x, op.Tanh)[0] }

func (c *spelling) gru(x *ir.Value) {
	g := c.gates(x, op.Sigmoid, op.Sigmoid)
	z, r := g[0], g[1]
	var n *ir.Value
	if c.after {
		n = c.plus(c.ofInput("n", x, c.hidden), c.times(r, c.plus(c.expr(&op.MatMul{}, c.h, c.weight("rn", c.hidden, c.hidden)), c.weight("bn", c.hidden))))
	} else {
		n = c.sum("n", x, c.times(r, c.h), c.hidden)
	}
	n = c.expr(&op.Unary{Fn: op.Tanh}, n)
	a, b := n, c.h
	if c.form == 1 {
		a, b = b, a
	}
	if c.joined {
		c.h = c.plus(a, c.times(z, c.expr(&op.Binary{Fn: op.Sub}, b, a)))
		return
	}
	share := c.expr(&op.Binary{Fn: op.Sub}, c.g.Const(tensor.Scalar(float32(1))), z)
	c.h = c.plus(c.times(share, a), c.times(z, b))
}
