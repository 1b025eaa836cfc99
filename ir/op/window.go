package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
)

// The ways in which a Window finds its padding; the zero value takes Pads.
const (
	SameUpper = "SAME_UPPER" // the output has ⌈in/stride⌉ elements; an odd element of padding goes to the end
	SameLower = "SAME_LOWER" // … to the beginning
)

// Window is what slides over the spatial axes, those after batch and channels, in convolution and pooling.
type Window struct {
	Kernel    []int  // elements an axis; a convolution may leave it to its weights
	Strides   []int  // nil: 1
	Dilations []int  // distance of the elements of the kernel; nil: 1
	Pads      []int  // before each axis, then after each; nil: 0
	AutoPad   string // "", SameUpper or SameLower
	Ceil      bool   // round the number of positions up, but begin none in the padding after the input
}

// maxWindow bounds each number of a window, so that positions can be computed without overflow.
const maxWindow = 1 << 30

// check makes sure that the window has the given number of axes and numbers that make sense.
func (w *Window) check(axes int) error {
	for _, f := range []struct {
		name         string
		v            []int
		want, lowest int
	}{{"kernel", w.Kernel, axes, 1}, {"strides", w.Strides, axes, 1}, {"dilations", w.Dilations, axes, 1}, {"pads", w.Pads, 2 * axes, 0}} {
		if f.v != nil && len(f.v) != f.want {
			return fmt.Errorf("%s %v must have %d numbers for %d spatial axes", f.name, f.v, f.want, axes)
		}
		for _, n := range f.v {
			if n < f.lowest || n > maxWindow {
				return fmt.Errorf("%s %v must be from %d to %d", f.name, f.v, f.lowest, maxWindow)
			}
		}
	}
	switch w.AutoPad {
	case "", SameUpper, SameLower:
		return nil
	}
	return fmt.Errorf("automatic padding must be %s or %s, got %q", SameUpper, SameLower, w.AutoPad)
}

func numberOr(v []int, i, def int) int {
	if v == nil {
		return def
	}
	return v[i]
}

// before and after are the explicit padding of an axis.
func (w *Window) before(i int) int { return numberOr(w.Pads, i, 0) }

func (w *Window) after(i int) int {
	if w.Pads == nil {
		return 0
	}
	return w.Pads[len(w.Pads)/2+i]
}

