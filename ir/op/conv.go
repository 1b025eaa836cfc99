package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// Conv is the convolution (in truth the cross-correlation) of X `[N, C, spatial…]` with weights W `[M, C/Group, kernel…]`, plus an optional
// bias `[M]` for the channels of the result, `[N, M, positions…]`. Channels are divided into Group groups (0 stands for 1), which do
// not mix.
type Conv struct {
	Window
	Group int
}

func groups(n int) int { return max(1, n) }

// Infer implements [ir.Op].
func (o *Conv) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 3); err != nil {
		return nil, err
	}
	x, w := c.Type(0), c.Type(1)
	if !x.Elem.IsFloat() || x.Elem != w.Elem || c.Has(2) && c.Type(2).Elem != x.Elem {
		return nil, fmt.Errorf("takes floats of one type, got %v, %v, %v", x, w, c.Type(2))
	}
	dims, err := o.infer(x, w, o.Group)
	if err != nil {
		return nil, err
	}
	if dims != nil && c.Has(2) {
		if err := checkVector(c.Type(2), dims[1], "bias"); err != nil {
			return nil, err
		}
	}
	return []ir.Fact{ir.Of(ir.Type{Elem: x.Elem, Ranked: dims != nil, Dims: dims})}, nil
}

// infer returns the dimensions of the convolution of x with w, nil if the rank is not known.
func (w *Window) infer(x, weights ir.Type, group int) ([]sym.Expr, error) {
	if group < 0 {
		return nil, fmt.Errorf("group %d is negative", group)
	}
	if err := spatial(x); err != nil {
		return nil, err
	}
	if !x.Ranked || !weights.Ranked {
		return nil, nil
	}
	if len(x.Dims) != len(weights.Dims) {
		return nil, fmt.Errorf("data %v and weights %v must be of one rank", x, weights)
	}
	g := groups(group)
	if _, err := sameDim(x.Dims[1], weights.Dims[1].Mul(sym.Int(g))); err != nil {
		return nil, fmt.Errorf("channels of data %v and weights %v in %d groups: %w", x, weights, g, err)
	}
	if m, ok := weights.Dims[0].IsConst(); ok && m%int64(g) != 0 {
		return nil, fmt.Errorf("%d channels cannot be divided into %d groups", m, g)
	}
	kernel, err := w.kernelDims(weights.Dims[2:])
	if err != nil {
		return nil, err
	}
	out, err := w.positions(x.Dims[2:], kernel)
	if err != nil {
		return nil, err
	}
	return append([]sym.Expr{x.Dims[0], weights.Dims[0]}, out...), nil
}

// kernelDims is the size of a kernel that weights and perhaps the window state.
func (w *Window) kernelDims(weights []sym.Expr) ([]sym.Expr, error) {
	if w.Kernel == nil {
		return weights, nil
	}
	if len(w.Kernel) != len(weights) {
		return nil, fmt.Errorf("a kernel of %v does not suit %d spatial axes", w.Kernel, len(weights))
	}
	kernel := make([]sym.Expr, len(weights))
	for i, k := range w.Kernel {
		if _, err := sameDim(sym.Int(k), weights[i]); err != nil {
			return nil, fmt.Errorf("a kernel of %v does not suit weights: %w", w.Kernel, err)
		}
		kernel[i] = sym.Int(k)
	}
	return kernel, nil
}

// checkVector makes sure that a type can be a vector of n numbers.
func checkVector(t ir.Type, n sym.Expr, what string) error {
	if !t.Ranked {
		return nil
	}
	if len(t.Dims) != 1 {
		return fmt.Errorf("%s must be a vector, got %v", what, t)
	}
	if _, err := sameDim(t.Dims[0], n); err != nil {
		return fmt.Errorf("%s %v: %w", what, t, err)
	}
	return nil
}

// convolution is a convolution of actual shapes.
type convolution struct {
	batch, group  int
	in, out       int // channels of a group
	size, outSize int // elements of a channel
	axes          []WindowAxis
	shape         []int // of the result
}

// plan checks shapes; weights are [M, C/group, kernel…].
func (w *Window) plan(x, weights []int, group int) convolution {
	n, channels, space := spatialShape(x)
	m, depth, kernel := spatialShape(weights)
	g := groups(group)
	if len(space) != len(kernel) || depth*g != channels || m%g != 0 {
		ir.Fail("data of shape %v and weights of shape %v do not fit together in %d groups", x, weights, g)
	}
	axes, err := w.Over(space, kernel)
	if err != nil {
		ir.Fail("%w", err)
	}
	out := sizes(axes, outSize)
	return convolution{n, g, depth, m / g, volume(space), volume(out), axes, append([]int{n, m}, out...)}
}

// convolve calls put for every element of the result with its channel and the sum of products.
func convolve[T float64 | int64](p convolution, x, w []T, put func(i, channel int, sum T)) {
	kernel := volume(sizes(p.axes, kernelSize))
	windowWalk(p.axes, func(pos int, _ []int, taps []tap) {
		for n := range p.batch {
			for m := range p.group * p.out {
				g := m / p.out
				sum := T(0)
				for c := range p.in {
					xs := x[((n*p.group+g)*p.in+c)*p.size:]
					ws := w[(m*p.in+c)*kernel:]
					for _, t := range taps {
						sum += xs[t.in] * ws[t.kernel]
					}
				}
				put((n*p.group*p.out+m)*p.outSize+pos, m, sum)
			}
		}
	})
}

// Eval implements [ir.Op].
func (o *Conv) Eval(c *ir.EvalContext) error {
	x, w := c.Tensor(0), c.Tensor(1)
	p := o.plan(x.Shape(), w.Shape(), o.Group)
	y := c.New(0, x.DType(), p.shape...)
	bias := biasOf(c.Tensor(2), p.shape[1])
	if y.Len() == 0 {
		return nil
	}
	convolve(p, tensor.Float64s(x), tensor.Float64s(w), func(i, m int, sum float64) { y.SetFloat64(i, sum+bias[m]) })
	return nil
}

// biasOf is a bias of n channels, zeros if there is none.
func biasOf(t *tensor.Tensor, n int) []float64 {
	if t == nil {
		return make([]float64, n)
	}
	if t.Rank() != 1 || t.Len() != n {
		ir.Fail("bias of shape %v must be a vector of %d", t.Shape(), n)
	}
	return tensor.Float64s(t)
}

func init() { ir.Register[Conv]() }
