package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Slice takes parts of axes: inputs are data, starts, ends (exclusive), and optionally axes and steps, integer vectors of one
// length. Negative starts and ends count from the end, negative steps go backward; everything is clamped to the axis.
type Slice struct{}

// Infer implements [ir.Op].
func (o *Slice) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(3, 5); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil || !t.Ranked {
		return []ir.Fact{ir.Of(t)}, err
	}
	n := -1
	for i := 1; i < 5; i++ {
		if s, ok := c.Type(i).Static(); ok && c.Has(i) && len(s) == 1 {
			if n >= 0 && n != s[0] {
				return nil, fmt.Errorf("starts, ends, axes and steps differ in length")
			}
			n = s[0]
		}
	}
	axes, err := o.axes(c, n, len(t.Dims))
	if err != nil {
		return nil, err
	}
	if axes == nil {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("slice", len(t.Dims))...))}, nil
	}
	starts, ok1 := c.Exprs(1)
	ends, ok2 := c.Exprs(2)
	steps, ok3 := c.Ints(4)
	if !c.Has(4) {
		steps, ok3 = slices.Repeat([]int64{1}, n), true
	}
	dims := slices.Clone(t.Dims)
	for i, a := range axes {
		dims[a] = c.Fresh("slice")
		if ok1 && ok2 && ok3 {
			if steps[i] == 0 {
				return nil, fmt.Errorf("step %d is 0", i)
			}
			if d, ok := sliceDim(t.Dims[a], starts[i], ends[i], steps[i], longest(t, a)); ok {
				dims[a] = d
			}
		}
	}
	f := ir.Of(t.WithDims(dims...))
	if content, ok := c.Exprs(0); ok && len(dims) == 1 && len(axes) == 1 && ok1 && ok3 {
		first, isConst := starts[0].IsConst()
		if shape, ok := f.Type.Static(); ok && isConst {
			lo := sliceStart(int(first), len(content), int(steps[0]))
			part := make([]sym.Expr, shape[0])
			for i := range part {
				part[i] = content[lo+i*int(steps[0])]
			}
			f = ir.SymFact(t.Elem, shape, part)
		}
	}
	return []ir.Fact{f}, nil
}

// axes returns the sliced axes, nil if they are not known before the program runs.
func (o *Slice) axes(c *ir.InferContext, n, rank int) ([]int, error) {
	if n < 0 {
		return nil, nil
	}
	axes := make([]int, n)
	given, ok := c.Ints(3)
	if c.Has(3) && !ok {
		return nil, nil
	}
	for i := range axes {
		a := i
		if c.Has(3) {
			a = int(given[i])
		}
		var err error
		if axes[i], err = axisIn(a, rank); err != nil {
			return nil, err
		}
	}
	return axes, nil
}

// sliceStart clamps a start as ONNX does.
func sliceStart(start, dim, step int) int {
	if start < 0 {
		start += dim
	}
	if step < 0 {
		return max(-1, min(start, dim-1))
	}
	return max(0, min(start, dim))
}

// sliceEnd clamps an end as ONNX does; going backward, −1 is before the first element.
func sliceEnd(end, dim, step int) int {
	if end < 0 {
		end = max(end+dim, -1)
		if step > 0 {
			return max(0, end)
		}
		return end
	}
	return min(end, dim)
}

func sliceLen(lo, hi, step int) int {
	if step < 0 {
		return max(0, (lo-hi-step-1)/-step)
	}
	return max(0, (hi-lo+step-1)/step)
}

const endless = 1 << 48 // no tensor has more bytes

// longest is a length that axis a of a tensor does not exceed.
func longest(t ir.Type, a int) int64 {
	each := int64(max(1, t.Elem.Bits()/8)) // bytes of an element of the axis
	for i, d := range t.Dims {
		n, ok := d.IsConst()
		switch {
		case i == a:
		case !ok || n == 0: // the tensor may be empty
			return endless
		case each < endless:
			each *= min(n, endless/each+1)
		}
	}
	return max(1, endless/each)
}

// sliceDim is the symbolic length of a slice, if it can be expressed. The axis has dim ≥ 0 elements and no more than limit.
func sliceDim(dim, start, end sym.Expr, step, limit int64) (sym.Expr, bool) {
	zero := sym.Const(0)
	clamp := func(e sym.Expr) (sym.Expr, bool) {
		n, isConst := e.IsConst()
		switch {
		case isConst && n >= limit:
			return dim, true
		case isConst && n == 0:
			return zero, true
		case isConst && n >= 0 || !isConst && e.AtLeast(0):
			return sym.Min(e, dim), true
		case isConst || e.Neg().AtLeast(1):
			return sym.Max(zero, dim.Add(e)), true
		}
		return e, false
	}
	if d, ok := dim.IsConst(); ok {
		s, ok1 := start.IsConst()
		e, ok2 := end.IsConst()
		if ok1 && ok2 {
			clip := func(x int64) int { return int(max(-1<<40, min(1<<40, x))) }
			k := clip(step)
			return sym.Int(sliceLen(sliceStart(clip(s), int(d), k), sliceEnd(clip(e), int(d), k), k)), true
		}
	}
	if step < 0 {
		// The whole axis backward: from the last element to before the first.
		s, ok1 := start.IsConst()
		e, ok2 := end.IsConst()
		if ok1 && ok2 && s == -1 && e < -1<<31 {
			return dim.CeilDiv(-step), true
		}
		return dim, false
	}
	lo, ok1 := clamp(start)
	hi, ok2 := clamp(end)
	if !ok1 || !ok2 {
		return dim, false
	}
	n := hi.Sub(lo).CeilDiv(step)
	if n.Equal(dim) { // all of the axis
		return n, n.Err() == nil
	}
	n = sym.Max(zero, n)
	return n, n.Err() == nil
}