// positions infers the number of positions on each axis.
func (w *Window) positions(in, kernel []sym.Expr) ([]sym.Expr, error) {
	if err := w.check(len(in)); err != nil {
		return nil, err
	}
	out := make([]sym.Expr, len(in))
	for i, n := range in {
		stride := int64(numberOr(w.Strides, i, 1))
		if w.AutoPad != "" {
			out[i] = n.CeilDiv(stride)
			continue
		}
		span := kernel[i].Sub(sym.Const(1)).Mul(sym.Int(numberOr(w.Dilations, i, 1)))
		room := n.Add(sym.Int(w.before(i) + w.after(i) - 1)).Sub(span)
		if w.Ceil {
			out[i] = sym.Min(room.CeilDiv(stride).Add(sym.Const(1)), n.Add(sym.Int(w.before(i))).CeilDiv(stride))
		} else {
			out[i] = room.FloorDiv(stride).Add(sym.Const(1))
		}
		if k, ok := out[i].IsConst(); ok && k < 0 {
			return nil, w.misfit(i, n, kernel[i])
		}
		if err := out[i].Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (w *Window) misfit(i int, in, kernel any) error {
	return fmt.Errorf("a kernel of %v with dilation %d does not fit spatial axis %d of %v and padding %d + %d", kernel, numberOr(w.Dilations, i, 1), i, in, w.before(i), w.after(i))
}

// WindowAxis is a window on one axis of known size. Position o of the window meets, with element k of the kernel, element
// o·Stride − Before + k·Dilation of the input, if there is one.
type WindowAxis struct {
	In, Out, Kernel, Stride, Dilation int
	Before, After                     int // padding, as stated or found
}

// Over applies the window to actual spatial sizes. The kernel is the window's own unless another is given.
func (w *Window) Over(in, kernel []int) ([]WindowAxis, error) {
	return w.AppendOver(nil, in, kernel)
}

// AppendOver is Over that appends to a slice.
func (w *Window) AppendOver(axes []WindowAxis, in, kernel []int) ([]WindowAxis, error) {
	if err := w.check(len(in)); err != nil {
		return nil, err
	}
	if kernel == nil {
		kernel = w.Kernel
	}
	if len(kernel) != len(in) || w.Kernel != nil && !slices.Equal(w.Kernel, kernel) {
		return nil, fmt.Errorf("a kernel of %v does not suit window %v and %d spatial axes", kernel, w.Kernel, len(in))
	}
	for i, n := range in {
		a := WindowAxis{In: n, Kernel: kernel[i], Stride: numberOr(w.Strides, i, 1), Dilation: numberOr(w.Dilations, i, 1), Before: w.before(i), After: w.after(i)}
		if a.Kernel < 1 || a.Kernel > maxWindow {
			return nil, fmt.Errorf("a kernel of %v is empty or too large", kernel)
		}
		span := (a.Kernel-1)*a.Dilation + 1
		room := n + a.Before + a.After - span
		switch {
		case w.AutoPad != "":
			a.Out = (n + a.Stride - 1) / a.Stride
			total := max(0, (a.Out-1)*a.Stride+span-n)
			a.Before, a.After = total/2, total-total/2
			if w.AutoPad == SameLower {
				a.Before, a.After = a.After, a.Before
			}
		case w.Ceil:
			a.Out = min(floorDiv(room+a.Stride-1, a.Stride)+1, floorDiv(n+a.Before+a.Stride-1, a.Stride))
		default:
			a.Out = floorDiv(room, a.Stride) + 1
		}
		if a.Out < 0 {
			return nil, w.misfit(i, n, kernel[i])
		}
		axes = append(axes, a)
	}
	return axes, nil
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Taps is the range [lo, hi) of kernel elements that meet the input at position o.
func (a *WindowAxis) Taps(o int) (lo, hi int) { return a.taps(o, 0, a.In) }

// taps is the range of kernel elements that lie in [first, last) at position o.
func (a *WindowAxis) taps(o, first, last int) (lo, hi int) {
	start := o*a.Stride - a.Before
	lo = max(0, floorDiv(first-start+a.Dilation-1, a.Dilation))
	hi = min(a.Kernel, floorDiv(last-start+a.Dilation-1, a.Dilation))
	return lo, max(lo, hi)
}

// Padded is the number of kernel elements that lie in the input or its padding at position o.
func (a *WindowAxis) Padded(o int) int {
	lo, hi := a.taps(o, -a.Before, a.In+a.After)
	return hi - lo
}

// sizes lists what get says of each axis.
func sizes(axes []WindowAxis, get func(WindowAxis) int) []int {
	v := make([]int, len(axes))
	for i, a := range axes {
		v[i] = get(a)
	}
	return v
}

func inSize(a WindowAxis) int     { return a.In }
func outSize(a WindowAxis) int    { return a.Out }
func kernelSize(a WindowAxis) int { return a.Kernel }

// tap is an element of the kernel and the element of the input that it meets, both as row-major offsets.
type tap struct{ kernel, in int }

// windowWalk calls f for every position in row-major order with the taps that meet the input there, in the order of the kernel.
// The taps are reused from call to call.
func windowWalk(axes []WindowAxis, f func(i int, position []int, taps []tap)) {
	out := sizes(axes, outSize)
	total := 1
	for _, n := range out {
		total *= n
	}
	position := make([]int, len(axes))
	var taps, next []tap
	for i := range total {
		taps = append(taps[:0], tap{})
		for d := range axes {
			a := &axes[d]
			lo, hi := a.Taps(position[d])
			next = next[:0]
			for _, t := range taps {
				for k := lo; k < hi; k++ {
					next = append(next, tap{t.kernel*a.Kernel + k, t.in*a.In + position[d]*a.Stride - a.Before + k*a.Dilation})
				}
			}
			taps, next = next, taps
		}
		f(i, position, taps)
		for d := len(axes) - 1; d >= 0; d-- {
			if position[d]++; position[d] < out[d] {
				break
			}
			position[d] = 0
		}
	}
}

// spatial checks that a ranked tensor has batch and channels before its spatial axes.
func spatial(t ir.Type) error {
	if t.Ranked && len(t.Dims) < 2 {
		return fmt.Errorf("takes [batch, channels, spatial axes…], got %v", t)
	}
	return nil
}

// spatialShape splits an actual shape.
func spatialShape(shape []int) (batch, channels int, rest []int) {
	if len(shape) < 2 {
		ir.Fail("takes [batch, channels, spatial axes…], got shape %v", shape)
	}
	return shape[0], shape[1], shape[2:]
}

// volume is the number of elements of a shape whose tensor exists.
func volume(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
