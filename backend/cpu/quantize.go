package cpu

import (
	"fmt"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/kernel/quant"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// Nanoseconds an element.
const (
	quantizeCost   = 0.3
	dequantizeCost = 0.2
	extremesCost   = 0.15
)

func init() {
	lowerBy(func(o *op.QuantizeLinear, n *ir.Node, _ *Program) kernel {
		elem := n.Out()[0].Type.Elem
		exact := o.Precision == tensor.Invalid || o.Precision == tensor.Float32
		if !exact || !ranked(n) || !isByte(elem) || n.Input(0).Type.Elem != tensor.Float32 || n.Input(1).Type.Elem != tensor.Float32 {
			return nil
		}
		return binder(func(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
			g, err := newScaleGroups(in[0].Shape(), in[1:], o.Axis, o.BlockSize)
			k := &quantizing{groups: g, signed: elem == tensor.Int8}
			k.body = k.part
			return k, err
		})
	})
	lowerBy(func(o *op.DequantizeLinear, n *ir.Node, _ *Program) kernel {
		if !ranked(n) || n.Out()[0].Type.Elem != tensor.Float32 || n.Input(1).Type.Elem != tensor.Float32 || n.Input(0).Type.Elem.IsFloat() {
			return nil
		}
		return binder(func(_ *exec, in, _ []*tensor.Tensor) (kernel, error) {
			g, err := newScaleGroups(in[0].Shape(), in[1:], o.Axis, o.BlockSize)
			k := &dequantizing{groups: g}
			k.body = k.part
			return k, err
		})
	})
	lowerBy(func(o *op.DynamicQuantizeLinear, n *ir.Node, _ *Program) kernel {
		return binder(func(*exec, []*tensor.Tensor, []*tensor.Tensor) (kernel, error) {
			k := &dynamicQuantizing{}
			k.search, k.body = k.extremes, k.part
			return k, nil
		})
	})
}

func isByte(d tensor.DType) bool { return d == tensor.Uint8 || d == tensor.Int8 }

// scaleGroups says which elements share a scale: runs of as many elements, of which run i has the scale of number at(i).
type scaleGroups struct {
	run, runs  int
	dim, inner int // runs of a slice of the axis, and how the scales of blocks lie
	block      int // 0: one scale for each index of the axis
	blocks     int
	single     bool
	ordered    bool // run i has scale i
}

// newScaleGroups checks the scale, and the zero point behind it, against the shape of what they scale.
func newScaleGroups(shape []int, scales []*tensor.Tensor, axis, block int) (scaleGroups, error) {
	scale := scales[0]
	if len(scales) > 1 && scales[1] != nil {
		if err := sameLen(scale, scales[1]); err != nil {
			return scaleGroups{}, err
		}
	}
	n := 1
	for _, d := range shape {
		n *= d
	}
	if scale.Len() == 1 && block == 0 {
		return scaleGroups{run: n, runs: 1, single: true}, nil
	}
	if axis < -len(shape) || axis >= len(shape) {
		return scaleGroups{}, fmt.Errorf("axis %d is out of range for shape %v", axis, shape)
	}
	axis = axisOf(axis, len(shape))
	_, dim, inner := around(shape, axis, axis+1)
	g := scaleGroups{run: inner, dim: dim, inner: inner, block: block}
	fits := scale.Rank() == 1 && scale.Dim(0) == dim
	if block != 0 {
		fits = block > 0 && scale.Rank() == len(shape)
		for i := range shape {
			want := shape[i]
			if i == axis && block > 0 {
				want = (dim + block - 1) / block
				g.blocks = want
			}
			fits = fits && scale.Dim(i) == want
		}
		g.run = 1
		if g.ordered = inner == 1 && block > 0 && dim%block == 0; g.ordered {
			g.run = block
		}
	}
	if !fits {
		return scaleGroups{}, fmt.Errorf("scale of shape %v, in blocks of %d along axis %d, does not fit shape %v", scale.Shape(), block, axis, shape)
	}
	if g.run > 0 {
		g.runs = n / g.run
	}
	return g, nil
}

func (g *scaleGroups) at(i int) int {
	switch {
	case g.single:
		return 0
	case g.ordered:
		return i
	case g.block == 0:
		return i % g.dim
	}
	return (i/g.inner/g.dim*g.blocks+i/g.inner%g.dim/g.block)*g.inner + i%g.inner
}

// each calls f for the parts of elements [lo, hi) that have one scale, which it numbers.
func (g *scaleGroups) each(lo, hi int, f func(from, to, scale int)) {
	for lo < hi {
		i := lo / g.run
		to := min(hi, (i+1)*g.run)
		f(lo, to, g.at(i))
		lo = to
	}
}

// zeroAt is element i of a zero point, 0 if there is none.
func zeroAt(in []*tensor.Tensor, i int) int64 {
	if len(in) > 2 && in[2] != nil {
		return in[2].Int64(i)
	}
	return 0
}

// quantizing makes float32 numbers bytes.
type quantizing struct {
	groups scaleGroups
	signed bool
	x      *exec
	in     []*tensor.Tensor
	out    []byte
	body   func(lo, hi int)
}

func (k *quantizing) run(x *exec, in, out []*tensor.Tensor) error {
	k.x, k.in, k.out = x, in, out[0].Bytes()
	x.divide(in[0].Len(), quantizeCost, k.body)
	return nil
}

func (k *quantizing) part(lo, hi int) {
	src, scale := f32(k.in[0]), f32(k.in[1])
	k.groups.each(lo, hi, func(from, to, s int) {
		quant.Quantize(k.x.quant.Level(), k.out[from:to], src[from:to], scale[s], int32(zeroAt(k.in, s)), k.signed)
	})
}

// dequantizing makes integers float32 numbers.
type dequantizing struct {
	groups scaleGroups
	x      *exec
	in     []*tensor.Tensor
	out    []float32
	body   func(lo, hi int)
}

func (k *dequantizing) run(x *exec, in, out []*tensor.Tensor) error {
	k.x, k.in, k.out = x, in, f32(out[0])
	x.divide(len(k.out), dequantizeCost, k.body)
	return nil
}

func (k *dequantizing) part(lo, hi int) {
	scale := f32(k.in[1])
	k.groups.each(lo, hi, func(from, to, s int) {
		dst, factor, zero := k.out[from:to], scale[s], zeroAt(k.in, s)
		switch x := k.in[0]; x.DType() {
		case tensor.Uint8, tensor.Int8:
			quant.DequantizeBytes(k.x.quant.Level(), dst, x.Bytes()[from:to], factor, int32(zero), x.DType() == tensor.Int8)
		case tensor.Uint16:
			quant.Dequantize(dst, tensor.Data[uint16](x)[from:to], factor, uint16(zero))
		case tensor.Int16:
			quant.Dequantize(dst, tensor.Data[int16](x)[from:to], factor, int16(zero))
		case tensor.Int32:
			quant.Dequantize(dst, tensor.Data[int32](x)[from:to], factor, int32(zero))
		}
	})
}

// dynamicQuantizing finds the range of float32 numbers and makes them bytes.
type dynamicQuantizing struct {
	x            *exec
	src          []float32
	out          []byte
	scale        float32
	zero         uint8
	mu           sync.Mutex
	lo, hi       float32
	search, body func(lo, hi int)
}

func (k *dynamicQuantizing) run(x *exec, in, out []*tensor.Tensor) error {
	k.x, k.src, k.lo, k.hi = x, f32(in[0]), 0, 0
	x.divide(len(k.src), extremesCost, k.search)
	k.scale, k.zero = op.DynamicScale(k.lo, k.hi)
	if out[1] != nil {
		f32(out[1])[0] = k.scale
	}
	if out[2] != nil {
		out[2].Bytes()[0] = k.zero
	}
	if out[0] != nil {
		k.out = out[0].Bytes()
		x.divide(len(k.src), quantizeCost, k.body)
	}
	return nil
}

func (k *dynamicQuantizing) extremes(lo, hi int) {
	a, b := quant.Extremes(k.x.quant.Level(), k.src[lo:hi])
	k.mu.Lock()
	k.lo, k.hi = min(k.lo, a), max(k.hi, b)
	k.mu.Unlock()
}

func (k *dynamicQuantizing) part(lo, hi int) {
	quant.Quantize(k.x.quant.Level(), k.out[lo:hi], k.src[lo:hi], k.scale, int32(k.zero), false)
}
