package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// What LSTM, GRU and RNN have in common. The inputs are, in this order,
//
//	X `[seq, batch, input]`, W `[dirs, gates·hidden, input]`, R `[dirs, gates·hidden, hidden]`, B `[dirs, 2·gates·hidden]`,
//	sequence_lens i32 `[batch]`, initial_h `[dirs, batch, hidden]`
//
// and for LSTM initial_c, shaped as initial_h, and P `[dirs, 3·hidden]`; all after R are optional. The results are
// Y `[seq, dirs, batch, hidden]`, Y_h `[dirs, batch, hidden]` and for LSTM Y_c, shaped as Y_h. With layout 1 the batch is the first
// axis of X, the initial states and all results. With stacked, which no ONNX operator has, Y is laid out as X, [seq, batch, dirs·hidden] or
// [batch, seq, dirs·hidden], so that it can be X of a next layer, and the states are [dirs, batch, hidden] with both layouts. A sequence ends after its length: Y is zero from there on, and the reverse
// direction begins at its last step. The states after a sequence of no steps are the initial ones.

// directions is how many directions an attribute direction stands for; "" is forward.
func directions(direction string) (int, error) {
	switch direction {
	case "", "forward", "reverse":
		return 1, nil
	case "bidirectional":
		return 2, nil
	}
	return 0, fmt.Errorf("direction must be forward, reverse or bidirectional, got %q", direction)
}

// recurrent is a recurrent operator as Infer and Eval see it.
type recurrent struct {
	direction string
	layout    int
	stacked   bool
	hidden    int // 0: what the weights say
	clip      float64
	gates     int // matrices in W and in R
	states    int // 1, or 2 with a cell state
	fns       []ActivationFn
}

var recurrentRanks = [...]int{3, 3, 3, 2, 1, 3, 3, 2} // by input

// check checks the attributes and returns the number of directions.
func (o *recurrent) check() (int, error) {
	if o.layout != 0 && o.layout != 1 {
		return 0, fmt.Errorf("layout must be 0 or 1, got %d", o.layout)
	}
	if o.hidden < 0 {
		return 0, fmt.Errorf("hidden size %d is negative", o.hidden)
	}
	if !(o.clip >= 0) {
		return 0, fmt.Errorf("clip must be positive, got %v", o.clip)
	}
	return directions(o.direction)
}

// infer gives the facts of all results.
func (o *recurrent) infer(c *ir.InferContext) ([]ir.Fact, error) {
	dirs, err := o.check()
	if err != nil {
		return nil, err
	}
	if err := o.inferInputs(c); err != nil {
		return nil, err
	}
	dim := func(input, axis int) sym.Expr {
		if t := c.Type(input); t.Ranked {
			return t.Dims[axis]
		}
		return c.Fresh("recurrent")
	}
	// same makes sure that dimensions, given as pairs of input and axis, can be e, and returns the one that is known best.
	same := func(e sym.Expr, at ...[2]int) sym.Expr {
		for _, p := range at {
			if t := c.Type(p[0]); c.Has(p[0]) && t.Ranked {
				both, errDim := sameDim(e, t.Dims[p[1]])
				if errDim != nil && err == nil {
					err = fmt.Errorf("axis %d of input %d, %v: %w", p[1], p[0], t, errDim)
				}
				e = both
			}
		}
		return e
	}
	hidden := sym.Int(o.hidden)
	if o.hidden == 0 {
		hidden = dim(2, 2)
	}
	hidden = same(hidden, [2]int{2, 2}, [2]int{5, 2}, [2]int{6, 2})
	same(sym.Int(o.gates).Mul(hidden), [2]int{1, 1}, [2]int{2, 1})
	same(sym.Int(2*o.gates).Mul(hidden), [2]int{3, 1})
	same(sym.Int(3).Mul(hidden), [2]int{7, 1})
	same(dim(0, 2), [2]int{1, 2})
	seq := dim(0, o.layout)
	dirAxis := o.dirAxis()
	batch := same(dim(0, 1-o.layout), [2]int{4, 0}, [2]int{5, 1 - dirAxis}, [2]int{6, 1 - dirAxis})
	d := same(sym.Int(dirs), [2]int{1, 0}, [2]int{2, 0}, [2]int{3, 0}, [2]int{7, 0}, [2]int{5, dirAxis}, [2]int{6, dirAxis})
	if err != nil {
		return nil, err
	}
	elem := c.Type(0).Elem
	y, last := ir.TensorType(elem, seq, d, batch, hidden), ir.TensorType(elem, d, batch, hidden)
	switch {
	case o.stacked && o.layout == 1:
		y = ir.TensorType(elem, batch, seq, d.Mul(hidden))
	case o.stacked:
		y = ir.TensorType(elem, seq, batch, d.Mul(hidden))
	case o.layout == 1:
		y, last = ir.TensorType(elem, batch, seq, d, hidden), ir.TensorType(elem, batch, d, hidden)
	}
	return append([]ir.Fact{ir.Of(y)}, slices.Repeat([]ir.Fact{ir.Of(last)}, o.states)...), nil
}

