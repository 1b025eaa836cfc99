package passes

import (
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// maxTable is the number of elements of a constant up to which it is worth computing functions of all of its rows beforehand.
const maxTable = 1 << 18

// tables takes rows of constants instead of multiplying the constants by rows of zeros with a single one, and computes functions of rows that are taken
// of a small constant for the constant.
func tables(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if !n.Out()[0].Used() {
			continue
		}
		var err error
		switch n.Op.(type) {
		case *op.MatMul:
			err = oneHotProduct(r, g, n)
		case *op.Unary, *op.Binary:
			err = functionOfRows(r, g, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// oneHotProduct makes MatMul(Cast(x = [s, s+1, …]), W) rows of W, with a row of zeros on either side for an x that is none of these numbers.
func oneHotProduct(r *run, g *ir.Graph, n *ir.Node) error {
	o, w := n.Op.(*op.MatMul), n.Input(1).Const
	cast, to := nodeOf[*op.Cast](n.Input(0))
	if o.TransA || o.TransB || w == nil || w.DType() != tensor.Float32 || w.Rank() != 2 || w.Len() > maxTable || cast == nil || to.To != tensor.Float32 {
		return nil
	}
	x, start := oneHot(cast.Input(0), w.Dim(0))
	if x == nil || slices.ContainsFunc(x.Type.Dims, sym.Expr.HasFresh) || slices.ContainsFunc(tensor.Data[float32](w), notFinite) || !r.rewrite() {
		return nil
	}
	rows, cols := w.Dim(0), w.Dim(1)
	table := tensor.New(tensor.Float32, rows+2, cols)
	copy(tensor.Data[float32](table)[cols:], tensor.Data[float32](w))
	index, err := reshapeBefore(g, n, x, x.Type.Dims[:len(x.Type.Dims)-1]...)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		fn op.BinaryFn
		k  int
	}{{op.Max, start - 1}, {op.Min, start + rows}, {op.Sub, start - 1}} {
		k, err := constantLike(g, n, x, float64(step.k))
		if err != nil {
			return err
		}
		index = insert(g, n, &op.Binary{Fn: step.fn}, index, k)
	}
	return replaceAndDrop(g, n, &op.Gather{}, insert(g, n, &ir.Const{Value: table}), index)
}

func notFinite(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }

// oneHot is the x, of one element along the last axis, of which v tells for each of n numbers from start on whether it is that; nil if v is none.
func oneHot(v *ir.Value, n int) (x *ir.Value, start int) {
	eq := binaryOf(v, op.Equal)
	if eq == nil {
		return nil, 0
	}
	for i := range 2 {
		x, k := eq.Input(i), eq.Input(1-i).Const
		if k == nil || x.Const != nil || !x.Type.Ranked || len(x.Type.Dims) < max(1, k.Rank()) || !isUnit(x.Type.Dims[len(x.Type.Dims)-1]) {
			continue
		}
		if start, ok := countsFrom(k, n); ok {
			return x, start
		}
	}
	return nil, 0
}

// countsFrom reports whether t is start, start+1, … to n numbers, along its last axis.
func countsFrom(t *tensor.Tensor, n int) (start int, ok bool) {
	const far = 1 << 30
	if d := t.DType(); d != tensor.Int32 && d != tensor.Int64 || n == 0 || t.Len() != n || t.Rank() == 0 || t.Dim(t.Rank()-1) != n {
		return 0, false
	}
	first := t.Int64(0)
	if first < -far || first > far {
		return 0, false
	}
	for i := range n {
		if t.Int64(i) != first+int64(i) {
			return 0, false
		}
	}
	return int(first), true
}

// functionOfRows makes f(Gather(table, index), …) rows of f(table, …), where every operand is rows of a small constant for the same index, or a constant that
// is the same for all rows.
func functionOfRows(r *run, g *ir.Graph, n *ir.Node) error {
	y := n.Out()[0]
	var index *ir.Value
	name := ""
	in := slices.Clone(n.In())
	for i, v := range in {
		if v.Type.Elem != tensor.Float32 {
			return nil
		}
		gather, o := nodeOf[*op.Gather](v)
		switch {
		case gather == nil && v.Const == nil:
			return nil
		case gather == nil:
			continue
		}
		table := gather.Input(0)
		if o.Axis != 0 || table.Const == nil || table.Const.Rank() != 2 || table.Const.Len() > maxTable || index != nil && gather.Input(1) != index || !gather.Input(1).Type.Ranked {
			return nil
		}
		in[i], index, name = table, gather.Input(1), gather.Name
		if !y.Type.Equal(v.Type) {
			return nil
		}
	}
	if index == nil {
		return nil
	}
	for i, v := range n.In() {
		if v.Const == nil {
			continue
		}
		k, ok := ofEveryRow(v.Const)
		if !ok {
			return nil
		}
		if v.Const.Rank() > 1 {
			shaped, err := v.Const.Reshape(k)
			if err != nil {
				return err
			}
			in[i] = insert(g, n, &ir.Const{Value: shaped})
		}
	}
	if !r.rewrite() {
		return nil
	}
	rows, err := g.InsertBefore(n, &op.Gather{}, insert(g, n, n.Op, in...), index)
	if err != nil {
		return err
	}
	rows.Name = name // where an index that is out of range comes from
	g.ReplaceUses(n.Out()[0], rows.Out()[0])
	ir.Credit(rows, n)
	removeIfUnused(g, n)
	return nil
}

// ofEveryRow is the length of the last axis of a constant that has no other axis than that.
func ofEveryRow(t *tensor.Tensor) (int, bool) {
	if t.Rank() == 0 {
		return 1, true
	}
	last := t.Dim(t.Rank() - 1)
	return last, t.Len() == last
}
