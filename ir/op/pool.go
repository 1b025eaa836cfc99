package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// MaxPool is the largest element of X `[N, C, spatial…]` under each position of a window; padding does not count, NaN is larger than any
// number. The second result, if it is used, is where that element is in X, as a row-major offset (of equal ones the first); if
// ColumnMajor is set, offsets of the spatial axes are column-major.
type MaxPool struct {
	Window
	ColumnMajor bool
}

// AveragePool is the mean of the elements of X `[N, C, spatial…]` under each position of a window. Padding does not count unless
// CountPads is set; what a window covers beyond the padding never does.
type AveragePool struct {
	Window
	CountPads bool
}

// LpPool is (Σ |x|^P)^(1/P) over the elements of X `[N, C, spatial…]` under each position of a window.
type LpPool struct {
	Window
	P float32
}

// pooled infers the type of a pooling of input 0.
func (w *Window) pooled(c *ir.InferContext, integers bool) (ir.Type, error) {
	if err := c.Expect(1, 1); err != nil {
		return ir.Type{}, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return t, err
	}
	if !t.Elem.IsFloat() && !(integers && t.Elem.IsInteger()) {
		return t, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if err := spatial(t); err != nil {
		return t, err
	}
	if w.Kernel == nil {
		return t, fmt.Errorf("has no kernel")
	}
	dims := []sym.Expr{c.Fresh("batch"), c.Fresh("channels")}
	in := c.FreshDims("space", len(w.Kernel))
	if t.Ranked {
		if len(t.Dims) != len(w.Kernel)+2 {
			return t, fmt.Errorf("a kernel of %v does not suit %v", w.Kernel, t)
		}
		dims, in = t.Dims[:2:2], t.Dims[2:]
	}
	out, err := w.positions(in, ir.ConstDims(w.Kernel))
	return t.WithDims(append(dims, out...)...), err
}

// pool is what Eval needs of a pooling; y and f may use it for each of channels planes of size elements.
func (w *Window) pool(shape []int) (channels, size int, axes []WindowAxis, out []int) {
	n, c, space := spatialShape(shape)
	axes, err := w.Over(space, nil)
	if err != nil {
		ir.Fail("%w", err)
	}
	return n * c, volume(space), axes, append([]int{n, c}, sizes(axes, outSize)...)
}

// Infer implements [ir.Op].
func (o *MaxPool) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	t, err := o.pooled(c, true)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(t), ir.Of(t.WithElem(tensor.Int64))}, nil
}

// Eval implements [ir.Op].
func (o *MaxPool) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	channels, size, axes, shape := o.pool(x.Shape())
	y := c.New(0, x.DType(), shape...)
	var where []int64
	if c.Wants(1) {
		where = tensor.Data[int64](c.New(1, tensor.Int64, shape...))
	}
	if y.Len() == 0 {
		return nil
	}
	space, count := sizes(axes, inSize), y.Len()/channels
	lowest := math.Inf(-1)
	if x.DType().IsInteger() {
		lowest = float64(extreme(x.DType(), false))
	}
	v := tensor.Float64s(x)
	windowWalk(axes, func(pos int, _ []int, taps []tap) {
		for ch := range channels {
			best, found := -1, lowest
			for _, t := range taps {
				if e := v[ch*size+t.in]; best < 0 || e > found || e != e && found == found {
					best, found = t.in, e
				}
			}
			y.SetFloat64(ch*count+pos, found)
			if where != nil {
				if best >= 0 && o.ColumnMajor {
					best = columnMajor(best, space)
				}
				where[ch*count+pos] = int64(ch*size + best)
			}
		}
	})
	return nil
}

// columnMajor turns a row-major offset around.
func columnMajor(offset int, shape []int) int {
	col := 0
	for i := len(shape) - 1; i >= 0; i-- {
		col = col*shape[i] + offset%shape[i]
		offset /= shape[i]
	}
	return col
}

// Infer implements [ir.Op].
func (o *AveragePool) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	t, err := o.pooled(c, false)
	return []ir.Fact{ir.Of(t)}, err
}

// Eval implements [ir.Op].
func (o *AveragePool) Eval(c *ir.EvalContext) error {
	return o.floats(c, func(v []float64, taps []tap, padded float64) float64 {
		sum, n := 0.0, float64(len(taps))
		for _, t := range taps {
			sum += v[t.in]
		}
		if o.CountPads {
			n = padded
		}
		return sum / n
	})
}

// floats computes each element of the result from a channel of the input; padded is the number of kernel elements that lie in the input
// and its padding.
func (w *Window) floats(c *ir.EvalContext, f func(v []float64, taps []tap, padded float64) float64) error {
	x := c.Tensor(0)
	channels, size, axes, shape := w.pool(x.Shape())
	y := c.New(0, x.DType(), shape...)
	if y.Len() == 0 {
		return nil
	}
	v, count := tensor.Float64s(x), y.Len()/channels
	windowWalk(axes, func(pos int, position []int, taps []tap) {
		padded := 1.0
		for d := range axes {
			padded *= float64(axes[d].Padded(position[d]))
		}
		for ch := range channels {
			y.SetFloat64(ch*count+pos, f(v[ch*size:][:size], taps, padded))
		}
	})
	return nil
}

// Infer implements [ir.Op].
func (o *LpPool) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if !(o.P > 0) {
		return nil, fmt.Errorf("power %v must be positive", o.P)
	}
	t, err := o.pooled(c, false)
	return []ir.Fact{ir.Of(t)}, err
}

// Eval implements [ir.Op].
func (o *LpPool) Eval(c *ir.EvalContext) error {
	p := float64(o.P)
	return o.floats(c, func(v []float64, taps []tap, _ float64) float64 {
		sum := 0.0
		for _, t := range taps {
			sum += math.Pow(math.Abs(v[t.in]), p)
		}
		return math.Pow(sum, 1/p)
	})
}

func init() {
	ir.Register[MaxPool]()
	ir.Register[AveragePool]()
	ir.Register[LpPool]()
}
