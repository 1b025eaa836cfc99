package randomgraph

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// recurrent is one or two recurrent layers in either direction or both, between the transposes and reshapes that exporters put around them.
func (m *maker) recurrent() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	x = m.transpose(x, 1, 0, 2)
	for range 1 + m.IntN(2) {
		hidden, direction, dirs := 1+m.IntN(5), []string{"forward", "reverse", "bidirectional"}[m.IntN(3)], 1
		if direction == "bidirectional" {
			dirs = 2
		}
		gates, o := 4, ir.Op(&op.LSTM{Direction: direction, HiddenSize: hidden})
		if m.coin(2) {
			gates, o = 3, &op.GRU{Direction: direction, HiddenSize: hidden, LinearBeforeReset: m.coin(2)}
		}
		y := m.exprs(o, x, m.weights(dirs, gates*hidden, m.width(x)), m.weights(dirs, gates*hidden, hidden), m.weights(dirs, 2*gates*hidden))
		switch { // [rows, dirs, batch, hidden] to [rows, batch, dirs·hidden]
		case dirs == 1 && m.coin(2):
			x = m.expr(&op.Squeeze{}, y[0], m.list(1))
		default:
			x = m.reshape(m.transpose(y[0], 0, 2, 1, 3), 0, 0, -1)
		}
	}
	return m.transpose(x, 1, 0, 2)
}

// chosen is a few positions, most often the last one, of what a block with attention or a residual layer makes of a sequence.
func (m *maker) chosen() *ir.Value {
	y := m.attention()
	if y != nil && m.coin(2) {
		y = m.plus(y, m.project(m.expr(&op.RMSNorm{Axis: -1, Epsilon: epsilon}, y, m.weights(m.width(y))), m.width(y)))
	}
	if y == nil || m.coin(4) {
		y = m.residual()
	}
	if y == nil {
		return nil
	}
	if m.coin(2) {
		y = m.expr(&op.Unary{Fn: op.Tanh}, m.project(y, 1+m.IntN(9)))
	}
	switch m.IntN(4) {
	case 0:
		return m.expr(&op.Slice{}, y, m.list(int64(-1-m.IntN(2))), m.list(1<<40), m.list(1))
	case 1:
		return m.expr(&op.Gather{Axis: 1}, y, m.list(0, -1))
	case 2:
		return m.expr(&op.Gather{Axis: -2}, y, m.whole(0))
	}
	return m.expr(&op.Gather{Axis: 1}, y, m.whole(-1))
}

// einsum is a product of tensors in Einstein's notation.
func (m *maker) einsum() *ir.Value {
	x, y := m.sequence(), m.sequence()
	if x == nil || y == nil {
		return nil
	}
	k := m.width(x)
	switch m.IntN(6) {
	case 0:
		return m.expr(&op.Einsum{Equation: "bnc,cd->bnd"}, x, m.weights(k, 1+m.IntN(8)))
	case 1:
		return m.expr(&op.Einsum{Equation: "bnc,dc->dbn"}, x, m.weights(1+m.IntN(8), k))
	case 2:
		return m.unary(op.Tanh, m.expr(&op.Einsum{Equation: "bic,bjc->bij"}, x, y))
	case 3:
		return m.unary(op.Tanh, m.expr(&op.Einsum{Equation: "...ic,...ic"}, x, x))
	case 4:
		return m.expr(&op.Einsum{Equation: "bnc->cb"}, m.unary(op.Softsign, m.expr(&op.Softmax{Axis: 1}, x)))
	}
	h := 1 + m.IntN(3)
	return m.expr(&op.Einsum{Equation: "bnc,chd->bhnd"}, x, m.weights(k, h, 1+m.IntN(4)))
}

// reshaped goes through shapes whose elements stay in order, with operators between that do not mind.
func (m *maker) reshaped() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	k := int64(m.width(x))
	var y *ir.Value
	switch m.IntN(4) {
	case 0:
		y = m.reshape(x, -1, k)
	case 1:
		y = m.expr(&op.Flatten{Axis: 2}, x)
	case 2:
		y = m.expr(&op.Reshape{}, x, m.join(m.times(m.size(x, 0), m.size(x, 1)), m.whole(k)))
	default:
		y = m.expr(&op.Squeeze{}, m.unsqueeze(x, 0, 3), m.list(3))
	}
	for range m.IntN(3) {
		switch m.IntN(4) {
		case 0:
			y = m.unary(op.Tanh, y)
		case 1:
			y = m.plus(y, m.weights(int(k)))
		case 2:
			y = m.unary(op.Tanh, m.expr(&op.MatMul{}, y, m.weights(int(k), int(k))))
		default:
			y = m.expr(&op.LayerNorm{Axis: -1, Epsilon: epsilon}, y, m.weights(int(k)), m.weights(int(k)))
		}
	}
	return m.expr(&op.Reshape{}, y, m.expr(&op.Shape{}, x))
}

