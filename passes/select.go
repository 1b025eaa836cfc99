package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// selects moves a choice of few positions before what works on each position alone, such as the layers behind the last attention when only
// the last position is asked for, and through attention into its queries. What computes the positions that nobody asks for is gone then.
func selects(r *run, g *ir.Graph) error {
	for n := range g.Backward() {
		if n.Graph() == nil || len(n.In()) == 0 || n.Input(0) == nil || len(n.Out()) != 1 || !n.Out()[0].Used() {
			continue
		}
		c, ok := choiceOf(n)
		if !ok {
			continue
		}
		v := n.Input(0)
		d := v.Def()
		if d == nil || v != d.Out()[0] || !single(v) {
			continue
		}
		chosen := c.operands(d)
		if chosen == nil || !r.rewrite() {
			continue
		}
		if err := c.push(g, d, chosen); err != nil {
			return err
		}
	}
	return nil
}

// operands says along which axis each operand of d has to be chosen from so that d gives what is chosen of its first result: −1 where an operand
// stays as it is. It is nil where d does not work on each slice alone.
func (c choice) operands(d *ir.Node) []int {
	axes := slices.Repeat([]int{-1}, len(d.In()))
	y := d.Out()[0].Type
	// along finds the axis in operand i that the axis of the result broadcasts from.
	along := func(i, axis int) bool {
		x := d.Input(i)
		if x == nil {
			return true
		}
		if !x.Type.Ranked {
			return false
		}
		switch k := axis - (len(y.Dims) - len(x.Type.Dims)); {
		case k < 0 || isUnit(x.Type.Dims[k]) && !isUnit(y.Dims[axis]):
		case x.Type.Dims[k].Equal(y.Dims[axis]):
			axes[i] = k
		default:
			return false
		}
		return true
	}
	switch o := d.Op.(type) {
	case *op.Unary, *op.Cast, *op.Binary, *op.Where:
		for i := range d.In() {
			if !along(i, c.axis) {
				return nil
			}
		}
		return axes
	case *op.Clip:
		axes[0] = c.axis
		return axes
	case *op.Softmax:
		if axisIn(o.Axis, d.Out()[0]) == c.axis {
			return nil
		}
		axes[0] = c.axis
		return axes
	case *op.LayerNorm:
		return c.ofNorm(d, o.Axis, axes)
	case *op.RMSNorm:
		return c.ofNorm(d, o.Axis, axes)
	case *op.MatMul:
		w := d.Input(1).Type
		if !w.Ranked || len(w.Dims) != 2 || len(d.Input(0).Type.Dims) != len(y.Dims) || o.TransA && c.axis == len(y.Dims)-2 {
			return nil
		}
		axes[0] = c.axis
		return axes
	case *op.Transpose:
		axes[0] = c.axis
		if len(o.Perm) > 0 {
			axes[0] = o.Perm[c.axis]
		} else {
			axes[0] = len(y.Dims) - 1 - c.axis
		}
		return axes
	case *op.Concat:
		if axisIn(o.Axis, d.Out()[0]) == c.axis {
			return nil
		}
		for i := range axes {
			axes[i] = c.axis
		}
		return axes
	case *op.Gather: // rows of a table
		idx := d.Input(1).Type
		if o.Axis != 0 || !idx.Ranked || c.axis >= len(idx.Dims) {
			return nil
		}
		axes[1] = c.axis
		return axes
	case *op.Reshape:
		return c.ofReshape(d, axes)
	case *op.Rotary:
		return c.ofRotary(d, axes)
	case *op.Attention:
		return c.ofAttention(d, o, axes)
	}
	return nil
}

// ofNorm is operands for a norm along the axes from first on.
func (c choice) ofNorm(d *ir.Node, first int, axes []int) []int {
	first = axisIn(first, d.Out()[0])
	if c.axis >= first || slices.ContainsFunc(d.Out()[1:], (*ir.Value).Used) {
		return nil
	}
	for _, v := range d.In()[1:] {
		if v != nil && len(v.Type.Dims) > len(d.Out()[0].Type.Dims)-first {
			return nil
		}
	}
	axes[0] = c.axis
	return axes
}

// ofReshape is operands for a change of shape that leaves the axis as it is.
func (c choice) ofReshape(d *ir.Node, axes []int) []int {
	x, y := d.Input(0).Type, d.Out()[0].Type
	if !x.Ranked || slices.ContainsFunc(y.Dims, sym.Expr.HasFresh) {
		return nil
	}
	for k, e := range x.Dims {
		if e.Equal(y.Dims[c.axis]) && sym.Product(x.Dims[:k]...).Equal(sym.Product(y.Dims[:c.axis]...)) &&
			sym.Product(x.Dims[k+1:]...).Equal(sym.Product(y.Dims[c.axis+1:]...)) {
			axes[0] = k
			return axes
		}
	}
	return nil
}

