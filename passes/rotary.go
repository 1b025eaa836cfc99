package passes

import (
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// rotaries recognises rotary position embeddings in all spellings of turning pairs (a, b) of a head by an angle:
//
//	x·cos + concat(−b, a)·sin                        the halves of x as pairs, tables with every angle twice (Llama, GPT-NeoX)
//	x·cos + interleave(−b, a)·sin                    neighbours as pairs, tables with every angle twice in a row (GPT-J)
//	concat(a·cos − b·sin, a·sin + b·cos)             the same, half by half
//	interleave(a·cos − b·sin, a·sin + b·cos)         neighbours as pairs (RoFormer, GPT-J)
//	stack(a·cos − b·sin, a·sin + b·cos)              the same of pairs that have an axis of their own
//	concat(rotary(x[:d]), x[d:])                     the first d elements only
//
// Tables may be anything: what is computed twice for both halves is computed once.
func rotaries(r *run, g *ir.Graph) error {
	for n := range g.Nodes() {
		if !isFloat32(n.Out()[0]) || !n.Out()[0].Used() {
			continue
		}
		var err error
		switch o := n.Op.(type) {
		case *op.Binary:
			if o.Fn == op.Add {
				err = rotaryOfHalves(r, g, n)
			}
		case *op.Concat:
			if isUnitLast(n.Input(0)) {
				if !readAsNeighbours(n) {
					err = rotaryOfPairs(r, g, n, n, o, true)
				}
			} else if err = rotaryOfPairs(r, g, n, n, o, false); err == nil && n.Graph() != nil {
				err = partialRotary(r, g, n, o)
			}
		case *op.Reshape:
			if c, o := nodeOf[*op.Concat](n.Input(0)); c != nil && interleaves(n, c) {
				err = rotaryOfPairs(r, g, n, c, o, true)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rotaryOfHalves handles x·cos + concat(−b, a)·sin and its interleaved form.
func rotaryOfHalves(r *run, g *ir.Graph, n *ir.Node) error {
	for i := range 2 {
		p, q := binaryOf(n.Input(i), op.Mul), binaryOf(n.Input(1-i), op.Mul)
		if p == nil || q == nil {
			return nil
		}
		for j := range 2 {
			x, interleaved := turnedHalves(q.Input(j)), false
			if x == nil {
				x, interleaved = turnedNeighbours(q.Input(j)), true
			}
			if x == nil {
				continue
			}
			for k := range 2 {
				if p.Input(k) != x {
					continue
				}
				t := &angleTable{g, n, interleaved, true}
				cos, sin := t.once(p.Input(1-k)), t.once(q.Input(1-j))
				if cos == nil || sin == nil {
					r.missed("rotary", n, "a table does not hold every angle twice")
					return nil
				}
				return rotaryFrom(r, g, n, x, func() (*ir.Value, *ir.Value) {
					t.dry = false
					return t.once(p.Input(1 - k)), t.once(q.Input(1 - j))
				}, p.Input(1-k).Type, interleaved)
			}
			r.missed("rotary", n, "what is turned is not what is multiplied by the cosines")
		}
	}
	return nil
}

// turnedHalves is x where v is concat(−b, a) and a, b are the halves of x.
func turnedHalves(v *ir.Value) *ir.Value {
	c, o := nodeOf[*op.Concat](v)
	if c == nil || len(c.In()) != 2 || !isLast(o.Axis, v) {
		return nil
	}
	neg := unaryOf(c.Input(0), op.Neg)
	if neg == nil {
		return nil
	}
	x, part, ok := halfOf(c.Input(1))
	y, other, okOther := halfOf(neg.Input(0))
	if !ok || !okOther || x != y || part != 0 || other != 1 {
		return nil
	}
	return x
}

// turnedNeighbours is x where v is interleave(−b, a) and a, b are the even and odd elements of x.
func turnedNeighbours(v *ir.Value) *ir.Value {
	n, _ := nodeOf[*op.Reshape](v)
	if n == nil {
		return nil
	}
	c, o := nodeOf[*op.Concat](n.Input(0))
	if c == nil || !isLast(o.Axis, c.Out()[0]) || !interleaves(n, c) {
		return nil
	}
	neg := unaryOf(c.Input(0).Def().Input(0), op.Neg)
	if neg == nil {
		return nil
	}
	x, part, ok := alternateOf(c.Input(1).Def().Input(0))
	y, other, okOther := alternateOf(neg.Input(0))
	if !ok || !okOther || x != y || part != 0 || other != 1 {
		return nil
	}
	return x
}

func isLast(axis int, v *ir.Value) bool {
	return axis == -1 || v.Type.Ranked && axis == len(v.Type.Dims)-1
}

// halfOf finds x and which half (0 or 1) along the last axis v is of it.
func halfOf(v *ir.Value) (x *ir.Value, part int, ok bool) {
	n := defOf(v)
	if n == nil || !n.Input(0).Type.Ranked || len(n.Input(0).Type.Dims) == 0 {
		return nil, 0, false
	}
	x = n.Input(0)
	size, known := x.Type.Dims[len(x.Type.Dims)-1].IsConst()
	half, halfKnown := v.Type.Dims[len(v.Type.Dims)-1].IsConst()
	if !known || !halfKnown || size != 2*half {
		return nil, 0, false
	}
	switch o := n.Op.(type) {
	case *op.Split:
		if !isLast(o.Axis, x) || len(n.Out()) != 2 {
			return nil, 0, false
		}
		return x, v.Index(), true
	case *op.Slice:
		start, step, ok := sliceOfLast(n)
		switch {
		case !ok || step != 1:
		case start == 0:
			return x, 0, true
		case start == half:
			return x, 1, true
		}
	}
	return nil, 0, false
}

// sliceOfLast is the start and the step of a Slice of the last axis alone.
func sliceOfLast(n *ir.Node) (start, step int64, ok bool) {
	x := n.Input(0).Type
	starts, axes := symbols(n.Input(1)), symbols(n.Input(3))
	if len(starts) != 1 || len(axes) != 1 {
		return 0, 0, false
	}
	axis, known := axes[0].IsConst()
	if !known || axis != -1 && axis != int64(len(x.Dims)-1) {
		return 0, 0, false
	}
	step = 1
	if n.Input(4) != nil {
		steps := symbols(n.Input(4))
		if len(steps) != 1 {
			return 0, 0, false
		}
		if step, known = steps[0].IsConst(); !known {
			return 0, 0, false
		}
	}
	if start, known = starts[0].IsConst(); !known {
		return 0, 0, false
	}
	if size, ok := x.Dims[len(x.Dims)-1].IsConst(); ok && start < 0 {
		start += size
	}
	return start, step, start >= 0
}

func insert(g *ir.Graph, n *ir.Node, o ir.Op, in ...*ir.Value) *ir.Value {
	m, err := g.InsertBefore(n, o, in...)
	if err != nil {
		return nil
	}
	m.Name = n.Name
	return m.Out()[0]
}

// rotaryOfPairs handles concat(a·cos − b·sin, a·sin + b·cos) at the node c, where a and b are halves of x, or its even and odd elements if the
// results are interleaved. n is the node to replace.
func rotaryOfPairs(r *run, g *ir.Graph, n, c *ir.Node, o *op.Concat, interleaved bool) error {
	if len(c.In()) != 2 || !isLast(o.Axis, c.Out()[0]) {
		return nil
	}
	re, im := c.Input(0), c.Input(1)
	if interleaved && !isUnitLast(im) {
		return nil
	}
	if interleaved {
		re, im = c.Input(0).Def().Input(0), c.Input(1).Def().Input(0)
	}
	sub, add := binaryOf(re, op.Sub), binaryOf(im, op.Add)
	if sub == nil || add == nil {
		return nil
	}
	p, q := binaryOf(sub.Input(0), op.Mul), binaryOf(sub.Input(1), op.Mul)
	if p == nil || q == nil {
		return nil
	}
	part := halfOf
	if interleaved {
		part = alternateOf
	}
	for i := range 2 {
		for j := range 2 {
			a, cos, b, sin := p.Input(i), p.Input(1-i), q.Input(j), q.Input(1-j)
			x, first, okA := part(a)
			y, second, okB := part(b)
			if !okA || !okB || x != y || first != 0 || second != 1 {
				continue
			}
			if !isSumOfProducts(add, a, sin, b, cos) {
				r.missed("rotary", n, "the imaginary part does not belong to the real part")
				return nil
			}
			return rotaryFrom(r, g, n, x, func() (*ir.Value, *ir.Value) { return cos, sin }, cos.Type, interleaved)
		}
	}
	return nil
}

// isSumOfProducts reports whether n is a·c + b·d, in any order.
func isSumOfProducts(n *ir.Node, a, c, b, d *ir.Value) bool {
	is := func(v, x, y *ir.Value) bool {
		m := binaryOf(v, op.Mul)
		return m != nil && (m.Input(0) == x && m.Input(1) == y || m.Input(0) == y && m.Input(1) == x)
	}
	return is(n.Input(0), a, c) && is(n.Input(1), b, d) || is(n.Input(0), b, d) && is(n.Input(1), a, c)
}

// interleaves reports whether n is a reshape that makes neighbours of the elements that c, of values with a last axis of length 1, concatenates.
func interleaves(n, c *ir.Node) bool {
	t := c.Out()[0].Type
	if !t.Ranked || len(t.Dims) < 2 || !isUnitLast(c.Input(0)) || len(c.In()) != 2 || !isUnitLast(c.Input(1)) {
		return false
	}
	lead := t.Dims[:len(t.Dims)-2]
	want := t.WithDims(append(slices.Clone(lead), t.Dims[len(t.Dims)-2].Mul(sym.Const(2)))...)
	return n.Out()[0].Type.Equal(want)
}

// readAsNeighbours reports whether the result of a Concat is only reshaped so that what it puts together are neighbours.
func readAsNeighbours(c *ir.Node) bool {
	if !single(c.Out()[0]) {
		return false
	}
	n := c.Out()[0].Uses()[0].Node
	_, ok := n.Op.(*op.Reshape)
	return ok && interleaves(n, c)
}

// isUnitLast reports whether v is a reshape that appends an axis of length 1.
func isUnitLast(v *ir.Value) bool {
	n, _ := nodeOf[*op.Reshape](v)
	if n == nil || !v.Type.Ranked || len(v.Type.Dims) == 0 {
		return false
	}
	x := n.Input(0).Type
	return x.Ranked && v.Type.Equal(x.WithDims(append(slices.Clone(x.Dims), sym.Const(1))...))
}

// columnOf finds x, whose last axis holds pairs, and which element of the pairs v is.
func columnOf(v *ir.Value) (x *ir.Value, part int, ok bool) {
	n := defOf(v)
	if n == nil {
		return nil, 0, false
	}
	if o, isGather := n.Op.(*op.Gather); isGather && isLast(o.Axis, n.Input(0)) && n.Input(1).Const != nil && n.Input(1).Const.Rank() == 0 {
		x, part = n.Input(0), int(n.Input(1).Const.Int64(0))
		if part < 0 {
			part += 2
		}
	} else if _, shaped := n.Op.(*op.Reshape); shaped && isUnitBehind(n.Input(0), v) {
		s := n.Input(0)
		switch split := defOf(s); {
		case split == nil:
		default:
			switch o := split.Op.(type) {
			case *op.Split:
				if isLast(o.Axis, split.Input(0)) && len(split.Out()) == 2 {
					x, part = split.Input(0), s.Index()
				}
			case *op.Slice:
				if start, step, ok := sliceOfLast(split); ok && step == 1 {
					x, part = split.Input(0), int(start)
				}
			}
		}
	}
	if x == nil || !x.Type.Ranked || len(x.Type.Dims) != 5 || !x.Type.Dims[4].Equal(sym.Const(2)) || part < 0 || part > 1 {
		return nil, 0, false
	}
	return x, part, true
}

// isUnitBehind reports whether s has the dimensions of v and one of 1 behind them.
func isUnitBehind(s, v *ir.Value) bool {
	return v.Type.Ranked && s.Type.Equal(v.Type.WithDims(append(slices.Clone(v.Type.Dims), sym.Const(1))...))
}

// alternateOf finds x and whether v is its even (0) or odd (1) elements along the last axis, or x with pairs along the last axis and which element of
// them.
func alternateOf(v *ir.Value) (x *ir.Value, part int, ok bool) {
	if x, part, ok = columnOf(v); ok {
		return x, part, true
	}
	n, _ := nodeOf[*op.Slice](v)
	if n == nil || !n.Input(0).Type.Ranked || len(n.Input(0).Type.Dims) == 0 {
		return nil, 0, false
	}
	x = n.Input(0)
	size, known := x.Type.Dims[len(x.Type.Dims)-1].IsConst()
	half, halfKnown := v.Type.Dims[len(v.Type.Dims)-1].IsConst()
	start, step, ok := sliceOfLast(n)
	if !ok || !known || !halfKnown || size != 2*half || step != 2 || start > 1 {
		return nil, 0, false
	}
	return x, int(start), true
}

// rotaryFrom replaces n by a rotary embedding of x. The tables, which tables makes, have the shape of full but for the last axis. Both x and the result of n
// may have an axis of its own for the pairs.
func rotaryFrom(r *run, g *ir.Graph, n *ir.Node, x *ir.Value, tables func() (cos, sin *ir.Value), full ir.Type, interleaved bool) error {
	if !x.Type.Ranked || !full.Ranked || len(full.Dims) > 4 || len(full.Dims) < 2 {
		r.missed("rotary", n, "the shapes of what is turned and of the angles are not known")
		return nil
	}
	d := withoutPairs(x.Type.Dims, interleaved)
	if len(d) != 4 || !n.Out()[0].Type.Ranked || !slices.EqualFunc(withoutPairs(n.Out()[0].Type.Dims, interleaved), d, sym.Expr.Equal) {
		r.missed("rotary", n, "what is turned is not [batch, heads, rows, size]")
		return nil
	}
	table := append([]sym.Expr{}, full.Dims...)
	for len(table) < 4 {
		table = append([]sym.Expr{sym.Const(1)}, table...)
	}
	byRows := isUnit(table[2]) && !isUnit(table[1]) // x is [B, S, H, D]
	rows := 2
	if byRows {
		rows = 1
	}
	heads, headsKnown := d[3-rows].IsConst()
	switch {
	case !fitsRows(table[rows], d[rows]) || !isUnit(table[3-rows]) || !isUnit(table[0]) && !table[0].Equal(d[0]):
		r.missed("rotary", n, "the angles are not one set a row")
		return nil
	case byRows && !headsKnown:
		r.missed("rotary", n, "the number of heads is not known")
		return nil
	}
	if !r.rewrite() {
		return nil
	}
	cos, sin := tables()
	if cos == nil || sin == nil {
		return nil
	}
	half := cos.Type.Dims[len(cos.Type.Dims)-1]
	for _, t := range []**ir.Value{&cos, &sin} {
		if len((*t).Type.Dims) == 2 {
			continue
		}
		y, err := reshapeBefore(g, n, *t, table[0], table[rows], half)
		if err != nil {
			return err
		}
		*t = y
	}
	var err error
	if len(x.Type.Dims) == 5 {
		if x, err = reshapeBefore(g, n, x, d...); err != nil {
			return err
		}
	}
	o := &op.Rotary{Interleaved: interleaved}
	if !byRows && len(n.Out()[0].Type.Dims) == 4 {
		return replaceAndDrop(g, n, o, x, cos, sin)
	}
	if byRows {
		o.Heads = int(heads)
		if x, err = sideBySide(g, n, x); err != nil {
			return err
		}
	}
	y := insert(g, n, o, x, cos, sin)
	if y == nil {
		return nil
	}
	shape := insert(g, n, &ir.Dims{Elem: tensor.Int64, Shape: []int{len(n.Out()[0].Type.Dims)}, Exprs: n.Out()[0].Type.Dims})
	return replaceAndDrop(g, n, &op.Reshape{AllowZero: true}, y, shape)
}

// withoutPairs are dimensions of which the last two are one, if there are five and the last is of pairs that are neighbours.
func withoutPairs(d []sym.Expr, interleaved bool) []sym.Expr {
	if !interleaved || len(d) != 5 || !d[4].Equal(sym.Const(2)) {
		return d
	}
	return append(slices.Clone(d[:3]), d[3].Mul(d[4]))
}

// fitsRows reports whether a table of t rows has a row for each of s rows, or as many of them as it has at all, where only then the model is defined.
func fitsRows(t, s sym.Expr) bool {
	if t.Equal(s) {
		return true
	}
	_, most, _, known := t.Bounds()
	return known && most >= 2 && t.Equal(sym.Min(sym.Const(most), s))
}

// partialRotary makes concat(rotary(x[:d]), x[d:]) a rotary embedding of the first d elements of x, [B, H, S, D] or, where the embedding reads heads
// side by side, [B, S, H, D].
func partialRotary(r *run, g *ir.Graph, n *ir.Node, o *op.Concat) error {
	if len(n.In()) != 2 || !isLast(o.Axis, n.Out()[0]) || !single(n.Input(0)) {
		return nil
	}
	turned := n.Input(0)
	shaped, _ := nodeOf[*op.Reshape](turned)
	if shaped != nil {
		turned = shaped.Input(0)
	}
	rot, ro := nodeOf[*op.Rotary](turned)
	if rot == nil || !single(turned) || len(n.Input(0).Type.Dims) != 4 {
		return nil
	}
	part := rot.Input(0)
	if shaped != nil {
		flat, _ := nodeOf[*op.Reshape](part)
		if flat == nil || !flat.Input(0).Type.Equal(shaped.Out()[0].Type) {
			return nil
		}
		part = flat.Input(0)
	}
	x, first, ok := lastPart(part)
	y, second, okRest := lastPart(n.Input(1))
	size, known := part.Type.Dims[3].IsConst()
	if !ok || !okRest || x != y || first != 0 || !known || second != size || !n.Out()[0].Type.Equal(x.Type) || !r.rewrite() {
		return nil
	}
	tables, partial := rot.In()[1:], *ro
	if partial.Turned < 0 {
		partial.Turned = int(size)
	}
	if shaped == nil {
		return replaceAndDrop(g, n, &partial, append([]*ir.Value{x}, tables...)...)
	}
	flat, err := sideBySide(g, n, x)
	if err != nil {
		return err
	}
	whole := insert(g, n, &partial, append([]*ir.Value{flat}, tables...)...)
	if whole == nil {
		return nil
	}
	v, err := reshapeBefore(g, n, whole, x.Type.Dims...)
	if err != nil {
		return err
	}
	g.ReplaceUses(n.Out()[0], v)
	removeIfUnused(g, n)
	return nil
}

// lastPart finds x of which v is the part of the last axis from start on.
func lastPart(v *ir.Value) (x *ir.Value, start int64, ok bool) {
	n := defOf(v)
	if n == nil || !n.Input(0).Type.Ranked {
		return nil, 0, false
	}
	switch o := n.Op.(type) {
	case *op.Slice:
		start, step, ok := sliceOfLast(n)
		return n.Input(0), start, ok && step == 1
	case *op.Split:
		if !isLast(o.Axis, n.Input(0)) {
			return nil, 0, false
		}
		for _, w := range n.Out()[:v.Index()] {
			k, ok := w.Type.Dims[len(w.Type.Dims)-1].IsConst()
			if !ok {
				return nil, 0, false
			}
			start += k
		}
		return n.Input(0), start, true
	}
	return nil, 0, false
}