// shapeArithmetic computes something from the shape of a sequence that is added to it.
func (m *maker) shapeArithmetic() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	n := m.size(x, 1)
	switch m.IntN(5) {
	case 0: // the last row, by a negative index and by a computed one
		last := m.expr(&op.Gather{Axis: 1}, x, m.binary(op.Sub, n, m.whole(1)))
		return m.plus(x, m.unsqueeze(m.minus(last, m.slice(m.reshape(last, 0, -1), 1, 0, int64(m.width(x)), 1)), 1))
	case 1: // zeros of its shape
		shape := m.join(m.size(x, 0), m.whole(1), m.whole(int64(m.width(x))))
		return m.plus(x, m.expr(&op.ConstantOfShape{Value: tensor.Must([]float32{0.5}, 1)}, shape))
	case 2: // a range of positions
		at := m.cast(m.count0(n), tensor.Float32)
		return m.plus(x, m.unsqueeze(m.scaled(at, 0.1), 1))
	case 3: // rows in halves, put together again
		half := m.unsqueeze(m.binary(op.Div, n, m.whole(2)), 0)
		a := m.expr(&op.Slice{}, x, m.list(0), half, m.list(1))
		b := m.expr(&op.Slice{}, x, half, m.unsqueeze(n, 0), m.list(1))
		if m.coin(2) {
			a, b = b, a
		}
		return m.expr(&op.Concat{Axis: 1}, a, b)
	}
	ones := m.expr(&op.Expand{}, m.number(1), m.expr(&op.Shape{}, x))
	return m.minus(x, m.scaled(m.expr(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, ones, m.list(1)), 0.25))
}

// someRows chooses the last row, or a few, of what is computed by rows, as the head of a language model does.
func (m *maker) someRows() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	if y := m.attention(); y != nil && len(y.Type.Dims) == 3 && m.coin(2) {
		x = y
	}
	if m.coin(2) {
		x = m.project(x, 1+m.IntN(8))
	}
	switch m.IntN(4) {
	case 0:
		return m.expr(&op.Gather{Axis: 1}, x, m.whole(-1))
	case 1:
		return m.slice(x, 1, -1, math.MaxInt64, 1)
	case 2:
		return m.expr(&op.Gather{Axis: 1}, x, m.binary(op.Sub, m.size(x, 1), m.whole(1)))
	}
	return m.slice(x, 1, -2, math.MaxInt64, 1)
}

// consecutive multiplies with constants one after another, with more behind them.
func (m *maker) consecutive() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	for range 2 + m.IntN(2) {
		x = m.project(x, 1+m.IntN(12))
		if m.coin(4) {
			x = m.scaled(x, 0.5)
		}
	}
	if m.coin(2) {
		x = m.unary(op.Tanh, x)
	}
	return x
}

// pieces takes parts of sequences side by side, which may end where one of them does, and puts some together again.
func (m *maker) pieces() *ir.Value {
	x, y := m.sequence(), m.sequence()
	if x == nil || y == nil {
		return nil
	}
	all := m.expr(&op.Concat{Axis: 2}, x, y)
	cut, end := int64(m.width(x)), int64(m.width(all))
	if m.coin(3) {
		cut = m.Int64N(end + 1)
	}
	a, b := m.slice(all, 2, 0, cut, 1), m.slice(all, 2, cut, end, 1)
	if m.coin(3) {
		a = m.unary(op.Tanh, a)
	}
	if m.coin(2) {
		a, b = b, a
	}
	y = m.expr(&op.Concat{Axis: -1}, a, b)
	if m.coin(2) { // all rows, gathered in order
		y = m.expr(&op.Gather{Axis: 1}, y, m.count0(m.size(y, 1)))
	}
	return m.project(y, m.width(x))
}

// branch is an If whose condition is known to the compiler, depends on a dimension, or on data.
func (m *maker) branch() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	var cond *ir.Value
	switch m.IntN(3) {
	case 0:
		cond = m.g.Const(tensor.Scalar(m.coin(2)))
	case 1:
		cond = m.binary(op.Greater, m.size(x, 1), m.whole(int64(m.IntN(4))))
	default:
		cond = m.expr(&op.Reshape{}, m.slice(m.slice(m.keep, 0, 0, 1, 1), 1, -1, 9, 1), m.list())
	}
	body := func(name string) *ir.Graph {
		b := &maker{Rand: m.Rand, g: ir.NewGraph(name, m.g.Scope), exact: map[*ir.Value]bool{}}
		b.reals = append(b.reals, b.input("x", x.Type), b.input("unused", x.Type))
		y := b.norm()
		if b.coin(2) {
			y = b.plus(b.unary(op.Tanh, b.reals[0]), b.weights(b.width(x)))
		}
		b.g.SetOutputs(ir.Output{Name: "y", Value: y})
		return b.g
	}
	return m.expr(&op.If{Then: body("then"), Else: body("else")}, cond, x, x)
}