// ofRotary is operands for rows, which takes those of the tables or of the positions too.
func (c choice) ofRotary(d *ir.Node, axes []int) []int {
	if c.axis != len(d.Out()[0].Type.Dims)-2 {
		return nil
	}
	axes[0] = c.axis
	rows := d.Out()[0].Type.Dims[c.axis]
	tables := []int{1, 2}
	if d.Input(3) != nil {
		tables = []int{3}
	}
	for _, i := range tables {
		t := d.Input(i).Type
		k := len(t.Dims) - 2
		if i == 3 {
			k = len(t.Dims) - 1
		}
		if !t.Ranked || k < 0 || !t.Dims[k].Equal(rows) {
			return nil
		}
		axes[i] = k
	}
	return axes
}

// ofAttention is operands for queries. Where their positions count, those that are chosen have to follow each other.
func (c choice) ofAttention(d *ir.Node, o *op.Attention, axes []int) []int {
	q := d.Input(op.AttentionQ).Type
	if c.axis != len(q.Dims)-2 || d.Out()[3].Used() || d.Input(op.AttentionPastK) != nil && !o.Append {
		return nil
	}
	if _, ok := c.first(q.Dims[c.axis]); !ok && positional(d, o) || q.Dims[c.axis].HasFresh() {
		return nil
	}
	axes[op.AttentionQ] = c.axis
	if m := d.Input(op.AttentionMask); m != nil {
		if !m.Type.Ranked {
			return nil
		}
		k := len(m.Type.Dims) - 2
		if k >= 0 && !isUnit(m.Type.Dims[k]) {
			if !m.Type.Dims[k].Equal(q.Dims[c.axis]) {
				return nil
			}
			axes[op.AttentionMask] = k
		}
	}
	return axes
}

// positional reports whether it counts where queries stand.
func positional(d *ir.Node, o *op.Attention) bool {
	return o.Causal || o.Left > 0 || o.Right > 0 || d.Input(op.AttentionSlopes) != nil
}

// push puts d, applied to what is chosen of its operands, in place of the choice of its result.
func (c choice) push(g *ir.Graph, d *ir.Node, axes []int) error {
	in := slices.Clone(d.In())
	for i, axis := range axes {
		if axis < 0 {
			continue
		}
		var err error
		if in[i], err = c.of(g, in[i], axis); err != nil {
			return err
		}
	}
	y := c.node.Out()[0]
	kept := slices.Clone(d.Out()[0].Type.Dims) // with the axis
	kept[c.axis] = sym.Const(1)
	if !c.dropsAxis() {
		kept[c.axis] = y.Type.Dims[c.axis]
	}
	switch o := d.Op.(type) {
	case *op.Reshape:
		in[1] = insert(g, d, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(kept)}, Exprs: kept})
	case *op.Attention:
		var err error
		if in, err = c.moveQueries(g, d, o, in); err != nil {
			return err
		}
	}
	m, err := g.InsertBefore(d, d.Op, in...)
	if err != nil {
		return err
	}
	m.Name = d.Name
	for i, v := range d.Out()[1:] {
		g.ReplaceUses(v, m.Out()[i+1])
	}
	v := m.Out()[0]
	if c.dropsAxis() {
		if v, err = reshapeBefore(g, d, v, slices.Delete(slices.Clone(kept), c.axis, c.axis+1)...); err != nil {
			return err
		}
	}
	v.Learn(y.Fact)
	g.ReplaceUses(y, v)
	g.Remove(c.node)
	g.Remove(d)
	return nil
}

// moveQueries says where the queries stand that were chosen.
func (c choice) moveQueries(g *ir.Graph, d *ir.Node, o *op.Attention, in []*ir.Value) ([]*ir.Value, error) {
	if !positional(d, o) {
		return in, nil
	}
	first, _ := c.first(d.Input(op.AttentionQ).Type.Dims[c.axis])
	for len(in) <= op.AttentionStart {
		in = append(in, nil)
	}
	add := func(e sym.Expr) *ir.Value { return insert(g, d, &ir.Dims{Elem: tensor.Int64, Exprs: []sym.Expr{e}}) }
	start := d.Input(op.AttentionStart)
	switch {
	case start == nil && d.Input(op.AttentionPastK) != nil:
		in[op.AttentionStart] = add(first.Add(d.Input(op.AttentionPastK).Type.Dims[2]))
	case start == nil:
		in[op.AttentionStart] = add(first)
	default:
		moved := add(first)
		if start.Type.Elem != tensor.Int64 {
			moved = insert(g, d, &op.Cast{To: start.Type.Elem}, moved)
		}
		sum, err := g.InsertBefore(d, &op.Binary{Fn: op.Add}, start, moved)
		if err != nil {
			return nil, err
		}
		in[op.AttentionStart] = sum.Out()[0]
	}
	return in, nil
}
