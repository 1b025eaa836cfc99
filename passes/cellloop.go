package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// loopCell is a cell in the body of a Scan or Loop: states pass from step to step, and all others are results for each step.
type loopCell struct {
	*recurrence
	node     *ir.Node
	body     *ir.Graph
	state    int                                           // number of h among the states
	states   int                                           // of the node
	in       []*ir.Value                                   // states of the body as inputs
	out      []ir.Output                                   // and as results
	initial  []*ir.Value                                   // states of the node
	perStep  []ir.Output                                   // other results of the body
	seqOf    func(source) (x *ir.Value, axis int, ok bool) // of a source in the body
	backward bool
}

// match finds the cell and where its operands come from, or says why it is none; an empty text and false mean that it does not look like one.
func (l *loopCell) match(b bounds, index *ir.Value) (because string, ok bool) {
	var c *cell
	for i, o := range l.out {
		if c = cellOf(o.Value, newReader(b, index)); c != nil && (c.newC == nil) == (l.states == 1) {
			l.state = i
			break
		}
		c = nil
	}
	if c == nil {
		return "", false
	}
	h := l.in[l.state]
	l.recurrence = &recurrence{cell: c, h0: l.initial[l.state], reverse: l.backward}
	l.isH = func(s source) bool { return s == source{value: h} }
	if c.kind == "LSTM" {
		other := 1 - l.state
		if c.newC != l.out[other].Value || c.c != l.in[other] {
			return "the cell state is not what the step before left", false
		}
		l.c0 = l.initial[other]
	}
	if c.kind == "GRU" && c.h != h {
		return "the state is not what the step before left", false
	}
	var x source
	for _, s := range c.sources() {
		if l.isH(s) {
			continue
		}
		if x.value != nil {
			return "the gates depend on something else than one input and the state", false
		}
		x = s
	}
	if x.value == nil {
		return "the gates do not depend on an input", false
	}
	seq, axis, known := l.seqOf(x)
	if !known || axis > 1 || len(seq.Type.Dims) != 3 {
		return "the input is not one step of a sequence after the other", false
	}
	l.x, l.batchFirst = seq, axis == 1
	l.isX = func(s source) bool { return s == x }
	l.projected(x)
	if because := l.because(); because != "" {
		return because, false
	}
	for _, o := range l.perStep {
		if o.Value != c.newH {
			return "a result for each step is not the state", false
		}
	}
	return "", true
}

// projected looks through products of the sequence with the weights that are computed before the loop.
func (l *loopCell) projected(x source) {
	r := newReader(bounds{}, nil)
	var seq *ir.Value
	resolved := make([]*form, len(l.gates))
	for i, q := range l.gates {
		f := &form{n: q.form.n, shifts: slices.Clone(q.form.shifts)}
		for _, t := range q.form.terms {
			if t.of != x {
				f.terms = append(f.terms, t)
				continue
			}
			at := len(f.terms)
			if t.matrix != nil || !r.add(f, l.x, nil, t.col, t.factor) {
				return
			}
			for k := range f.terms[at:] {
				of := f.terms[at+k].of
				if of.step || f.terms[at+k].matrix == nil || seq != nil && of.value != seq {
					return
				}
				seq = of.value
				f.terms[at+k].of = x
			}
		}
		resolved[i] = f
	}
	if seq == nil || len(seq.Type.Dims) != 3 {
		return
	}
	l.x = seq
	for i := range l.gates {
		l.gates[i].form = resolved[i]
	}
}

// replace puts the operator in place of the loop; order says for each result of all steps whether it is from the last step to the first, and along
// which axis the steps lie.
func (l *loopCell) replace(r *run, g *ir.Graph, order func(i int) (axis int, backward bool)) error {
	weights, ok := l.weights()
	if !ok || !r.rewrite() {
		return nil
	}
	n := l.node
	m, err := l.build(g, n, weights)
	if err != nil {
		return err
	}
	for i, v := range n.Out() {
		if !v.Used() {
			continue
		}
		var w *ir.Value
		switch {
		case i == l.state:
			w, err = lastState(g, n, m, 1)
		case i < l.states:
			w, err = lastState(g, n, m, 2)
		default:
			axis, backward := order(i - l.states)
			w = m.Out()[0]
			steps := 0
			if l.batchFirst {
				steps = 1
			}
			if backward != l.reverse {
				w, err = reversed(g, n, w, steps)
			}
			if err == nil && axis != steps {
				w, err = transposeBefore(g, n, w, 1, 0, 2)
			}
		}
		if err != nil {
			return err
		}
		g.ReplaceUses(v, w)
	}
	ir.Credit(m, n)
	g.Remove(n)
	return nil
}

