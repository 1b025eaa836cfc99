package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// linears makes one product of two with constant weights where that is cheaper:
//
//	(x·A ⊙ s + b)·B        x·(A ⊙ s)·B + b·B, if there are fewer weights then
//	rows of a table · B    rows of the table · B, if that is no larger, or small
//	Attention(q, k, v)·B   Attention(q, k, v·B) of one head, if B does not widen it and v is a product with constant weights too
//
// Products of weights are computed in float64 and rounded once, which is no worse than rounding what lies between the two.
func linears(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.MatMul)
		if !ok || o.TransA || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() || !isMatrix(n.Input(1)) {
			continue
		}
		l := &linear{run: r, graph: g, node: n, second: weightOf(n.Input(1), o.TransB)}
		if err := l.fold(); err != nil {
			return err
		}
	}
	return nil
}

const (
	maxProducts = 1 << 29 // multiply-adds of weights with weights in one run of the passes
	smallTable  = 1 << 18 // elements of a table that may grow
)

// weight is a constant matrix of rows by cols.
type weight struct {
	value      *ir.Value
	rows, cols int
	trans      bool // the value is [cols, rows]
}

func isMatrix(v *ir.Value) bool {
	return v != nil && v.Const != nil && v.Const.Rank() == 2 && v.Const.Len() > 0 && isFloat32(v)
}

func weightOf(v *ir.Value, trans bool) weight {
	w := weight{v, v.Const.Dim(0), v.Const.Dim(1), trans}
	if trans {
		w.rows, w.cols = w.cols, w.rows
	}
	return w
}

// elements are those of the matrix, row by row.
func (w weight) elements() []float64 {
	x := tensor.Float64s(w.value.Const)
	if !w.trans {
		return x
	}
	y := make([]float64, len(x))
	for i := range w.rows {
		for j := range w.cols {
			y[i*w.cols+j] = x[j*w.rows+i]
		}
	}
	return y
}

// linear is one attempt: node multiplies what inner, an affine function, gives with the second weight.
type linear struct {
	*run
	graph  *ir.Graph
	node   *ir.Node
	second weight

	inner   *ir.Value   // what scale and shift were applied to
	factors []*ir.Value // constants that it was multiplied by, or that were added, in order
	sums    []bool
}

func (l *linear) fold() error {
	l.inner = l.node.Input(0)
	for l.affine() {
	}
	d := defOf(l.inner)
	if d == nil || !single(l.inner) {
		return nil
	}
	switch o := d.Op.(type) {
	case *op.MatMul:
		if !isMatrix(d.Input(1)) {
			return nil
		}
		first := weightOf(d.Input(1), o.TransB)
		if first.cols != l.second.rows || first.rows*l.second.cols >= first.rows*first.cols+l.second.rows*l.second.cols {
			return nil
		}
		return l.product(first, l.node.Name, func(w *ir.Value) (*ir.Node, error) {
			return l.graph.InsertBefore(l.node, &op.MatMul{TransA: o.TransA}, d.Input(0), w)
		})
	case *op.Gather:
		if !isMatrix(d.Input(0)) || o.Axis != 0 && o.Axis != -2 {
			return nil
		}
		table := weightOf(d.Input(0), false)
		if size := table.rows * l.second.cols; table.cols != l.second.rows || l.second.cols > table.cols && size > smallTable {
			return nil
		}
		return l.product(table, d.Name, func(w *ir.Value) (*ir.Node, error) { return l.graph.InsertBefore(l.node, o, w, d.Input(1)) })
	case *op.Attention:
		if len(l.factors) == 0 {
			return l.intoValues(d, o)
		}
	}
	return nil
}

// affine looks through a product or sum with a constant for each column, or for all.
func (l *linear) affine() bool {
	n := defOf(l.inner)
	if n == nil || !single(l.inner) || !l.inner.Type.Ranked {
		return false
	}
	o, ok := n.Op.(*op.Binary)
	if !ok || o.Fn != op.Mul && o.Fn != op.Add {
		return false
	}
	for i := range 2 {
		x, k := n.Input(i), n.Input(1-i)
		if !x.Type.Equal(l.inner.Type) || !isColumns(k, x) {
			continue
		}
		l.inner, l.factors, l.sums = x, append(l.factors, k), append(l.sums, o.Fn == op.Add)
		return true
	}
	return false
}