// dirAxis is the axis of the directions in the states.
func (o *recurrent) dirAxis() int {
	if o.stacked {
		return 0
	}
	return o.layout
}

// inferInputs checks number, element types and ranks of the inputs.
func (o *recurrent) inferInputs(c *ir.InferContext) error {
	maxIn := 6
	if o.states == 2 {
		maxIn = 8
	}
	if err := c.Expect(3, maxIn); err != nil {
		return err
	}
	elem := c.Type(0).Elem
	if !slices.Contains([]tensor.DType{tensor.Float32, tensor.Float64, tensor.Float16, tensor.BFloat16}, elem) {
		return fmt.Errorf("does not take elements %v", elem)
	}
	for i := range c.NumIn() {
		if !c.Has(i) {
			continue
		}
		t, err := c.Tensor(i)
		switch {
		case err != nil:
			return err
		case i == 4 && t.Elem != tensor.Int32:
			return fmt.Errorf("sequence lengths must be i32, got %v", t)
		case i != 4 && t.Elem != elem:
			return fmt.Errorf("input %d has elements %v, the first %v", i, t.Elem, elem)
		case t.Ranked && len(t.Dims) != recurrentRanks[i]:
			return fmt.Errorf("input %d must be of rank %d, got %v", i, recurrentRanks[i], t)
		}
	}
	return nil
}

// RecurrentShape is the sizes that the inputs of LSTM, GRU and RNN agree on.
type RecurrentShape struct{ Seq, Batch, Input, Hidden, Dirs int }

// ShapeOfRecurrent checks the shapes of the inputs of a recurrent operator with the given number of gates, directions and layout; absent
// inputs are nil. It allocates nothing but errors.
func ShapeOfRecurrent(in []*tensor.Tensor, gates, dirs, layout int, stacked bool) (RecurrentShape, error) {
	for i, t := range in {
		if t != nil && t.Rank() != recurrentRanks[i] {
			return RecurrentShape{}, fmt.Errorf("input %d must be of rank %d, got shape %v", i, recurrentRanks[i], t.Shape())
		}
	}
	x, r := in[0], in[2]
	s := RecurrentShape{x.Dim(layout), x.Dim(1 - layout), x.Dim(2), r.Dim(2), dirs}
	state := [3]int{dirs, s.Batch, s.Hidden}
	if layout == 1 && !stacked {
		state = [3]int{s.Batch, dirs, s.Hidden}
	}
	rows := gates * s.Hidden
	want := [...][3]int{{x.Dim(0), x.Dim(1), x.Dim(2)}, {dirs, rows, s.Input}, {dirs, rows, s.Hidden}, {dirs, 2 * rows}, {s.Batch}, state, state, {dirs, 3 * s.Hidden}}
	for i, t := range in {
		if t == nil {
			continue
		}
		for axis, n := range t.Shape() {
			if n != want[i][axis] {
				return s, fmt.Errorf("axis %d of input %d must be %d, got shape %v", axis, i, want[i][axis], t.Shape())
			}
		}
	}
	return s, nil
}

// cell advances one sequence in one direction by a step. It is given the row of X and the products of its weights (with the biases
// of W) and changes the states in place.
type cell func(dir int, wx, h, c []float64)

// weights is a matrix and a bias of one direction, each gate after the other.
type weights struct {
	rows, cols int
	matrix     []float64
	bias       []float64 // nil: zero
}

// times writes the product with x, plus the bias, for rows [first, first+len(y)).
func (w *weights) times(y, x []float64, first int) {
	for i := range y {
		sum := 0.0
		if w.bias != nil {
			sum = w.bias[first+i]
		}
		for k, v := range w.matrix[(first+i)*w.cols:][:w.cols] {
			sum += v * x[k]
		}
		y[i] = sum
	}
}