// reversed is x from the last element of an axis to the first.
func reversed(g *ir.Graph, n *ir.Node, x *ir.Value, axis int) (*ir.Value, error) {
	in := []*ir.Value{x}
	for _, i := range []int64{-1, -1 << 62, int64(axis), -1} {
		in = append(in, insert(g, n, &ir.Const{Value: tensor.Must([]int64{i}, 1)}))
	}
	s, err := g.InsertBefore(n, &op.Slice{}, in...)
	if err != nil {
		return nil, err
	}
	return s.Out()[0], nil
}

func scannedCell(r *run, g *ir.Graph, n *ir.Node, o *op.Scan) error {
	if o.States < 1 || o.States > 2 || o.Scanned != 1 {
		return nil
	}
	outs := o.Body.Outputs()
	l := &loopCell{node: n, body: o.Body, states: o.States, in: o.Body.Inputs()[:o.States], out: outs[:o.States], initial: n.In()[:o.States], perStep: outs[o.States:],
		backward: flagAt(o.InputBackward, 0)}
	l.seqOf = func(s source) (*ir.Value, int, bool) {
		x := n.Input(o.States)
		if s != (source{value: o.Body.Inputs()[o.States]}) || !x.Type.Ranked {
			return nil, 0, false
		}
		return x, axisIn(intAt(o.InputAxes, 0), x), true
	}
	because, ok := l.match(bounds{}, nil)
	if !ok {
		r.missed(KindRecurrent, n, because)
		return nil
	}
	return l.replace(r, g, func(i int) (int, bool) {
		axis := intAt(o.OutputAxes, i)
		if axis < 0 {
			axis += 3
		}
		return axis, flagAt(o.Backward, i)
	})
}

func intAt(list []int, i int) int {
	if i < len(list) {
		return list[i]
	}
	return 0
}

func flagAt(list []bool, i int) bool { return i < len(list) && list[i] }

func loopedCell(r *run, g *ir.Graph, n *ir.Node, o *op.Loop) error {
	if o.Carried < 1 || o.Carried > 2 || n.Input(0) == nil {
		return nil
	}
	in, outs := o.Body.Inputs(), o.Body.Outputs()
	l := &loopCell{node: n, body: o.Body, states: o.Carried, in: in[2 : 2+o.Carried], out: outs[1 : 1+o.Carried], initial: n.In()[2 : 2+o.Carried], perStep: outs[1+o.Carried:]}
	l.seqOf = func(s source) (*ir.Value, int, bool) {
		if !s.step || s.index != in[0] || !s.value.IsGraphInput() || s.value.Index() < 2+o.Carried {
			return nil, 0, false
		}
		return n.Input(s.value.Index()), s.axis, true
	}
	because, ok := l.match(bounds{}, in[0])
	if ok && !l.allSteps(o) {
		because, ok = "the loop does not run over all steps of the sequence for certain", false
	}
	if !ok {
		r.missed(KindRecurrent, n, because)
		return nil
	}
	return l.replace(r, g, func(int) (int, bool) { return 0, false })
}

// allSteps reports whether a Loop runs once for each step.
func (l *loopCell) allSteps(o *op.Loop) bool {
	isTrue := func(v *ir.Value) bool {
		return v != nil && v.Const != nil && v.Const.Len() == 1 && v.Const.Int64(0) != 0
	}
	n, next := l.node, o.Body.Outputs()[0].Value
	if n.Input(1) != nil && !isTrue(n.Input(1)) || !isTrue(next) && next != o.Body.Inputs()[1] {
		return false
	}
	steps := l.x.Type.Dims[0]
	if l.batchFirst {
		steps = l.x.Type.Dims[1]
	}
	trips := symbols(n.Input(0))
	return len(trips) == 1 && trips[0].Equal(steps)
}
