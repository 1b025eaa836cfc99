package op

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// DFT is the discrete Fourier transform along an axis. The last axis of the input holds a real number, or real and imaginary part. The optional
// second input is the length N of the transform, up to which the signal is cut or filled with zeros; the optional third is the axis, −2 by default, as an
// integer.
//
// Forwards, OneSided keeps the first N/2+1 results. Inverse divides by N; with OneSided, its input is such a half, its result is real, and N is by
// default 2·(size − 1). Elements f64 are computed with in f64, others in f32.
type DFT struct{ Inverse, OneSided bool }

// real reports whether the result is real.
func (o *DFT) real() bool { return o.Inverse && o.OneSided }

// Infer implements [ir.Op].
func (o *DFT) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 3); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Elem.IsFloat() {
		return nil, fmt.Errorf("takes floats, got %v", t)
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t)}, nil
	}
	if err := checkComplex(t); err != nil {
		return nil, err
	}
	dims := slices.Clone(t.Dims)
	last := len(dims) - 1
	dims[last] = sym.Const(2)
	if o.real() {
		dims[last] = sym.Const(1)
	}
	axis := []int64{-2}
	if c.Has(2) {
		var known bool
		if axis, known = c.Ints(2); !known {
			return []ir.Fact{ir.Of(t.WithDims(append(c.FreshDims("dft", last), dims[last])...))}, nil
		}
	}
	k, err := signalAxis(axis, len(dims))
	if err != nil {
		return nil, err
	}
	n := dims[k]
	if o.real() {
		n = n.Sub(sym.Const(1)).Mul(sym.Const(2))
	}
	if c.Has(1) {
		n = scalarDim(c, 1, "dft")
	}
	if o.OneSided && !o.Inverse {
		n = n.FloorDiv(2).Add(sym.Const(1))
	}
	dims[k] = n
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// scalarDim is a dimension that integer input i, of one element, states.
func scalarDim(c *ir.InferContext, i int, hint string) sym.Expr {
	if e, ok := c.Exprs(i); ok && len(e) == 1 {
		return e[0]
	}
	return c.Fresh(hint)
}

// checkComplex makes sure that the last axis can hold the parts of a number.
func checkComplex(t ir.Type) error {
	if len(t.Dims) < 2 {
		return fmt.Errorf("takes [signal…, 1 or 2], got %v", t)
	}
	if n, ok := t.Dims[len(t.Dims)-1].IsConst(); ok && n != 1 && n != 2 {
		return fmt.Errorf("the last axis must have 1 or 2 elements, got %v", t)
	}
	return nil
}

// signalAxis checks an axis, which cannot be the last.
func signalAxis(axis []int64, rank int) (int, error) {
	if len(axis) != 1 || axis[0] < -int64(rank) || axis[0] >= int64(rank) {
		return 0, fmt.Errorf("axis %v is out of range for rank %d", axis, rank)
	}
	k := int(axis[0])
	if k < 0 {
		k += rank
	}
	if k == rank-1 {
		return 0, fmt.Errorf("axis %d holds the parts of a number, no signal", axis[0])
	}
	return k, nil
}

// oneInt is an integer input of one element.
func oneInt(t *tensor.Tensor, what string) int {
	if t.Len() != 1 {
		ir.Fail("%s must be one number, got shape %v", what, t.Shape())
	}
	n := t.Int64(0)
	if n < 0 || n > maxWindow {
		ir.Fail("%s must be from 0 to %d, got %d", what, maxWindow, n)
	}
	return int(n)
}

// Eval implements [ir.Op].
func (o *DFT) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	if err := checkComplex(ir.TypeOf(x)); err != nil {
		return err
	}
	axis := []int64{-2}
	if c.Has(2) {
		axis = tensor.Int64s(c.Tensor(2))
	}
	k, err := signalAxis(axis, x.Rank())
	if err != nil {
		return err
	}
	outer, size, inner := split3(x.Shape()[:x.Rank()-1], k)
	n := size
	if o.real() {
		n = 2 * (size - 1)
	}
	if c.Has(1) {
		n = oneInt(c.Tensor(1), "the length of the transform")
	}
	if n < 1 {
		return fmt.Errorf("a transform of length %d", n)
	}
	shape := slices.Clone(x.Shape())
	shape[k], shape[len(shape)-1] = n, 2
	switch {
	case o.real():
		shape[len(shape)-1] = 1
	case o.OneSided:
		shape[k] = n/2 + 1
	}
	y := c.New(0, x.DType(), shape...)
	if x.DType() == tensor.Float64 {
		transform[float64](o, x, y, outer, size, inner, n, k)
	} else {
		transform[float32](o, x, y, outer, size, inner, n, k)
	}
	return nil
}

