package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// form is columns of a value as sum of products of other values with constant matrices, and of constants: what the gates of a recurrent cell are
// made of, in whichever way their weights are packed, joined or apart.
type form struct {
	n      int
	terms  []term
	shifts []shift
	nodes  int // that were looked at, each as often as it is used
}

const maxForm = 256 // nodes of a form

// term is a product with n columns of a constant matrix, times a factor.
type term struct {
	of     source
	matrix *tensor.Tensor // nil: columns of the source itself
	trans  bool           // the matrix is [columns, rows]
	row    int            // the first row that is multiplied with the source
	rows   int
	col    int // the first column
	factor float64
}

// shift is n elements of a constant vector, or its only one, times a factor.
type shift struct {
	vector *tensor.Tensor
	first  int
	factor float64
}

// source is a value, or one step of a sequence: element at of an axis of it, or the one whose number is index.
type source struct {
	value *ir.Value
	step  bool
	axis  int
	at    int64
	index *ir.Value
}

// reader takes values apart, and notes the nodes that it has looked through.
type reader struct {
	bounds bounds
	index  *ir.Value // what counts the steps, in a Loop; else nil
	seen   map[*ir.Node]bool
	values map[source]*ir.Value
}

func newReader(b bounds, index *ir.Value) *reader {
	return &reader{bounds: b, index: index, seen: map[*ir.Node]bool{}, values: map[source]*ir.Value{}}
}

// sourceOf sees a value as a step of a sequence where it is one, with or without the axis of the steps.
func (r *reader) sourceOf(v *ir.Value) source {
	s := r.look(v)
	r.values[s] = v
	return s
}

func (r *reader) look(v *ir.Value) source {
	switch len(v.Type.Dims) {
	case 3:
		if s, ok := r.bounds.spanOf(v); ok && !s.dropped && s.end == s.start+1 && len(s.of.Type.Dims) == 3 && s.axis < 2 {
			r.seen[v.Def()] = true
			return source{value: s.of, step: true, axis: s.axis, at: s.start}
		}
	case 2:
		if s, ok := r.bounds.stepOf(v); ok && len(s.of.Type.Dims) == 3 && s.axis < 2 {
			r.seen[v.Def()] = true
			return source{value: s.of, step: true, axis: s.axis, at: s.start}
		}
		if n, o := nodeOf[*op.Gather](v); n != nil && r.index != nil && n.Input(1) == r.index && len(n.Input(0).Type.Dims) == 3 && axisIn(o.Axis, n.Input(0)) < 2 {
			return source{value: n.Input(0), step: true, axis: axisIn(o.Axis, n.Input(0)), index: r.index}
		}
	}
	return source{value: v}
}

// stepOf is a span of one element whose axis is left out, in one node or in two.
func (b bounds) stepOf(v *ir.Value) (s span, ok bool) {
	if s, ok = b.spanOf(v); ok {
		return s, s.dropped
	}
	n, _ := nodeOf[*op.Reshape](v)
	if n == nil {
		return s, false
	}
	if s, ok = b.spanOf(n.Input(0)); !ok || s.dropped || s.end != s.start+1 {
		return s, false
	}
	s.dropped = true
	return s, v.Type.Equal(v.Type.WithDims(slices.Delete(slices.Clone(s.of.Type.Dims), s.axis, s.axis+1)...))
}

// formOf takes columns [first, first+n) of v apart.
func (r *reader) formOf(v *ir.Value, first, n int) (*form, bool) {
	f := &form{n: n}
	if !v.Type.Ranked || !isFloat32(v) {
		return nil, false
	}
	return f, r.add(f, v, nil, first, 1)
}

// add adds columns of v from the first on, times a factor; of a step, v is the sequence.
func (r *reader) add(f *form, v *ir.Value, step *source, first int, factor float64) bool {
	if v.Const != nil {
		return f.addConst(v.Const, first, factor)
	}
	n := defOf(v)
	if n == nil {
		return r.leaf(f, v, step, first, factor)
	}
	if f.nodes++; f.nodes > maxForm {
		return false
	}
	r.seen[n] = true
	switch o := n.Op.(type) {
	case *op.Binary:
		switch {
		case o.Fn == op.Add:
			return r.add(f, n.Input(0), step, first, factor) && r.add(f, n.Input(1), step, first, factor)
		case o.Fn == op.Sub:
			return r.add(f, n.Input(0), step, first, factor) && r.add(f, n.Input(1), step, first, -factor)
		case o.Fn == op.Mul:
			if x, k, ok := withScalar(n); ok {
				return r.add(f, x, step, first, factor*k)
			}
		}
	case *op.MatMul:
		if !o.TransA && isMatrix(n.Input(1)) {
			return r.product(f, n.Input(0), step, weightOf(n.Input(1), o.TransB), first, factor)
		}
	case *op.Concat:
		if isLast(o.Axis, v) {
			return r.column(f, n, step, first, factor)
		}
	case *op.Reshape:
		if dropsUnit(n.Input(0).Type, v.Type) {
			return r.add(f, n.Input(0), step, first, factor)
		}
	}
	if s, ok := r.bounds.spanOf(v); ok && s.axis == len(s.of.Type.Dims)-1 && !s.dropped {
		return r.add(f, s.of, step, first+int(s.start), factor)
	}
	if x, width, ok := r.bounds.gateOf(v); ok {
		return r.add(f, x, step, first+width, factor)
	}
	return r.leaf(f, v, step, first, factor)
}

