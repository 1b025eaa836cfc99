package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// einsums spells sums over products of one or two tensors by sums, transposes, reshapes and products of matrices, or, where nothing is summed, by a product
// that broadcasts.
func einsums(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		o, ok := n.Op.(*op.Einsum)
		if !ok || !isFloat32(n.Out()[0]) || !n.Out()[0].Used() || len(n.In()) > 2 {
			continue
		}
		e := &einsum{g: g, n: n}
		if because := e.read(o); because != "" {
			r.missed("contraction", n, because)
			continue
		}
		if !r.rewrite() {
			return nil
		}
		y, err := e.write()
		if err != nil {
			return err
		}
		y.Learn(n.Out()[0].Fact)
		g.ReplaceUses(n.Out()[0], y)
		removeIfUnused(g, n)
	}
	return nil
}

// einsum is the rewriting of one node.
type einsum struct {
	g    *ir.Graph
	n    *ir.Node
	in   []labelled // operands
	out  []rune
	size map[rune]sym.Expr
}

// labelled is a value with a label for each axis.
type labelled struct {
	v      *ir.Value
	labels []rune
}

// read takes the equation apart, and says what stands in the way.
func (e *einsum) read(o *op.Einsum) string {
	ranks := make([]int, len(e.n.In()))
	for i, v := range e.n.In() {
		rank, ok := v.Type.Rank()
		if !ok {
			return "the rank of an operand is not known"
		}
		ranks[i] = rank
	}
	in, out, err := o.Terms(ranks)
	if err != nil {
		return err.Error()
	}
	e.out, e.size = out, map[rune]sym.Expr{}
	for i, labels := range in {
		for k, l := range labels {
			d := e.n.Input(i).Type.Dims[k]
			if slices.Contains(labels[:k], l) {
				return "a diagonal is taken"
			}
			if have, ok := e.size[l]; ok && !have.Equal(d) {
				return "an axis may broadcast"
			}
			if d.HasFresh() {
				return "a dimension depends on data"
			}
			e.size[l] = d
		}
		e.in = append(e.in, labelled{e.n.Input(i), labels})
	}
	for k, l := range out {
		if slices.Contains(out[:k], l) {
			return "the result repeats an axis"
		}
	}
	return ""
}

func (e *einsum) write() (*ir.Value, error) {
	for i := range e.in {
		if err := e.sumAlone(i); err != nil {
			return nil, err
		}
	}
	y := e.in[0]
	if len(e.in) == 2 {
		var err error
		if y, err = e.product(); err != nil {
			return nil, err
		}
	}
	return e.ordered(y, e.out)
}

func (e *einsum) add(o ir.Op, in ...*ir.Value) (*ir.Value, error) {
	m, err := e.g.InsertBefore(e.n, o, in...)
	if err != nil {
		return nil, err
	}
	m.Name = e.n.Name
	return m.Out()[0], nil
}

// sumAlone sums over axes that neither the other operand nor the result has.
func (e *einsum) sumAlone(i int) error {
	x := e.in[i]
	var axes []int64
	var kept []rune
	for k, l := range x.labels {
		if slices.Contains(e.out, l) || len(e.in) == 2 && slices.Contains(e.in[1-i].labels, l) {
			kept = append(kept, l)
		} else {
			axes = append(axes, int64(k))
		}
	}
	if axes == nil {
		return nil
	}
	c, err := e.add(&ir.Const{Value: tensor.Must(axes, len(axes))})
	if err != nil {
		return err
	}
	if x.v, err = e.add(&op.Reduce{Fn: op.ReduceSum}, x.v, c); err != nil {
		return err
	}
	e.in[i] = labelled{x.v, kept}
	return nil
}

// product multiplies two operands and sums over the axes that both have and the result has not.
func (e *einsum) product() (labelled, error) {
	a, b := e.in[0], e.in[1]
	var batch, summed, rows, columns []rune
	for _, l := range a.labels {
		switch inB := slices.Contains(b.labels, l); {
		case inB && slices.Contains(e.out, l):
			batch = append(batch, l)
		case inB:
			summed = append(summed, l)
		default:
			rows = append(rows, l)
		}
	}
	for _, l := range b.labels {
		if !slices.Contains(a.labels, l) {
			columns = append(columns, l)
		}
	}
	all := slices.Concat(batch, rows, columns)
	if len(summed) == 0 {
		return e.outer(batch, rows, columns)
	}
	x, err := e.matrices(a, batch, rows, summed)
	if err != nil {
		return labelled{}, err
	}
	y, err := e.matrices(b, batch, summed, columns)
	if err != nil {
		return labelled{}, err
	}
	z, err := e.add(&op.MatMul{}, x, y)
	if err != nil {
		return labelled{}, err
	}
	if len(rows) != 1 || len(columns) != 1 {
		if z, err = reshapeBefore(e.g, e.n, z, e.dims(all)...); err != nil {
			return labelled{}, err
		}
	}
	return labelled{z, all}, nil
}

// outer multiplies two operands that have no axis in common but those of batch.
func (e *einsum) outer(batch, rows, columns []rune) (labelled, error) {
	var in [2]*ir.Value
	for i, own := range [][]rune{rows, columns} {
		x, err := e.ordered(e.in[i], slices.Concat(batch, own))
		if err != nil {
			return labelled{}, err
		}
		dims := e.dims(batch)
		for k, l := range slices.Concat(rows, columns) {
			if (k < len(rows)) == (i == 0) {
				dims = append(dims, e.size[l])
			} else {
				dims = append(dims, sym.Const(1))
			}
		}
		if in[i], err = reshapeBefore(e.g, e.n, x, dims...); err != nil {
			return labelled{}, err
		}
	}
	y, err := e.add(&op.Binary{Fn: op.Mul}, in[0], in[1])
	return labelled{y, slices.Concat(batch, rows, columns)}, err
}

// matrices orders the axes of x as [batch…, first…, second…] and makes one axis each of the first and the second.
func (e *einsum) matrices(x labelled, batch, first, second []rune) (*ir.Value, error) {
	v, err := e.ordered(x, slices.Concat(batch, first, second))
	if err != nil || len(first) == 1 && len(second) == 1 {
		return v, err
	}
	dims := append(e.dims(batch), sym.Product(e.dims(first)...), sym.Product(e.dims(second)...))
	return reshapeBefore(e.g, e.n, v, dims...)
}

func (e *einsum) dims(labels []rune) []sym.Expr {
	dims := make([]sym.Expr, len(labels))
	for i, l := range labels {
		dims[i] = e.size[l]
	}
	return dims
}

// ordered is x with its axes in that order.
func (e *einsum) ordered(x labelled, order []rune) (*ir.Value, error) {
	perm := make([]int, len(order))
	for i, l := range order {
		perm[i] = slices.Index(x.labels, l)
	}
	if isIdentityPerm(perm) {
		return x.v, nil
	}
	return e.add(&op.Transpose{Perm: perm}, x.v)
}
