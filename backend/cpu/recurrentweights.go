package cpu

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/recurrent"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// recurrentWeights are the weights among the inputs of a recurrent operator.
type recurrentWeights struct {
	in       []*tensor.Tensor // float32; nil where there are none
	integers [3]*rowIntegers  // in place of inputs 1 and 2
}

// rowIntegers are weights `[dirs, rows, cols]` of integers that have a scale for each row.
type rowIntegers struct {
	of    *tensor.Tensor
	q     []int8    // its elements less zero
	scale []float32 // [dirs, rows]
}

// constants is the weights of a node whose weights are known.
func (k *recurrence) constants(n *ir.Node) *recurrentWeights {
	w := &recurrentWeights{in: make([]*tensor.Tensor, len(n.In()))}
	for i, v := range n.In() {
		if v == nil || !carriesWeights(i) {
			continue
		}
		t := v.Const
		if t == nil {
			d := dequantized(v)
			if w.integers[i] = d.rows(); w.integers[i] != nil {
				continue
			}
			t = d.evaluated(v)
		}
		if t.DType() != tensor.Float32 {
			t = tensor.Must(tensor.Float32s(t), t.Shape()...)
		}
		w.in[i] = t
	}
	return w
}

// rows is the weights with a scale for each row; nil if their scales lie otherwise, or if zero is another integer for some.
func (w *integerWeights) rows() *rowIntegers {
	shape, scale := w.q.Shape(), f32(w.scale)
	dirs, rows, cols := shape[0], shape[1], shape[2]
	r := &rowIntegers{of: w.q, scale: make([]float32, dirs*rows)}
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
	zero, less := make([]float32, len(scale)), float32(0)
	if w.zero != nil {
		readIntegers(zero, w.zero, 0)
	}
	r.q, _, less = w.signed()
	if slices.ContainsFunc(zero, func(z float32) bool { return z != less }) {
		return nil
	}
	return r
}

// evaluated is the weights as numbers, which v is.
func (w *integerWeights) evaluated(v *ir.Value) *tensor.Tensor {
	in := []tensor.Value{w.q, w.scale, nil}
	if w.zero != nil {
		in[2] = w.zero
	}
	c := &ir.EvalContext{In: in[:len(v.Def().In())]}
	if err := ir.CallEval(v.Def().Op, c); err != nil {
		panic("BUG: " + err.Error()) // scales and zero points fit
	}
	return c.Out[0].(*tensor.Tensor)
}

// carriesWeights tells the inputs of recurrent operators that are weights from the sequences, their lengths and the initial states.
func carriesWeights(input int) bool { return input > 0 && (input < 4 || input > 6) }

// weightSizes is how many elements the weights of a recurrent operator have, by input.
type weightSizes struct {
	there         [8]bool
	elements      [8]int
	rank          [8]int
	input, hidden int
}

func (s *weightSizes) set(i int, t *tensor.Tensor) {
	s.there[i], s.elements[i], s.rank[i] = true, t.Len(), t.Rank()
	if i == 1 && t.Rank() == 3 {
		s.input = t.Dim(2)
	} else if i == 2 && t.Rank() == 3 {
		s.hidden = t.Dim(2)
	}
}

// check compares the sizes with each other.
func (s *weightSizes) check(k *recurrence) error {
	if s.rank[1] != 3 || s.rank[2] != 3 {
		return fmt.Errorf("weights must be of rank 3, got %d and %d", s.rank[1], s.rank[2])
	}
	dirs, rows := len(k.cells), k.cells[0].Kind.Gates()*s.hidden
	for i, n := range [8]int{1: rows * s.input, 2: rows * s.hidden, 3: 2 * rows, 7: 3 * s.hidden} {
		if s.there[i] && s.elements[i] != dirs*n {
			return fmt.Errorf("input %d must have %d elements, got %d", i, dirs*n, s.elements[i])
		}
	}
	return nil
}

// of is the weights of a direction.
func (w *recurrentWeights) of(k *recurrence, d int) (weights recurrent.Weights, input, hidden int, err error) {
	var sizes weightSizes
	for i, t := range w.in {
		if t != nil && carriesWeights(i) {
			sizes.set(i, t)
		}
	}
	for i, r := range w.integers {
		if r != nil {
			sizes.set(i, r.of)
		}
	}
	if err = sizes.check(k); err != nil {
		return weights, 0, 0, err
	}
	input, hidden = sizes.input, sizes.hidden
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
	return recurrent.Weights{W: part(1), R: part(2), B: part(3), P: part(7), IntegerW: integers(1), IntegerR: integers(2)}, input, hidden, nil
}

// isRecurrentWeight reports whether v is a matrix of integers that recurrent layers alone read, and have packed.
func isRecurrentWeight(v *ir.Value) bool {
	if v.IsOutput() || !v.Used() || len(v.Type.Dims) != 3 || dequantized(v) == nil {
		return false
	}
	for _, u := range v.Uses() {
		if _, known := recurrenceOf(u.Node); !known || u.Index != 1 && u.Index != 2 {
			return false
		}
	}
	return true
}