// dropsUnit reports whether a change of shape from rank 3 leaves out one of the first axes, of size 1.
func dropsUnit(from, to ir.Type) bool {
	if len(from.Dims) != 3 || len(to.Dims) != 2 {
		return false
	}
	for axis := range 2 {
		if isUnit(from.Dims[axis]) && to.Equal(to.WithDims(from.Dims[1-axis], from.Dims[2])) {
			return true
		}
	}
	return false
}

// gateOf sees v, [batch, n], as one of the gates that x, [batch, gates·n], holds side by side after a change of its shape to [batch, gates, n]. It
// returns the column of x at which it begins.
func (b bounds) gateOf(v *ir.Value) (x *ir.Value, first int, ok bool) {
	s, ok := b.stepOf(v)
	if !ok || s.axis != len(s.of.Type.Dims)-2 {
		return nil, 0, false
	}
	n, _ := nodeOf[*op.Reshape](s.of)
	if n == nil || len(n.Input(0).Type.Dims) != len(s.of.Type.Dims)-1 {
		return nil, 0, false
	}
	x = n.Input(0)
	from, to := x.Type.Dims, s.of.Type.Dims
	width, known := to[len(to)-1].IsConst()
	for i := range len(from) - 1 {
		known = known && from[i].Equal(to[i])
	}
	return x, int(s.start * width), known
}

// leaf adds what is not taken apart: of a sequence what it is made of is, step by step, if that is an affine function.
func (r *reader) leaf(f *form, v *ir.Value, step *source, first int, factor float64) bool {
	if !v.Type.Ranked || len(v.Type.Dims) == 0 {
		return false
	}
	if size, ok := v.Type.Dims[len(v.Type.Dims)-1].IsConst(); !ok || int64(first+f.n) > size {
		return false // a column that is repeated
	}
	src := r.sourceOf(v)
	if step != nil {
		src = *step
		src.value = v
	} else if src.step {
		s := src
		if n := defOf(src.value); n != nil && (binaryOf(src.value, op.Add) != nil || isProductWithWeight(n)) {
			return r.add(f, src.value, &s, first, factor)
		}
	}
	f.terms = append(f.terms, term{of: src, col: first, factor: factor})
	return true
}

func isProductWithWeight(n *ir.Node) bool {
	o, ok := n.Op.(*op.MatMul)
	return ok && !o.TransA && isMatrix(n.Input(1))
}

// product adds columns of x, or of what x joins, times a constant matrix.
func (r *reader) product(f *form, x *ir.Value, step *source, w weight, first int, factor float64) bool {
	parts := []*ir.Value{x}
	if c, o := nodeOf[*op.Concat](x); c != nil && isLast(o.Axis, x) {
		r.seen[c] = true
		parts = c.In()
	}
	row := 0
	for _, p := range parts {
		if !p.Type.Ranked || len(p.Type.Dims) == 0 {
			return false
		}
		size, ok := p.Type.Dims[len(p.Type.Dims)-1].IsConst()
		if !ok || row+int(size) > w.rows || first+f.n > w.cols {
			return false
		}
		src := r.sourceOf(p)
		if step != nil {
			src = *step
			src.value = p
		}
		f.terms = append(f.terms, term{of: src, matrix: w.value.Const, trans: w.trans, row: row, rows: int(size), col: first, factor: factor})
		row += int(size)
	}
	return row == w.rows
}

// column adds columns of the one input of a concatenation that they lie in.
func (r *reader) column(f *form, n *ir.Node, step *source, first int, factor float64) bool {
	for _, x := range n.In() {
		size, ok := x.Type.Dims[len(x.Type.Dims)-1].IsConst()
		if !ok {
			return false
		}
		if first < int(size) {
			return first+f.n <= int(size) && r.add(f, x, step, first, factor)
		}
		first -= int(size)
	}
	return false
}

func (f *form) addConst(t *tensor.Tensor, first int, factor float64) bool {
	if t.Len() == 0 || t.Len() != 1 && (t.Dim(t.Rank()-1) != t.Len() || first+f.n > t.Len()) {
		return false
	}
	f.shifts = append(f.shifts, shift{t, first, factor})
	return true
}

// matrix adds the matrices of all terms of which ours is true to rows of w, one of cols elements for each column of f.
func (f *form) matrix(w []float64, cols int, ours func(source) bool) {
	for _, t := range f.terms {
		if !ours(t.of) {
			continue
		}
		for j := range f.n {
			row := w[j*cols:][:cols]
			if t.matrix == nil {
				row[t.col+j] += t.factor
				continue
			}
			width := t.matrix.Dim(1)
			for k := range row {
				at := (t.row+k)*width + t.col + j
				if t.trans {
					at = (t.col+j)*width + t.row + k
				}
				row[k] += t.factor * t.matrix.Float64(at)
			}
		}
	}
}

// bias is the sum of all constants.
func (f *form) bias() []float64 {
	b := make([]float64, f.n)
	for _, s := range f.shifts {
		for j := range b {
			at := 0
			if s.vector.Len() > 1 {
				at = s.first + j
			}
			b[j] += s.factor * s.vector.Float64(at)
		}
	}
	return b
}

// equals reports whether f is the same function as g, of the sources that take the place of those of f.
func (f *form) equals(g *form, place func(source) source) bool {
	same := func(a, b term) bool {
		a.of = place(a.of)
		ma, mb := a.matrix, b.matrix
		a.matrix, b.matrix = nil, nil
		return a == b && (ma == mb || ma != nil && mb != nil && tensor.Equal(ma, mb))
	}
	if f.n != g.n || !slices.EqualFunc(f.terms, g.terms, same) {
		return false
	}
	return slices.EqualFunc(f.bias(), g.bias(), func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
}
