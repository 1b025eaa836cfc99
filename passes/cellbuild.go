package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// recurrence is a recurrent layer as the cells say it is.
type recurrence struct {
	*cell
	x          *ir.Value // [seq, batch, input] or [batch, seq, input]
	batchFirst bool
	reverse    bool
	isX, isH   func(source) bool // what the sources of the forms are
	h0, c0     *ir.Value         // [batch, hidden]; nil: zero
}

// forms lists all sums of a cell.
func (c *cell) forms() []*form {
	var list []*form
	for _, q := range c.gates {
		list = append(list, q.form)
		if q.reset != nil {
			list = append(list, q.reset)
		}
	}
	return list
}

// sources lists what the sums are made of, each once.
func (c *cell) sources() []source {
	var list []source
	for _, f := range c.forms() {
		for _, t := range f.terms {
			if !slices.Contains(list, t.of) {
				list = append(list, t.of)
			}
		}
	}
	return list
}

func (c *cell) hidden() int { return c.gates[0].form.n }

// batch is the dimension of x that is not the steps.
func (l *recurrence) batch() sym.Expr {
	if l.batchFirst {
		return l.x.Type.Dims[0]
	}
	return l.x.Type.Dims[1]
}

// because says why the layer is none, if it is none.
func (l *recurrence) because() string {
	if len(l.x.Type.Dims) != 3 {
		return "the input is no sequence of rows"
	}
	width, ok := l.x.Type.Dims[2].IsConst()
	if !ok {
		return "the width of the input is not known"
	}
	for _, q := range l.gates {
		for _, t := range q.form.terms {
			switch {
			case !l.isX(t.of) && !l.isH(t.of):
				return "the gates depend on something else than one input and the state"
			case l.isX(t.of) && t.matrix == nil:
				return "the products of the input with the weights are computed elsewhere"
			case l.isX(t.of) && int64(t.rows) != width, l.isH(t.of) && t.matrix != nil && t.rows != l.hidden():
				return "the weights do not fit the input and the state"
			}
		}
		if q.reset != nil && slices.ContainsFunc(q.reset.terms, func(t term) bool { return !l.isH(t.of) || t.matrix != nil && t.rows != l.hidden() }) {
			return "the reset gate multiplies something else than a function of the state"
		}
	}
	if !l.newH.Type.Dims[0].Equal(l.batch()) {
		return "the states are of another batch than the input"
	}
	for _, v := range []*ir.Value{l.h0, l.c0} {
		if v == nil || allZero(v) {
			continue
		}
		d := v.Type.Dims
		if len(d) != 2 || !d[1].Equal(l.newH.Type.Dims[1]) || !d[0].Equal(l.batch()) && !isUnit(d[0]) {
			return "the initial state is not one row for each of the batch"
		}
	}
	return ""
}

// weights are W, R and B of ONNX; false if a number is too large for the element type.
func (l *recurrence) weights() (list []*tensor.Tensor, ok bool) {
	n, size := len(l.gates), l.hidden()
	columns, _ := l.x.Type.Dims[2].IsConst()
	input := int(columns)
	w, r, b := make([]float64, n*size*input), make([]float64, n*size*size), make([]float64, 2*n*size)
	for i, q := range l.gates {
		wi, ri, bi := w[i*size*input:][:size*input], r[i*size*size:][:size*size], b[i*size:][:size]
		q.form.matrix(wi, input, l.isX)
		q.form.matrix(ri, size, l.isH)
		copy(bi, q.form.bias())
		if q.reset != nil {
			q.reset.matrix(ri, size, l.isH)
			copy(b[(n+i)*size:], q.reset.bias())
		}
		if q.minus {
			for _, s := range [][]float64{wi, ri, bi} {
				for k := range s {
					s[k] = -s[k]
				}
			}
		}
	}
	elem := l.newH.Type.Elem
	list = []*tensor.Tensor{rounded(elem, w, 1, n*size, input), rounded(elem, r, 1, n*size, size), rounded(elem, b, 1, 2*n*size)}
	return list, !slices.Contains(list, nil)
}

// operator is the recurrent operator, whose Y is laid out as X.
func (l *recurrence) operator() ir.Op {
	direction, layout := "forward", 0
	if l.reverse {
		direction = "reverse"
	}
	if l.batchFirst {
		layout = 1
	}
	var names []string
	var alpha, beta []float32
	for _, f := range l.fns {
		names = append(names, f.OpName())
		if f.Fn == op.HardSigmoid {
			alpha, beta = append(alpha, f.Alpha), append(beta, f.Beta)
		}
	}
	if slices.Equal(names, []string{"Sigmoid", "Tanh", "Tanh"}[:len(names)]) && len(names) > 1 || slices.Equal(names, []string{"Tanh"}) {
		names = nil
	}
	switch l.kind {
	case "LSTM":
		return &op.LSTM{Direction: direction, Layout: layout, Stacked: true, HiddenSize: l.hidden(), Activations: names, ActivationAlpha: alpha, ActivationBeta: beta}
	case "GRU":
		return &op.GRU{Direction: direction, Layout: layout, Stacked: true, HiddenSize: l.hidden(), Activations: names, ActivationAlpha: alpha, ActivationBeta: beta,
			LinearBeforeReset: l.resetAfter}
	}
	return &op.RNN{Direction: direction, Layout: layout, Stacked: true, HiddenSize: l.hidden(), Activations: names, ActivationAlpha: alpha, ActivationBeta: beta}
}

// build adds the operator before n.
func (l *recurrence) build(g *ir.Graph, n *ir.Node, weights []*tensor.Tensor) (*ir.Node, error) {
	in := []*ir.Value{l.x}
	for _, t := range weights {
		in = append(in, insert(g, n, &ir.Const{Value: t}))
	}
	in = append(in, nil)
	for _, v := range []*ir.Value{l.h0, l.c0} {
		if v == nil || allZero(v) {
			in = append(in, nil)
			continue
		}
		dims := []sym.Expr{sym.Const(1), l.batch(), l.newH.Type.Dims[1]}
		shape := insert(g, n, &ir.Dims{Elem: tensor.Int64, Shape: []int{3}, Exprs: dims})
		var o ir.Op = &op.Reshape{AllowZero: true}
		if !v.Type.Dims[0].Equal(l.batch()) {
			o = &op.Expand{}
		}
		state, err := g.InsertBefore(n, o, v, shape)
		if err != nil {
			return nil, err
		}
		in = append(in, state.Out()[0])
	}
	for in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	m, err := g.InsertBefore(n, l.operator(), in...)
	if err != nil {
		return nil, err
	}
	m.Name = n.Name
	return m, nil
}

// lastState is result i of the operator, [1, batch, hidden], without the directions.
func lastState(g *ir.Graph, n, m *ir.Node, i int) (*ir.Value, error) {
	v := m.Out()[i]
	return reshapeBefore(g, n, v, v.Type.Dims[1:]...)
}
