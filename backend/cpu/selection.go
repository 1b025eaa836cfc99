package cpu

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/kernel/rows"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func init() {
	lowerBy(func(o *op.TopK, n *ir.Node, _ *Program) kernel {
		if t := n.Input(0).Type; !ranked(n) || t.Elem != tensor.Float32 || len(t.Dims) == 0 {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindTopK(o, in, out) }, 1)
	})
	lowerBy(func(o *op.Trilu, n *ir.Node, _ *Program) kernel {
		if t := n.Input(0).Type; !ranked(n) || len(t.Dims) < 2 {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindTrilu(o, in, out[0]) }, 1)
	})
	lowerBy(func(o *op.Cumulative, n *ir.Node, _ *Program) kernel {
		if t := n.Input(0).Type; o.Product || !ranked(n) || t.Elem != tensor.Float32 || len(t.Dims) == 0 {
			return nil
		}
		return bind(n, func(_ *exec, in, out []*tensor.Tensor) (kernel, error) { return bindCumSum(o, in, out[0]) }, 1)
	})
}

// oneInt is the only element of an integer input.
func oneInt(t *tensor.Tensor) (int64, error) {
	if t.Len() != 1 {
		return 0, fmt.Errorf("want one integer, got %v", t)
	}
	return t.Int64(0), nil
}

func bindTopK(o *op.TopK, in, out []*tensor.Tensor) (kernel, error) {
	shape := slices.Clone(in[0].Shape())
	axis := axisOf(o.Axis, len(shape))
	k, err := oneInt(in[1])
	if err != nil {
		return nil, err
	}
	t := &topK{smallest: o.Smallest, k: int(k)}
	t.outer, t.n, t.inner = around(shape, axis, axis+1)
	if k < 0 || k > int64(t.n) || uint64(t.n) > math.MaxUint32 {
		return nil, fmt.Errorf("cannot take %d elements of an axis of %d", k, t.n)
	}
	shape[axis] = t.k
	for _, y := range out {
		if y != nil && !slices.Equal(y.Shape(), shape) {
			return nil, fmt.Errorf("the results have shape %v, not %v", shape, y.Shape())
		}
	}
	t.scratch.New = func() any { s := make([]uint64, t.n); return &s }
	t.body = t.rows
	return t, nil
}

type topK struct {
	outer, n, inner, k int
	smallest           bool
	values, x          []float32
	places             []int64
	scratch            sync.Pool // of *[]uint64
	body               func(lo, hi int)
}

func (t *topK) run(x *exec, in, out []*tensor.Tensor) error {
	t.values, t.places, t.x = nil, nil, f32(in[0])
	if out[0] != nil {
		t.values = f32(out[0])
	}
	if out[1] != nil {
		t.places = tensor.Data[int64](out[1])
	}
	x.divide(t.outer*t.inner, float64(t.n)*4+float64(t.k)*20, t.body)
	return nil
}

func (t *topK) rows(lo, hi int) {
	s := t.scratch.Get().(*[]uint64)
	rows.TopK(t.values, t.places, t.x, t.n, t.inner, t.k, t.smallest, lo, hi, *s)
	t.scratch.Put(s)
}

func bindTrilu(o *op.Trilu, in []*tensor.Tensor, out *tensor.Tensor) (kernel, error) {
	k := int64(0)
	if len(in) > 1 && in[1] != nil {
		var err error
		if k, err = oneInt(in[1]); err != nil {
			return nil, err
		}
	}
	r, size := out.Rank(), elementSize(out.DType())
	n, m := out.Dim(r-2), out.Dim(r-1)
	t := &trilu{rows: out.Len() / max(1, m), cost: float64(m*size) * 0.05}
	k = max(-int64(n), min(k, int64(m))) // the same for all that lies outside
	t.body = func(lo, hi int) { move.Triangle(t.dst, t.src, size, n, m, k, o.Upper, lo, hi) }
	return t, sameLen(in[0], out)
}

type trilu struct {
	rows     int
	cost     float64
	dst, src []byte
	body     func(lo, hi int)
}

func (t *trilu) run(x *exec, in, out []*tensor.Tensor) error {
	t.dst, t.src = out[0].Bytes(), in[0].Bytes()
	x.divide(t.rows, t.cost+2, t.body)
	return nil
}

func bindCumSum(o *op.Cumulative, in []*tensor.Tensor, out *tensor.Tensor) (kernel, error) {
	a, err := oneInt(in[1])
	if err != nil {
		return nil, err
	}
	if r := int64(out.Rank()); a < -r || a >= r {
		return nil, fmt.Errorf("axis %d is out of range for rank %d", a, r)
	}
	axis := axisOf(int(a), out.Rank())
	k := &cumSum{}
	k.outer, k.n, k.inner = around(out.Shape(), axis, axis+1)
	k.body = func(lo, hi int) {
		row := k.n * k.inner
		rows.CumSum(k.dst[lo*row:hi*row], k.src[lo*row:hi*row], k.n, k.inner, o.Exclusive, o.Reverse)
	}
	return k, sameLen(in[0], out)
}

type cumSum struct {
	outer, n, inner int
	dst, src        []float32
	body            func(lo, hi int)
}

func (k *cumSum) run(x *exec, in, out []*tensor.Tensor) error {
	k.dst, k.src = f32(out[0]), f32(in[0])
	x.divide(k.outer, float64(k.n*k.inner)+2, k.body)
	return nil
}