// Eval implements [ir.Op].
func (o *Slice) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	starts, ends := tensor.Int64s(c.Tensor(1)), tensor.Int64s(c.Tensor(2))
	shape, strides := slices.Clone(x.Shape()), rowMajor(x.Shape())
	offset := 0
	if len(ends) != len(starts) {
		return fmt.Errorf("%d starts, %d ends", len(starts), len(ends))
	}
	seen := make([]bool, x.Rank())
	for i := range starts {
		axis, step := i, 1
		if c.Has(3) {
			axis = int(c.Tensor(3).Int64(i))
		}
		if c.Has(4) {
			step = clampInt(c.Tensor(4).Int64(i))
		}
		axis, err := axisIn(axis, x.Rank())
		if err != nil {
			return err
		}
		if step == 0 || seen[axis] {
			return fmt.Errorf("axis %d is sliced twice or with step 0", axis)
		}
		seen[axis] = true
		dim := x.Dim(axis)
		lo, hi := sliceStart(clampInt(starts[i]), dim, step), sliceEnd(clampInt(ends[i]), dim, step)
		shape[axis] = sliceLen(lo, hi, step)
		offset += lo * strides[axis]
		strides[axis] *= step
	}
	if c.Alloc == nil {
		if y := viewWalk(x, offset, shape, strides); y != nil {
			c.Set(0, y)
			return nil
		}
	}
	y := c.New(0, x.DType(), shape...)
	copyWalk(y, x, offset, shape, strides)
	return nil
}

// clampInt keeps the marker values that exporters write for "to the end" from overflowing.
func clampInt(n int64) int { return int(max(-1<<40, min(1<<40, n))) }

// Pad adds elements before and behind axes: inputs are data, pads (begins, then ends), and optionally the constant and the
// axes. Negative pads cut. Mode is "constant", "reflect", "edge" or "wrap".
type Pad struct{ Mode string }

// Infer implements [ir.Op].
func (o *Pad) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 4); err != nil {
		return nil, err
	}
	switch o.Mode {
	case "constant", "reflect", "edge", "wrap":
	default:
		return nil, fmt.Errorf("mode %q is unknown", o.Mode)
	}
	t, err := c.Tensor(0)
	if err != nil || !t.Ranked {
		return []ir.Fact{ir.Of(t)}, err
	}
	pads, known := c.Exprs(1)
	axes, knownAxes := c.Ints(3)
	if !c.Has(3) {
		knownAxes = true
		for i := range t.Dims {
			axes = append(axes, int64(i))
		}
	}
	if !known || !knownAxes {
		return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("pad", len(t.Dims))...))}, nil
	}
	if len(pads) != 2*len(axes) {
		return nil, fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	dims := slices.Clone(t.Dims)
	for i, a := range axes {
		k, err := axisIn(int(a), len(dims))
		if err != nil {
			return nil, err
		}
		dims[k] = dims[k].Add(pads[i]).Add(pads[i+len(axes)])
	}
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Pad) Eval(c *ir.EvalContext) error {
	x, pads := c.Tensor(0), tensor.Int64s(c.Tensor(1))
	rank := x.Rank()
	axes := make([]int64, rank)
	for i := range axes {
		axes[i] = int64(i)
	}
	if c.Has(3) {
		axes = tensor.Int64s(c.Tensor(3))
	}
	if len(pads) != 2*len(axes) {
		return fmt.Errorf("%d pads for %d axes", len(pads), len(axes))
	}
	begin, shape := make([]int, rank), slices.Clone(x.Shape())
	for i, a := range axes {
		k, err := axisIn(int(a), rank)
		if err != nil {
			return err
		}
		begin[k] = clampInt(pads[i])
		shape[k] += begin[k] + clampInt(pads[i+len(axes)])
		if shape[k] < 0 {
			return fmt.Errorf("pads leave %d elements on axis %d", shape[k], k)
		}
	}
	y := c.New(0, x.DType(), shape...)
	if x.Len() == 0 && o.Mode != "constant" {
		return nil
	}
	// source[axis][i] is where position i of the result comes from, −1 for the constant
	source := make([][]int, rank)
	for k := range source {
		source[k] = make([]int, shape[k])
		for i := range source[k] {
			source[k][i] = o.Source(i-begin[k], x.Dim(k))
		}
	}
	value := c.Tensor(2)
	in, index := rowMajor(x.Shape()), make([]int, rank)
	for i := range y.Len() {
		from := 0
		for k, p := range index {
			if s := source[k][p]; s < 0 || from < 0 {
				from = -1
			} else {
				from += s * in[k]
			}
		}
		if from >= 0 {
			y.CopyElement(i, x, from)
		} else if value != nil && value.Len() > 0 {
			y.CopyElement(i, value, 0)
		}
		for k := rank - 1; k >= 0; k-- {
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return nil
}

// Source is the element that stands at position i of an axis of dim > 0 elements, which may lie in front of it or behind it; −1 for the constant.
func (o *Pad) Source(i, dim int) int {
	if i >= 0 && i < dim {
		return i
	}
	switch o.Mode {
	case "edge":
		return max(0, min(dim-1, i))
	case "wrap":
		return ((i % dim) + dim) % dim
	case "reflect":
		if dim == 1 {
			return 0
		}
		period := 2 * (dim - 1)
		i = ((i % period) + period) % period
		return min(i, period-i)
	}
	return -1
}

func init() {
	ir.Register[Slice]()
	ir.Register[Pad]()
}