// product makes the one node, of that name, which add makes with the product of the weights, and a sum where there is something to add.
func (l *linear) product(first weight, name string, add func(w *ir.Value) (*ir.Node, error)) error {
	work := first.rows * first.cols * l.second.cols
	if l.products+work > maxProducts {
		return nil
	}
	a, b := first.elements(), l.second.elements()
	shift := make([]float64, first.cols)
	for i := len(l.factors) - 1; i >= 0; i-- {
		k := tensor.Float64s(l.factors[i].Const)
		for j := range shift {
			x := k[j%len(k)]
			if l.sums[i] {
				shift[j] += x
				continue
			}
			shift[j] *= x
			for at := j; at < len(a); at += first.cols {
				a[at] *= x
			}
		}
	}
	l.products += work
	elem := l.node.Out()[0].Type.Elem
	w := rounded(elem, multiplied(a, b, first.rows, first.cols, l.second.cols), first.rows, l.second.cols)
	c := rounded(elem, multiplied(shift, b, 1, first.cols, l.second.cols), l.second.cols)
	if w == nil || c == nil || !l.rewrite() {
		return nil
	}
	m, err := add(insert(l.graph, l.node, &ir.Const{Value: w}))
	if err != nil {
		return err
	}
	m.Name = name
	if !slices.Contains(l.sums, true) {
		y := l.node.Out()[0]
		m.Out()[0].Learn(y.Fact)
		l.graph.ReplaceUses(y, m.Out()[0])
		ir.Credit(m, l.node)
		l.graph.Remove(l.node)
		return nil
	}
	return replaceAndDrop(l.graph, l.node, &op.Binary{Fn: op.Add}, m.Out()[0], insert(l.graph, l.node, &ir.Const{Value: c}))
}

// intoValues moves the product behind the attention of one head before it, to its values.
func (l *linear) intoValues(d *ir.Node, o *op.Attention) error {
	v := d.Input(op.AttentionV)
	if rank, ok := v.Type.Rank(); !ok || rank != 3 || o.Heads != 1 || o.KVHeads > 1 || d.Input(op.AttentionPastV) != nil || d.Out()[2].Used() {
		return nil
	}
	if !single(v) || !isLinear(v) || l.second.cols > l.second.rows || !l.rewrite() {
		return nil
	}
	values, err := l.graph.InsertBefore(d, l.node.Op, v, insert(l.graph, d, &ir.Const{Value: l.second.value.Const}))
	if err != nil {
		return err
	}
	values.Name = l.node.Name
	in := slices.Clone(d.In())
	in[op.AttentionV] = values.Out()[0]
	m, err := l.graph.InsertBefore(d, o, in...)
	if err != nil {
		return err
	}
	m.Name = d.Name
	for i, x := range d.Out()[1:] {
		l.graph.ReplaceUses(x, m.Out()[1+i])
	}
	y := l.node.Out()[0]
	m.Out()[0].Learn(y.Fact)
	l.graph.ReplaceUses(y, m.Out()[0])
	ir.Credit(values, l.node)
	l.graph.Remove(l.node)
	l.graph.Remove(d)
	return nil
}

// isLinear reports whether v is a product with a constant matrix, and perhaps a vector added, that nothing else uses.
func isLinear(v *ir.Value) bool {
	if n := binaryOf(v, op.Add); n != nil {
		for i := range 2 {
			if isColumns(n.Input(1-i), n.Input(i)) && single(n.Input(i)) {
				v = n.Input(i)
				break
			}
		}
	}
	n, _ := nodeOf[*op.MatMul](v)
	return n != nil && isMatrix(n.Input(1))
}

// isColumns reports whether k is a constant number for each column of v, or one for all.
func isColumns(k, v *ir.Value) bool {
	if k.Const == nil || k.Const.Len() == 0 || k.Type.Elem != v.Type.Elem || !v.Type.Ranked || k.Const.Rank() > len(v.Type.Dims) {
		return false
	}
	if k.Const.Len() == 1 {
		return true
	}
	last := k.Const.Dim(k.Const.Rank() - 1)
	size, ok := v.Type.Dims[len(v.Type.Dims)-1].IsConst()
	return ok && int64(last) == size && k.Const.Len() == last
}

// multiplied is the product of matrices, rows by depth and depth by cols.
func multiplied(a, b []float64, rows, depth, cols int) []float64 {
	c := make([]float64, rows*cols)
	for i := range rows {
		row := c[i*cols:][:cols]
		for k, x := range a[i*depth:][:depth] {
			for j, y := range b[k*cols:][:len(row)] {
				row[j] += x * y
			}
		}
	}
	return c
}

// rounded is numbers as a tensor, nil if one is too large for its element type, or was not finite.
func rounded(elem tensor.DType, x []float64, shape ...int) *tensor.Tensor {
	t := tensor.New(elem, shape...)
	for i, v := range x {
		t.SetFloat64(i, v)
		if v = t.Float64(i); math.IsInf(v, 0) || math.IsNaN(v) {
			return nil
		}
	}
	return t
}