// eval computes all sequences with the cell that newCell makes of R and the bias of R, a direction each, and of P. Everything is computed in
// float64 and rounded once.
func (o *recurrent) eval(c *ir.EvalContext, newCell func(hidden int, r []weights, p []float64) cell) error {
	dirs, err := o.check()
	if err != nil {
		return err
	}
	in := make([]*tensor.Tensor, c.NumIn())
	for i := range in {
		in[i] = c.Tensor(i)
	}
	s, err := ShapeOfRecurrent(in, o.gates, dirs, o.layout, o.stacked)
	if err != nil {
		return err
	}
	if o.hidden != 0 && o.hidden != s.Hidden {
		return fmt.Errorf("hidden size is %d, but the weights are of %d", o.hidden, s.Hidden)
	}
	lengths, err := lengthsOf(c.Tensor(4), s)
	if err != nil {
		return err
	}
	var p []float64
	if c.Has(7) {
		p = tensor.Float64s(in[7])
	}
	w, r := make([]weights, dirs), make([]weights, dirs)
	rows := o.gates * s.Hidden
	wAll, rAll := tensor.Float64s(in[1]), tensor.Float64s(in[2])
	for d := range dirs {
		w[d] = weights{rows: rows, cols: s.Input, matrix: wAll[d*rows*s.Input:]}
		r[d] = weights{rows: rows, cols: s.Hidden, matrix: rAll[d*rows*s.Hidden:]}
		if c.Has(3) {
			b := tensor.Float64s(in[3])[d*2*rows:]
			w[d].bias, r[d].bias = b[:rows], b[rows:2*rows]
		}
	}
	step := newCell(s.Hidden, r, p)
	x := tensor.Float64s(in[0])
	y, last := o.results(c, s)
	wx := make([]float64, rows)
	for d := range dirs {
		for b := range s.Batch {
			states := [2][]float64{make([]float64, s.Hidden), make([]float64, s.Hidden)}
			stateAt := d*s.Batch + b
			if o.dirAxis() == 1 {
				stateAt = b*dirs + d
			}
			for k := range o.states {
				if c.Has(5 + k) {
					for i := range s.Hidden {
						states[k][i] = in[5+k].Float64(stateAt*s.Hidden + i)
					}
				}
			}
			for i := range lengths[b] {
				t := i
				if d == 1 || o.direction == "reverse" {
					t = lengths[b] - 1 - i
				}
				xAt, yAt := t*s.Batch+b, (t*dirs+d)*s.Batch+b
				if o.layout == 1 {
					xAt = b*s.Seq + t
				}
				if o.layout == 1 || o.stacked {
					yAt = xAt*dirs + d
				}
				w[d].times(wx, x[xAt*s.Input:][:s.Input], 0)
				step(d, wx, states[0], states[1])
				put(y, yAt*s.Hidden, states[0])
			}
			for k := range o.states {
				put(last[k], stateAt*s.Hidden, states[k])
			}
		}
	}
	return nil
}

func put(t *tensor.Tensor, at int, v []float64) {
	if t == nil {
		return
	}
	for i, x := range v {
		t.SetFloat64(at+i, x)
	}
}

// results makes the results that are wanted.
func (o *recurrent) results(c *ir.EvalContext, s RecurrentShape) (y *tensor.Tensor, last [2]*tensor.Tensor) {
	d := c.Tensor(0).DType()
	shape, state := []int{s.Seq, s.Dirs, s.Batch, s.Hidden}, []int{s.Dirs, s.Batch, s.Hidden}
	switch {
	case o.stacked && o.layout == 1:
		shape = []int{s.Batch, s.Seq, s.Dirs * s.Hidden}
	case o.stacked:
		shape = []int{s.Seq, s.Batch, s.Dirs * s.Hidden}
	case o.layout == 1:
		shape, state = []int{s.Batch, s.Seq, s.Dirs, s.Hidden}, []int{s.Batch, s.Dirs, s.Hidden}
	}
	if c.Wants(0) {
		y = c.New(0, d, shape...)
	}
	for k := range o.states {
		if c.Wants(1 + k) {
			last[k] = c.New(1+k, d, state...)
		}
	}
	return y, last
}

// lengthsOf is the length of each sequence of the batch.
func lengthsOf(t *tensor.Tensor, s RecurrentShape) ([]int, error) {
	if t == nil {
		return slices.Repeat([]int{s.Seq}, s.Batch), nil
	}
	lengths := tensor.Ints(t)
	for _, n := range lengths {
		if n < 0 || n > s.Seq {
			return nil, fmt.Errorf("sequence lengths must be from 0 to %d, got %v", s.Seq, lengths)
		}
	}
	return lengths, nil
}

// clipped bounds each element to the clip threshold, if there is one.
func (o *recurrent) clipped(v float64) float64 {
	if o.clip == 0 {
		return v
	}
	return minNaN(maxNaN(v, -o.clip), o.clip)
}
