package cpu

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// partedProduct makes a product with constant weights whose columns are cut apart, such as queries, keys and values of one weight, a product for
// each part, which computes it where it is to lie. It returns nil for other products.
func (p *Program) partedProduct(n *ir.Node, taken map[*ir.Node]*unit) *unit {
	o, ok := n.Op.(*op.MatMul)
	if !ok || !isWeight(n.Input(1)) {
		return nil
	}
	chain := []*ir.Node{n}
	in := slices.Clone(n.In())
	cuts := columnCuts(n.Out()[0])
	bias := 0
	if next := soleUser(n); cuts == nil && next != nil && taken[next] == nil {
		if b := constantBias(n.Out()[0], next); b != nil {
			chain, in, bias = append(chain, next), append(in, b), len(in)
			cuts = columnCuts(next.Out()[0])
		}
	}
	if len(cuts) < 2 {
		return nil
	}
	var members []*unit
	for _, c := range cuts {
		u := &unit{nodes: append(slices.Clone(chain), c.node), in: slices.Clone(in), out: []*ir.Value{c.value}, at: chain[len(chain)-1]}
		k := newMatMul(o, n)
		if k == nil || !k.single {
			return nil
		}
		k.part, k.bias = c.columns, bias
		if next := soleUserOf(c.value); next != nil && taken[next] == nil {
			if f, alpha, beta, ok := activation(next); ok && sameShape(next.Out()[0].Type, c.value.Type) {
				k.epilogue.Activation, k.epilogue.Alpha, k.epilogue.Beta = f, alpha, beta
				u.nodes, u.out = append(u.nodes, next), next.Out()
			}
		}
		u.kernel = k
		members = append(members, u)
	}
	for _, u := range members {
		u.kernel.(*matmul).pack(p, n.Input(1))
	}
	return joinUnits(members, chain[len(chain)-1])
}

// isWeight reports whether v is a constant matrix of float32, or of integers that stand for them.
func isWeight(v *ir.Value) bool {
	return v.Const != nil && v.Const.Rank() == 2 && v.Const.DType() == tensor.Float32 || integerWeightsOf(v) != nil
}

// constantBias is the vector that n adds to the columns of v, nil if it does anything else.
func constantBias(v *ir.Value, n *ir.Node) *ir.Value {
	o, ok := n.Op.(*op.Binary)
	if !ok || o.Fn != op.Add || !v.Type.Ranked {
		return nil
	}
	b, dims := otherInput(n, v), v.Type.Dims
	if b == nil || b.Const == nil || b.Type.Elem != tensor.Float32 || len(b.Type.Dims) > len(dims) || !isVector(b.Type, dims[len(dims)-1]) {
		return nil
	}
	return b
}

// columnCut is a value that is some columns of another one.
type columnCut struct {
	columns
	value *ir.Value
	node  *ir.Node
}

// columnCuts lists what takes columns of v, if all that uses it does, between bounds that are known.
func columnCuts(v *ir.Value) []columnCut {
	if v.IsOutput() || !v.Type.Ranked || len(v.Type.Dims) < 2 {
		return nil
	}
	last := len(v.Type.Dims) - 1
	total, ok := v.Type.Dims[last].IsConst()
	if !ok {
		return nil
	}
	var cuts []columnCut
	for _, u := range v.Uses() {
		if u.Index != 0 {
			return nil
		}
		first := 0
		switch o := u.Node.Op.(type) {
		case *op.Split:
			if axisOf(o.Axis, last+1) != last {
				return nil
			}
		case *op.Slice:
			if first, ok = columnsFrom(u.Node, last, int(total)); !ok {
				return nil
			}
		default:
			return nil
		}
		for _, y := range u.Node.Out() {
			size, ok := y.Type.Dims[last].IsConst()
			if !ok || size <= 0 || first+int(size) > int(total) {
				return nil
			}
			if y.Used() {
				cuts = append(cuts, columnCut{columns{first, int(size)}, y, u.Node})
			}
			first += int(size)
		}
	}
	return cuts
}

// columnsFrom is the first column that a Slice of columns in steps of 1 takes, if it cuts no other axis.
func columnsFrom(n *ir.Node, last, total int) (int, bool) {
	var control [5][]int64
	for i := 1; i < len(n.In()); i++ {
		switch v := n.Input(i); {
		case v == nil:
		case v.Const == nil || v.Const.Len() != 1:
			return 0, false
		default:
			control[i] = tensor.Int64s(v.Const)
		}
	}
	if axis, step := control[3], control[4]; axis == nil || axisOf(int(axis[0]), last+1) != last || step != nil && step[0] != 1 {
		return 0, false
	}
	first, _ := sliceOf(bounded(control[1][0]), bounded(control[2][0]), 1, total)
	return first, true
}
