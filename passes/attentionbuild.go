package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// adderBefore inserts nodes of one result before n, under its name.
func adderBefore(g *ir.Graph, n *ir.Node) func(o ir.Op, in ...*ir.Value) (*ir.Value, error) {
	return func(o ir.Op, in ...*ir.Value) (*ir.Value, error) {
		x, err := g.InsertBefore(n, o, in...)
		if err != nil {
			return nil, err
		}
		x.Name = n.Name
		return x.Out()[0], nil
	}
}

// build puts the operator in place of the last product.
func (m *attentionMatch) build(g *ir.Graph) error {
	n := m.node
	add := adderBefore(g, n)
	if err := m.operands(g, add); err != nil {
		return err
	}
	in := make([]*ir.Value, op.AttentionSlopes+1)
	in[op.AttentionQ], in[op.AttentionK], in[op.AttentionV] = m.q, m.k, m.v
	var err error
	if in[op.AttentionMask], err = m.fittedMask(g, add); err != nil {
		return err
	}
	o := &op.Attention{Scale: float32(m.scale), Softcap: float32(m.softcap), Causal: m.mask.causal, Left: m.mask.left, Empty: m.empty()}
	if c, ok := m.mask.start.IsConst(); m.mask.causal && !(ok && c == 0) {
		if in[op.AttentionStart], err = add(&ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{m.mask.start}}); err != nil {
			return err
		}
	}
	if m.mask.slopes != nil {
		if in[op.AttentionSlopes], err = add(&ir.Const{Value: m.mask.slopes}); err != nil {
			return err
		}
	}
	rank := len(m.q.Type.Dims)
	if rank == 3 { // a batch of single heads
		o.Heads, o.KVHeads = 1, 1
	}
	if rank > 4 {
		for _, i := range []int{op.AttentionQ, op.AttentionK, op.AttentionV} {
			if in[i], err = mergeFirst(g, n, in[i]); err != nil {
				return err
			}
		}
	}
	for len(in) > 3 && in[len(in)-1] == nil {
		in = in[:len(in)-1]
	}
	if rank <= 4 && !m.turned {
		return replaceAndDrop(g, n, o, in...)
	}
	y, err := add(o, in...)
	if err != nil {
		return err
	}
	var last ir.Op
	more := []*ir.Value{y}
	if rank > 4 {
		dims := append(append([]sym.Expr{}, m.q.Type.Dims[:rank-1]...), m.v.Type.Dims[rank-1])
		shape, err := add(&ir.Dims{Elem: tensor.Int64, Shape: []int{rank}, Exprs: dims})
		if err != nil {
			return err
		}
		last, more = &op.Reshape{AllowZero: true}, append(more, shape)
		if m.turned {
			if y, err = add(last, more...); err != nil {
				return err
			}
			more = []*ir.Value{y}
		}
	}
	if m.turned {
		last = swapLast(y)
	}
	return replaceAndDrop(g, n, last, more...)
}

// operands gives queries, keys and values the axes that the operator wants, and the queries the factors of the scores.
func (m *attentionMatch) operands(g *ir.Graph, add func(ir.Op, ...*ir.Value) (*ir.Value, error)) error {
	for _, x := range []struct {
		v       **ir.Value
		swapped bool
	}{{&m.q, m.transQ}, {&m.k, !m.transK}, {&m.v, m.transV}} {
		if !x.swapped {
			continue
		}
		y, err := add(swapLast(*x.v), *x.v)
		if err != nil {
			return err
		}
		*x.v = y
	}
	for _, f := range m.factors {
		y, err := add(&op.Binary{Fn: op.Mul}, m.q, f)
		if err != nil {
			return err
		}
		m.q = y
	}
	return nil
}

// fittedMask is the mask for operands of rank 4, or for those of rank 3, which have one head. Of more axes the first ones become one; a mask that differs
// along them is repeated along the others.
func (m *attentionMatch) fittedMask(g *ir.Graph, add func(ir.Op, ...*ir.Value) (*ir.Value, error)) (*ir.Value, error) {
	v, err := m.maskValue(add)
	if err != nil || v == nil || !v.Type.Ranked {
		return v, err
	}
	d, rank := v.Type.Dims, len(m.q.Type.Dims)
	switch {
	case rank == 3 && len(d) == 3 && !isUnit(d[0]):
		return reshapeBefore(g, m.node, v, d[0], sym.Const(1), d[1], d[2])
	case len(d) <= 3 || len(d) <= 4 && rank <= 4:
		return v, nil
	}
	first := len(d) - 3
	if slices.ContainsFunc(d[:first], func(e sym.Expr) bool { return !isUnit(e) }) {
		dims := slices.Concat(m.q.Type.Dims[:rank-3], d[first:])
		shape, err := add(&ir.Dims{Elem: tensor.Int64, Shape: []int{rank}, Exprs: dims})
		if err != nil {
			return nil, err
		}
		if v, err = add(&op.Expand{}, v, shape); err != nil {
			return nil, err
		}
	}
	return mergeFirst(g, m.node, v)
}

// whole is a mask of scores whose first axis is split in two, which gives them the dimensions split, as one of scores where it is not.
func whole(v *ir.Value, split []sym.Expr, add func(ir.Op, ...*ir.Value) (*ir.Value, error)) (*ir.Value, error) {
	d := v.Type.Dims
	after := len(split) - 2 // axes behind the split one
	if split == nil || len(d) <= after {
		return v, nil
	}
	reshape := func(o ir.Op, dims ...sym.Expr) (err error) {
		shape, err := add(&ir.Dims{Elem: tensor.Int64, Shape: []int{len(dims)}, Exprs: dims})
		if err == nil {
			v, err = add(o, v, shape)
		}
		return err
	}
	rest := d[len(d)-after:]
	if !slices.ContainsFunc(d[:len(d)-after], func(e sym.Expr) bool { return !isUnit(e) }) {
		return v, reshape(&op.Reshape{AllowZero: true}, rest...)
	}
	if err := reshape(&op.Expand{}, slices.Concat(split[:2], rest)...); err != nil {
		return nil, err
	}
	err := reshape(&op.Reshape{AllowZero: true}, append([]sym.Expr{split[0].Mul(split[1])}, rest...)...)
	return v, err
}

// mergeFirst makes one axis of all but the last three.
func mergeFirst(g *ir.Graph, n *ir.Node, x *ir.Value) (*ir.Value, error) {
	d := x.Type.Dims
	batch := sym.Const(1)
	for _, e := range d[:len(d)-3] {
		batch = batch.Mul(e)
	}
	return reshapeBefore(g, n, x, append([]sym.Expr{batch}, d[len(d)-3:]...)...)
}

func swapLast(v *ir.Value) *op.Transpose {
	rank := len(v.Type.Dims)
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[rank-1], perm[rank-2] = rank-2, rank-1
	return &op.Transpose{Perm: perm}
}
