package cpu

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// constantWeights are the weights of a recurrent operator by input: q alone where they are no integers, nothing where there are none.
type constantWeights [8]integerWeights

// constantWeightsOf is the weights of a node, nil unless all are known.
func constantWeightsOf(n *ir.Node) *constantWeights {
	weights := new(constantWeights)
	for i, v := range n.In() {
		if v == nil || !carriesWeights(i) {
			continue
		}
		w := &integerWeights{q: v.Const}
		if v.Const == nil && (i == 1 || i == 2) {
			w = dequantized(v)
		}
		if w == nil || w.q == nil {
			return nil
		}
		weights[i] = *w
	}
	return weights
}

// carriesWeights tells the inputs of recurrent operators that are weights from the sequences, their lengths and the initial states.
func carriesWeights(input int) bool { return input > 0 && (input < 4 || input > 6) }

// fit tells whether the sizes of the weights agree with each other.
func (w *constantWeights) fit(k *recurrence) bool {
	for i := 1; i <= 2; i++ {
		if t := w[i].q; t == nil || t.Rank() != 3 {
			return false
		}
	}
	input, hidden := w[1].q.Dim(2), w[2].q.Dim(2)
	dirs, rows := len(k.cells), k.cells[0].Kind.Gates()*hidden
	for i, n := range [8]int{1: rows * input, 2: rows * hidden, 3: 2 * rows, 7: 3 * hidden} {
		if t := w[i].q; t != nil && t.Len() != dirs*n {
			return false
		}
	}
	return true
}

// evaluated is the weights as layers take them.
func (w *constantWeights) evaluated() *recurrentWeights {
	r := &recurrentWeights{in: make([]*tensor.Tensor, len(w))}
	for i := range w {
		switch c := &w[i]; {
		case c.q == nil:
		case c.scale == nil && c.q.DType() == tensor.Float32:
			r.in[i] = c.q
		case c.scale == nil:
			r.in[i] = tensor.Must(tensor.Float32s(c.q), c.q.Shape()...)
		default:
			if r.integers[i] = c.rows(); r.integers[i] == nil {
				r.in[i] = c.evaluated()
			}
		}
	}
	return r
}

// recurrentWeights are the weights among the inputs of a recurrent operator.
type recurrentWeights struct {
	in       []*tensor.Tensor // float32; nil where there are none
	integers [3]*rowIntegers  // in place of inputs 1 and 2
}

// of is the weights of a direction.
func (w *recurrentWeights) of(k *recurrence, d int) recurrent.Weights {
	part := func(i int) []float32 {
		if i >= len(w.in) || w.in[i] == nil {
			return nil
		}
		all := f32(w.in[i])
		size := len(all) / len(k.cells)
		return all[d*size:][:size]
	}
	integers := func(i int) *recurrent.Integers {
		r := w.integers[i]
		if r == nil {
			return nil
		}
		size, rows := len(r.q)/len(k.cells), len(r.scale)/len(k.cells)
		return &recurrent.Integers{Q: r.q[d*size:][:size], Scale: r.scale[d*rows:][:rows]}
	}
	return recurrent.Weights{W: part(1), R: part(2), B: part(3), P: part(7), IntegerW: integers(1), IntegerR: integers(2)}
}

// rowIntegers are weights `[dirs, rows, cols]` of integers that have a scale for each row.
type rowIntegers struct {
	q     []int8    // the elements less zero
	scale []float32 // [dirs, rows]
}

// rows is the weights with a scale for each row; nil if their scales lie otherwise, or if zero is another integer for some.
func (w *integerWeights) rows() *rowIntegers {
	shape, scale := w.q.Shape(), f32(w.scale)
	dirs, rows, cols := shape[0], shape[1], shape[2]
	r := &rowIntegers{scale: make([]float32, dirs*rows)}
	switch axis := axisOf(w.axis, 3); {
	case w.block == 0 && len(scale) == 1:
		for i := range r.scale {
			r.scale[i] = scale[0]
		}
	case w.block == 0 && axis == 1:
		for d := range dirs {
			copy(r.scale[d*rows:], scale)
		}
	case w.block > 0 && w.block >= cols && axis == 2 && cols > 0:
		copy(r.scale, scale)
	default:
		return nil
	}
	if zero, ok := uniform(w.zero); !ok || zero != w.less() {
		return nil
	}
	r.q, _ = w.signed()
	return r
}

// evaluated is the weights as numbers.
func (w *integerWeights) evaluated() *tensor.Tensor {
	c := &ir.EvalContext{In: []tensor.Value{w.q, w.scale}}
	if w.zero != nil {
		c.In = append(c.In, w.zero)
	}
	if err := ir.CallEval(&op.DequantizeLinear{Axis: w.axis, BlockSize: w.block}, c); err != nil {
		panic("BUG: " + err.Error()) // scales and zero points fit
	}
	return c.Out[0].(*tensor.Tensor)
}

// isRecurrentWeight reports whether v is a matrix of integers that recurrent layers alone read, and have packed.
func isRecurrentWeight(v *ir.Value) bool {
	if v.IsOutput() || !v.Used() || len(v.Type.Dims) != 3 || dequantized(v) == nil {
		return false
	}
	for _, u := range v.Uses() {
		if _, weights := recurrenceOf(u.Node); weights == nil || u.Index != 1 && u.Index != 2 {
			return false
		}
	}
	return true
}
