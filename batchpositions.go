package gocompile

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// byRow rewrites the graph of a step for a batch of single positions of sequences whose lengths differ: what a model counts from the number of past
// positions, with a row for each position of the step, is counted for each batch from an input instead. So arange(past, past + n) becomes that input,
// and a table of angles [n, half] made of it one [batch, 1, half].
type byRow struct {
	g       *ir.Graph
	lengths *lengths
	at      *ir.Value // i64[batch]: positions before it in its sequence
	batch   sym.Expr
	rows    sym.Expr // positions of a step, of which there is one
	done    map[*ir.Value]*ir.Value
}

// replace gives every node that joins such a value with one of the batch the value by row.
func (r *byRow) replace() error {
	batched := r.batched()
	for n := range r.g.Nodes() {
		if !slices.ContainsFunc(n.In(), func(v *ir.Value) bool { return v != nil && batched[v] }) {
			continue
		}
		for i, v := range r.lengths.operands(n) {
			if v == nil || !r.lengths.told[v] || !r.lengths.harmful[v] || batched[v] {
				continue
			}
			y, err := r.value(v)
			if err == nil {
				y, err = r.fit(n, i, v, y)
			}
			if err != nil {
				return fmt.Errorf("%v, input %d of %T: %w", v, i, n.Op, err)
			}
			r.g.SetInput(n, i, y)
		}
	}
	return nil
}

// batched are the values that depend on what the inputs of the graph hold.
func (r *byRow) batched() map[*ir.Value]bool {
	all := map[*ir.Value]bool{}
	for _, v := range r.g.Inputs() {
		all[v] = v != r.at && v.Name != cachePosition
	}
	for n := range r.g.Nodes() {
		switch n.Op.(type) {
		case *op.Shape, *op.Size:
			continue
		}
		if slices.ContainsFunc(n.In(), func(v *ir.Value) bool { return v != nil && all[v] }) {
			for _, v := range n.Out() {
				all[v] = true
			}
		}
	}
	return all
}

// axis is that of the rows in a value, −1 if there is none.
func (r *byRow) axis(v *ir.Value) int {
	return slices.IndexFunc(v.Type.Dims, func(d sym.Expr) bool { return d.Equal(r.rows) })
}

// shape is that of a value by row: the batches in the place of the rows, and 1 in the place of batches, for all of which a value of counts is the same.
func (r *byRow) shape(v *ir.Value) []sym.Expr {
	d := slices.Clone(v.Type.Dims)
	for i, e := range d {
		switch {
		case e.Equal(r.rows):
			d[i] = r.batch
		case e.Equal(r.batch):
			d[i] = sym.Const(1)
		}
	}
	return d
}

// value is v with the batches in the place of the rows, see shape; a scalar that depends on lengths becomes a vector.
func (r *byRow) value(v *ir.Value) (*ir.Value, error) {
	if y := r.done[v]; y != nil {
		return y, nil
	}
	y, err := r.compute(v)
	if err == nil {
		r.done[v] = y
	}
	return y, err
}

func (r *byRow) compute(v *ir.Value) (*ir.Value, error) {
	if !v.Type.Ranked || !r.lengths.told[v] && r.axis(v) < 0 {
		if v.Type.Ranked && slices.ContainsFunc(v.Type.Dims, r.batch.Equal) {
			return nil, fmt.Errorf("%v, one for each batch, cannot be joined with positions by row", v)
		}
		return v, nil
	}
	if d := v.Type.Dims; slices.ContainsFunc(d[r.axis(v)+1:], r.rows.Equal) {
		return nil, fmt.Errorf("%v has two axes of rows", v.Type)
	}
	if v.IsGraphInput() { // cache_position, [rows]
		for n := range r.g.Nodes() {
			return r.converted(n, r.at, v.Type.Elem)
		}
	}
	n := v.Def()
	switch o := n.Op.(type) {
	case *ir.Dims:
		return r.count(n, o)
	case *op.Range:
		from, err := r.value(n.Input(0))
		if step := n.Input(2).Const; err != nil || step == nil || step.Int64(0) != 1 {
			return nil, fmt.Errorf("a range with steps of %v cannot be counted by row", n.Input(2))
		}
		return r.add(n, &op.Expand{}, from, r.dims(n, r.batch))
	case *op.Unary, *op.Cast, *op.Clip, *op.Binary, *op.Where:
		return r.elementwise(n)
	case *op.Gather:
		if i := n.Input(1); o.Axis == 0 && n.Input(0).Const != nil {
			index, err := r.value(i)
			if err != nil {
				return nil, err
			}
			return r.add(n, o, n.Input(0), index)
		}
	case *op.Reshape, *op.Expand:
		x, err := r.value(n.Input(0))
		if err == nil && r.axis(v) < 0 {
			err = fmt.Errorf("%v has no axis of rows", v.Type)
		}
		if err != nil {
			return nil, err
		}
		return r.add(n, o, x, r.dims(n, r.shape(v)...))
	case *op.Concat:
		in := make([]*ir.Value, len(n.In()))
		for i, x := range n.In() {
			var err error
			if in[i], err = r.value(x); err != nil {
				return nil, err
			}
		}
		if k := r.axis(v); k >= 0 && o.Axis != k && o.Axis != k-len(v.Type.Dims) {
			return r.add(n, o, in...)
		}
	}
	return nil, fmt.Errorf("%T cannot be computed by row", n.Op)
}

