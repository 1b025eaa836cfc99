package cpu

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// columnsUnit makes a gather of rows of a transposed constant one of columns of the constant, so that no transposed copy is made. It returns nil for
// other nodes.
func (p *Program) columnsUnit(n *ir.Node) *unit {
	o, ok := n.Op.(*op.Gather)
	if !ok || !plain(n) || n.Input(0).Def() == nil {
		return nil
	}
	turn := n.Input(0).Def()
	t, ok := turn.Op.(*op.Transpose)
	if !ok || soleUser(turn) != n {
		return nil
	}
	w := turn.Input(0)
	if w.Const == nil || w.Const.Rank() != 2 || axisOf(o.Axis, 2) != 0 || permutation(t.Perm, 2)[0] != 1 {
		return nil
	}
	return &unit{nodes: []*ir.Node{turn, n}, in: []*ir.Value{w, n.Input(1)}, kernel: &gatherColumns{packs: p.packs, table: w.Const}}
}

// gatherColumns gathers columns of a constant, as rows. A matrix by which something is multiplied too is read where it is packed: what it was packed from
// need not stay in memory then.
type gatherColumns struct {
	packs *packs
	table *tensor.Tensor
}

// String names the kernel.
func (*gatherColumns) String() string { return "gather columns" }

func (k *gatherColumns) run(x *exec, in, out []*tensor.Tensor) error {
	return bindAndRun(k, x, in, out)
}

func (k *gatherColumns) bind(_ *exec, in, out []*tensor.Tensor) (kernel, error) {
	rows, columns := k.table.Dim(0), k.table.Dim(1)
	if out[0].Len() != in[1].Len()*rows {
		return nil, fmt.Errorf("columns of %d elements and indices of shape %v do not give %v", rows, in[1].Shape(), out[0].Shape())
	}
	b := &boundColumns{rows: rows, size: elementSize(k.table.DType())}
	b.gather = gather{dim: columns, inner: rows * b.size, body: b.columns}
	if m, ok := known[*gemm.Packed](k.packs, packedMatrix{weights: k.table}); ok && m.Format() == gemm.Float32 {
		b.packed = m
	}
	return b, nil
}

// boundColumns is gatherColumns for certain shapes.
type boundColumns struct {
	gather
	rows, size int
	packed     *gemm.Packed // the table, if it is packed
}

// columns gathers columns for indices [lo, hi).
func (k *boundColumns) columns(lo, hi int) {
	switch {
	case k.packed != nil && k.index32 != nil:
		gemm.GatherColumns(numbers[float32](k.dst), k.packed, k.index32, lo, hi)
	case k.packed != nil:
		gemm.GatherColumns(numbers[float32](k.dst), k.packed, k.index64, lo, hi)
	case k.index32 != nil:
		move.GatherColumns(k.dst, k.src, k.index32, k.dim, k.rows, k.size, lo, hi)
	default:
		move.GatherColumns(k.dst, k.src, k.index64, k.dim, k.rows, k.size, lo, hi)
	}
}
