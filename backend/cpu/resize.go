package cpu

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/resample"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.Resize, n *ir.Node, _ *Program) kernel {
		if !ranked(n) || o.Coordinates == "tf_crop_and_resize" {
			return nil
		}
		nearest := o.Mode == "" || o.Mode == "nearest"
		if !nearest && n.Input(0).Type.Elem != tensor.Float32 {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindResize(o, nearest, in, out[0]) }, 1, 2, 3)
	})
}

func bindResize(o *op.Resize, nearest bool, in []*tensor.Tensor, out *tensor.Tensor) (kernel, error) {
	in = append(slices.Clone(in), nil, nil, nil)
	p, err := o.Plan(in[0].Shape(), in[1], in[2], in[3])
	if err != nil {
		return nil, err
	}
	if !slices.Equal(p.Shape, out.Shape()) {
		return nil, fmt.Errorf("shape %v is resized to %v, not %v", in[0].Shape(), p.Shape, out.Shape())
	}
	if out.Len() == 0 {
		return kernelFunc(func(*exec, []*tensor.Tensor, []*tensor.Tensor) error { return nil }), nil
	}
	for _, a := range p.Axes {
		if a != nil {
			if err := a.Taps(); err != nil {
				return nil, err
			}
		}
	}
	if nearest {
		tables := make([][]int, len(p.Axes))
		for i, a := range p.Axes {
			if a != nil {
				tables[i] = a.Index
			}
		}
		k := &resizeNearest{plan: resample.NewNearest(p.Shape, in[0].Shape(), tables, elementSize(out.DType()))}
		k.body = func(lo, hi int) { k.plan.Run(k.dst, k.src, lo, hi) }
		return k, nil
	}
	return newResize(in[0].Shape(), p.Axes), nil
}

type resizeNearest struct {
	plan     *resample.Nearest
	dst, src []byte
	body     func(lo, hi int)
}

func (k *resizeNearest) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = out[0].Bytes(), in[0].Bytes()
	x.divide(k.plan.Rows(), float64(k.plan.RowBytes())*0.2+5, k.body)
	return nil
}

// resize resamples one axis after another, in the order that costs least.
type resize struct {
	passes  []resizePass
	scratch int // numbers of one intermediate result
}

type resizePass struct {
	axis         *resample.Axis
	outer, inner int
	dst, src     []float32
	body         func(lo, hi int)
}

func newResize(shape []int, axes []*op.Resampling) *resize {
	k, shape := &resize{}, slices.Clone(shape)
	var order []int
	for i, a := range axes {
		if a != nil {
			order = append(order, i)
		}
	}
	order, _ = cheapest(shape, axes, order)
	k.passes = make([]resizePass, len(order))
	for i, axis := range order {
		a, p := axes[axis], &k.passes[i]
		p.axis = resample.NewAxis(a.In, a.Out, a.N, a.Index, a.Weights)
		p.outer, _, p.inner = around(shape, axis, axis+1)
		shape[axis] = a.Out
		if i < len(order)-1 {
			_, n, _ := around(shape, 0, len(shape))
			k.scratch = max(k.scratch, n)
		}
		p.body = p.rows
		if p.inner == 1 {
			p.body = p.lines
		}
	}
	return k
}

// cheapest orders axes, if there are no more than a few: it returns them and their cost in nanoseconds.
func cheapest(shape []int, axes []*op.Resampling, left []int) ([]int, float64) {
	const few = 4
	if len(left) == 0 || len(left) > few {
		return left, 0
	}
	var best []int
	least := math.Inf(1)
	for i, axis := range left {
		a, to := axes[axis], slices.Clone(shape)
		outer, _, inner := around(shape, axis, axis+1)
		to[axis] = a.Out
		rest, cost := cheapest(to, axes, slices.Delete(slices.Clone(left), i, i+1))
		cost += float64(outer*a.Out) * resizeCost(a.N, inner)
		if cost < least {
			best, least = append([]int{axis}, rest...), cost
		}
	}
	return best, least
}

// resizeCost is what one row of inner elements costs, in nanoseconds.
func resizeCost(n, inner int) float64 {
	if inner == 1 {
		return float64(n) * 0.8
	}
	return float64(inner*n)*0.15 + 5
}

func (p *resizePass) lines(lo, hi int) { p.axis.Lines(p.dst, p.src, lo, hi) }

func (p *resizePass) rows(lo, hi int) { p.axis.Rows(p.dst, p.src, p.inner, lo, hi) }

func (k *resize) run(x *exec, in, out []*tensor.Tensor) error {
	src := f32(in[0])
	if len(k.passes) == 0 {
		copy(f32(out[0]), src)
		return nil
	}
	both := x.floats(2 * k.scratch)
	halves := [2][]float32{both[:k.scratch], both[k.scratch:]}
	for i := range k.passes {
		p := &k.passes[i]
		p.src, p.dst = src, halves[i%2]
		if i == len(k.passes)-1 {
			p.dst = f32(out[0])
		}
		if a := p.axis; p.inner == 1 {
			x.divide(p.outer, float64(a.Out)*resizeCost(a.N, 1)+2, p.body)
		} else {
			x.divide(p.outer*a.Out, resizeCost(a.N, p.inner), p.body)
		}
		src = p.dst
	}
	return nil
}