// count is a number that is one of past positions, but for a constant, by row.
func (r *byRow) count(n *ir.Node, o *ir.Dims) (*ir.Value, error) {
	if len(o.Exprs) != 1 {
		return nil, fmt.Errorf("%d numbers cannot be counted by row", len(o.Exprs))
	}
	one := map[*sym.Symbol]sym.Expr{r.rows.Symbols()[0]: sym.Const(1)}
	for y, past := range r.lengths.of {
		if k, ok := o.Exprs[0].Subst(one).Sub(y.Expr()).IsConst(); ok && past != unknownLength {
			x, err := r.add(n, &op.Binary{Fn: op.Add}, r.at, r.constant(n, k+int64(past)))
			if err != nil {
				return nil, err
			}
			return r.converted(n, x, o.Elem)
		}
	}
	return nil, fmt.Errorf("%v cannot be counted by row", o.Exprs[0])
}

// elementwise aligns the operands of a node, in each of which the axis of the rows may be any.
func (r *byRow) elementwise(n *ir.Node) (*ir.Value, error) {
	v := n.Out()[0]
	k := r.axis(v)
	if k < 0 && len(v.Type.Dims) > 0 {
		return nil, fmt.Errorf("%T of lengths has no axis of rows", n.Op)
	}
	after := len(v.Type.Dims) - 1 - k // axes behind that of the rows
	if k < 0 {
		after = 0
	}
	in := make([]*ir.Value, len(n.In()))
	for i, x := range n.In() {
		if x == nil {
			continue
		}
		y, err := r.value(x)
		if err != nil {
			return nil, err
		}
		if r.lengths.told[x] && r.axis(x) < 0 && after > 0 { // a vector for a scalar
			d := append([]sym.Expr{r.batch}, slices.Repeat([]sym.Expr{sym.Const(1)}, after)...)
			if y, err = r.add(n, &op.Reshape{AllowZero: true}, y, r.dims(n, d...)); err != nil {
				return nil, err
			}
		}
		in[i] = y
	}
	return r.add(n, n.Op, in...)
}

// fit gives a value by row the form in which node n takes input i, which was v: [batch, 1, …] for what broadcasts to the result.
func (r *byRow) fit(n *ir.Node, i int, v, y *ir.Value) (*ir.Value, error) {
	out, d, k := n.Out()[0].Type.Dims, v.Type.Dims, r.axis(v)
	var rank int
	switch n.Op.(type) {
	case *op.Binary, *op.Where:
		rank = len(out)
	case *op.Rotary:
		if rank = 3; i == 3 {
			rank = 2
		}
		out = []sym.Expr{r.batch, r.rows, out[len(out)-1]}[:rank]
	default:
		return nil, fmt.Errorf("no row of it can be chosen for each batch")
	}
	shape := slices.Repeat([]sym.Expr{sym.Const(1)}, rank)
	at := k + rank - len(d)
	switch {
	case rank < 2 || !out[0].Equal(r.batch) || k < 0 && len(d) > 0:
		return nil, fmt.Errorf("%v does not broadcast to batches", v.Type)
	case k < 0: // a scalar
	case at < 1 || !out[at].Equal(r.rows) || slices.ContainsFunc(d[:k], func(e sym.Expr) bool { return !e.Equal(sym.Const(1)) && !e.Equal(r.batch) }):
		return nil, fmt.Errorf("%v does not broadcast to batches of rows", v.Type)
	default:
		copy(shape[at+1:], d[k+1:])
	}
	shape[0] = r.batch
	return r.add(n, &op.Reshape{AllowZero: true}, y, r.dims(n, shape...))
}

// add puts a node before n.
func (r *byRow) add(n *ir.Node, o ir.Op, in ...*ir.Value) (*ir.Value, error) {
	m, err := r.g.InsertBefore(n, o, in...)
	if err != nil {
		return nil, err
	}
	m.Name = n.Name
	return m.Out()[0], nil
}

func (r *byRow) dims(n *ir.Node, e ...sym.Expr) *ir.Value {
	return r.must(n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(e)}, Exprs: e})
}

func (r *byRow) constant(n *ir.Node, k int64) *ir.Value {
	return r.must(n, &ir.Const{Value: tensor.Scalar(k)})
}

// must adds a node without inputs, whose results are always what it says.
func (r *byRow) must(n *ir.Node, o ir.Op) *ir.Value {
	v, err := r.add(n, o)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return v
}

func (r *byRow) converted(n *ir.Node, v *ir.Value, elem tensor.DType) (*ir.Value, error) {
	if v.Type.Elem == elem {
		return v, nil
	}
	return r.add(n, &op.Cast{To: elem}, v)
}
