package passes

import (
	"slices"
	"sort"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// pieces takes parts of a concatenation from what it is made of, and joins parts that lie side by side in one value to a part of it, or to all
// of it.
func pieces(r *run, g *ir.Graph) error {
	at := bounds{}
	for n := range g.Nodes() {
		var err error
		if o, ok := n.Op.(*op.Concat); ok {
			err = at.joinSpans(r, g, n, o)
		} else {
			for _, v := range n.Out() {
				if err == nil && v.Used() {
					err = at.spanOfPiece(r, g, n, v)
				}
			}
			removeIfUnused(g, n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// span is elements [start, end) along an axis of another value.
type span struct {
	of         *ir.Value
	axis       int
	start, end int64
	dropped    bool // the axis, which has one element then, is left out
}

// bounds remembers where the parts of a Split or the operands of a Concat begin and end along its axis, one number more than there are; nil where
// a size is not known.
type bounds map[*ir.Node][]int64

// of gives the bounds of n, whose parts they are.
func (b bounds) of(n *ir.Node, parts []*ir.Value, axis int) []int64 {
	if known, ok := b[n]; ok {
		return known
	}
	b[n] = nil
	at := make([]int64, 1, len(parts)+1)
	for _, v := range parts {
		if !v.Type.Ranked {
			return nil
		}
		size, known := v.Type.Dims[axis].IsConst()
		if !known {
			return nil
		}
		at = append(at, at[len(at)-1]+size)
	}
	b[n] = at
	return at
}

// spanOf sees the result of a Slice, Split or Gather, or of a Reshape that puts an axis back, as a span, where all sizes along the axis are known.
func (b bounds) spanOf(v *ir.Value) (s span, ok bool) {
	n := defOf(v)
	if n == nil || len(n.In()) == 0 || n.Input(0) == nil || !n.Input(0).Type.Ranked {
		return s, false
	}
	s.of = n.Input(0)
	dims := s.of.Type.Dims
	size := func(axis int) (int64, bool) {
		if axis < 0 {
			axis += len(dims)
		}
		if axis < 0 || axis >= len(dims) {
			return 0, false
		}
		s.axis = axis
		return dims[axis].IsConst()
	}
	switch o := n.Op.(type) {
	case *op.Slice:
		axis, start, end, ok := sliceOfAxis(n)
		length, known := size(axis)
		if !ok || !known {
			return s, false
		}
		s.start, s.end = within(start, length), within(end, length)
		return s, s.start <= s.end
	case *op.Split:
		if _, known := size(o.Axis); !known {
			return s, false
		}
		at := b.of(n, n.Out(), s.axis)
		if at == nil {
			return s, false
		}
		s.start, s.end = at[v.Index()], at[v.Index()+1]
		return s, true
	case *op.Gather:
		i, isNumber := integerOf(n.Input(1))
		length, known := size(o.Axis)
		if i < 0 {
			i += length
		}
		s.start, s.end, s.dropped = i, i+1, true
		return s, isNumber && known && i >= 0 && i < length
	case *op.Reshape:
		if s, ok = b.spanOf(n.Input(0)); !ok || !s.dropped {
			return s, false
		}
		kept := slices.Clone(s.of.Type.Dims)
		kept[s.axis], s.dropped = sym.Const(1), false
		return s, v.Type.Equal(v.Type.WithDims(kept...))
	}
	return s, false
}

// within clamps one bound of a slice to an axis as ONNX does.
func within(i, length int64) int64 {
	if i < 0 {
		i += length
	}
	return max(0, min(i, length))
}

// integerOf is the number that a constant scalar holds.
func integerOf(v *ir.Value) (int64, bool) {
	if v.Const == nil || v.Const.Rank() != 0 || !v.Const.DType().IsInteger() {
		return 0, false
	}
	return v.Const.Int64(0), true
}

// sliceOfAxis is the one axis that a Slice cuts, in steps of 1, between constant bounds.
func sliceOfAxis(n *ir.Node) (axis int, start, end int64, ok bool) {
	var k [4]int64
	for i := range k {
		v := n.Input(1 + i)
		if v == nil {
			k[i] = int64(i) - 2 // axis 0, step 1
			continue
		}
		if v.Const == nil || v.Const.Len() != 1 || !v.Const.DType().IsInteger() {
			return 0, 0, 0, false
		}
		k[i] = v.Const.Int64(0)
	}
	return int(k[2]), k[0], k[1], k[3] == 1
}

// spanBefore adds a part of an axis before n.
func spanBefore(g *ir.Graph, n *ir.Node, s span) (*ir.Value, error) {
	var o ir.Op = &op.Slice{}
	in := []*ir.Value{s.of}
	add := func(t *tensor.Tensor) { in = append(in, insert(g, n, &ir.Const{Value: t})) }
	size, ok := s.of.Type.Dims[s.axis].IsConst()
	whole := ok && s.start == 0 && s.end == size
	switch {
	case whole && s.dropped:
		return reshapeBefore(g, n, s.of, slices.Delete(slices.Clone(s.of.Type.Dims), s.axis, s.axis+1)...)
	case whole:
		return s.of, nil
	case s.dropped:
		o = &op.Gather{Axis: s.axis}
		add(tensor.Scalar(s.start))
	default:
		for _, i := range []int64{s.start, s.end, int64(s.axis)} {
			add(tensor.Must([]int64{i}, 1))
		}
	}
	part, err := g.InsertBefore(n, o, in...)
	if err != nil {
		return nil, err
	}
	part.Name = n.Name
	return part.Out()[0], nil
}

// spanOfPiece takes v, a result of n, from the one input of a concatenation that it is part of.
func (b bounds) spanOfPiece(r *run, g *ir.Graph, n *ir.Node, v *ir.Value) error {
	s, ok := b.spanOf(v)
	if !ok {
		return nil
	}
	c, o := nodeOf[*op.Concat](s.of)
	if c == nil || axisIn(o.Axis, s.of) != s.axis {
		return nil
	}
	at := b.of(c, c.In(), s.axis)
	if at == nil || s.end <= s.start {
		return nil
	}
	i := sort.Search(len(c.In()), func(i int) bool { return at[i+1] > s.start }) // the operand that the first element is from
	if i == len(c.In()) || s.end > at[i+1] {
		return nil
	}
	x, whole := c.Input(i), s.end-s.start == at[i+1]-at[i] && !s.dropped
	if whole && x.IsGraphInput() && v.IsOutput() || !r.rewrite() {
		return nil
	}
	w, err := spanBefore(g, n, span{x, s.axis, s.start - at[i], s.end - at[i], s.dropped})
	if err != nil {
		return err
	}
	w.Learn(v.Fact)
	g.ReplaceUses(v, w)
	return nil
}

// axisIn is an axis of v counted from the front.
func axisIn(axis int, v *ir.Value) int {
	if axis < 0 {
		axis += len(v.Type.Dims)
	}
	return axis
}

// joinSpans replaces n if its inputs follow each other in one value.
func (b bounds) joinSpans(r *run, g *ir.Graph, n *ir.Node, o *op.Concat) error {
	y := n.Out()[0]
	if !y.Type.Ranked || len(n.In()) < 2 || !y.Used() {
		return nil
	}
	all, ok := b.spanOf(n.Input(0))
	if !ok || all.dropped || all.axis != axisIn(o.Axis, y) {
		return nil
	}
	for _, v := range n.In()[1:] {
		s, ok := b.spanOf(v)
		if !ok || s.dropped || s.of != all.of || s.axis != all.axis || s.start != all.end {
			return nil
		}
		all.end = s.end
	}
	if whole := sameDims(all.of.Type, y.Type); whole && all.of.IsGraphInput() && y.IsOutput() || !r.rewrite() {
		return nil
	}
	v, err := spanBefore(g, n, all)
	if err != nil {
		return err
	}
	v.Learn(y.Fact)
	g.ReplaceUses(y, v)
	removeIfUnused(g, n)
	return nil
}