// transform fills y with the transforms of length n of x along axis k, which has size elements, [outer, size, inner, parts].
func transform[F float32 | float64](o *DFT, x, y *tensor.Tensor, outer, size, inner, n, k int) {
	parts, bins, results := x.Dim(x.Rank()-1), y.Dim(k), y.Dim(y.Rank()-1)
	t, signal := newFourier[F](n, o.Inverse), make([]pair[F], n)
	run := t.run
	if parts == 1 {
		run = t.runReal
	}
	for i := range outer * inner {
		at := func(j, size, parts int) int { return ((i/inner*size+j)*inner + i%inner) * parts }
		clear(signal)
		for j := range min(n, size) {
			signal[j] = pairAt[F](x, at(j, size, parts), parts)
		}
		if o.real() {
			for j := range signal {
				switch {
				case 2*j > n:
					signal[j] = pair[F]{signal[n-j].re, -signal[n-j].im}
				case j == 0 || 2*j == n:
					signal[j].im = 0
				}
			}
		}
		run(signal)
		for j, v := range signal[:bins] {
			if o.Inverse {
				v = pair[F]{v.re / F(n), v.im / F(n)}
			}
			p := at(j, bins, results)
			y.SetFloat64(p, float64(v.re))
			if results == 2 {
				y.SetFloat64(p+1, float64(v.im))
			}
		}
	}
}

// pairAt reads a number of one or two parts.
func pairAt[F float32 | float64](x *tensor.Tensor, i, parts int) pair[F] {
	p := pair[F]{re: F(x.Float64(i))}
	if parts == 2 {
		p.im = F(x.Float64(i + 1))
	}
	return p
}

// STFT cuts a signal `[batch, length, 1 or 2]` into frames and transforms each. The second input is the distance of frames; the optional third a window
// `[frame length]` by which frames are multiplied; the optional fourth the frame length, by default the window's, or the signal's. The result is
// `[batch, frames, bins, 2]`; OneSided keeps the first half of the bins and one. Elements f64 are computed with in f64, others in f32.
type STFT struct{ OneSided bool }

// Infer implements [ir.Op].
func (o *STFT) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 4); err != nil {
		return nil, err
	}
	t, w := c.Type(0), c.Type(2)
	if !t.Elem.IsFloat() || c.Has(2) && w.Elem != t.Elem {
		return nil, fmt.Errorf("takes floats of one type, got %v and %v", t, w)
	}
	dims := append(c.FreshDims("stft", 3), sym.Const(2))
	length := c.Fresh("stft")
	if t.Ranked {
		if len(t.Dims) != 3 {
			return nil, fmt.Errorf("takes [batch, length, 1 or 2], got %v", t)
		}
		if err := checkComplex(t); err != nil {
			return nil, err
		}
		dims[0], length = t.Dims[0], t.Dims[1]
	}
	frame, known := length, true
	switch {
	case c.Has(3):
		frame = scalarDim(c, 3, "frame")
	case c.Has(2):
		if known = w.Ranked && len(w.Dims) == 1; known {
			frame = w.Dims[0]
		}
	}
	if known {
		dims[2] = frame
		if o.OneSided {
			dims[2] = frame.FloorDiv(2).Add(sym.Const(1))
		}
		if step, ok := c.Ints(1); ok && len(step) == 1 && step[0] > 0 {
			dims[1] = length.Sub(frame).FloorDiv(step[0]).Add(sym.Const(1))
		}
	}
	return []ir.Fact{ir.Of(t.WithDims(dims...))}, nil
}

// Eval implements [ir.Op].
func (o *STFT) Eval(c *ir.EvalContext) error {
	x, window := c.Tensor(0), c.Tensor(2)
	if x.Rank() != 3 {
		return fmt.Errorf("takes [batch, length, 1 or 2], got shape %v", x.Shape())
	}
	if err := checkComplex(ir.TypeOf(x)); err != nil {
		return err
	}
	batch, length := x.Dim(0), x.Dim(1)
	step, frame := oneInt(c.Tensor(1), "the distance of frames"), length
	if window != nil {
		frame = window.Len()
	}
	if c.Has(3) {
		frame = oneInt(c.Tensor(3), "the frame length")
	}
	if step < 1 || frame < 1 || frame > length || window != nil && (window.Rank() != 1 || window.Len() != frame) {
		return fmt.Errorf("frames of %d, %d apart, do not suit a signal of %d and window %v", frame, step, length, window)
	}
	frames, bins := (length-frame)/step+1, frame
	if o.OneSided {
		bins = frame/2 + 1
	}
	y := c.New(0, x.DType(), batch, frames, bins, 2)
	if x.DType() == tensor.Float64 {
		transformFrames[float64](x, window, y, step, frame)
	} else {
		transformFrames[float32](x, window, y, step, frame)
	}
	return nil
}

// transformFrames fills y, [batch, frames, bins, 2], with the transforms of the frames of x, [batch, length, parts].
func transformFrames[F float32 | float64](x, window, y *tensor.Tensor, step, frame int) {
	length, parts, frames, bins := x.Dim(1), x.Dim(2), y.Dim(1), y.Dim(2)
	t, signal := newFourier[F](frame, false), make([]pair[F], frame)
	run := t.run
	if parts == 1 {
		run = t.runReal
	}
	for i := range x.Dim(0) * frames {
		from := i/frames*length + i%frames*step
		for k := range signal {
			signal[k] = pairAt[F](x, (from+k)*parts, parts)
			if window != nil {
				signal[k] = signal[k].scaled(F(window.Float64(k)))
			}
		}
		run(signal)
		for k, v := range signal[:bins] {
			y.SetFloat64((i*bins+k)*2, float64(v.re))
			y.SetFloat64((i*bins+k)*2+1, float64(v.im))
		}
	}
}

func init() {
	ir.Register[DFT]()
	ir.Register[STFT]()
}
