package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// LayerNorm gives the elements of all axes from Axis on the mean 0 and the variance 1: (x − mean)/√(variance + Epsilon)·scale + bias. The
// variance is the biased one. Inputs are x, scale and bias; the last two are optional and broadcast against x, most often with the shape of
// the normalised axes. Results are y, shaped as x, the means and the factors 1/√(variance + Epsilon), in which the normalised axes have
// length 1 and the elements are of type Stash (0: float32). Source: ONNX LayerNormalization 17.
type LayerNorm struct {
	Axis    int
	Epsilon float32
	Stash   tensor.DType
}

// RMSNorm divides the elements of all axes from Axis on by the root of their mean square: x/√(mean of x² + Epsilon)·scale + bias. Inputs are
// those of [LayerNorm]. Results are y, with the element type of scale, and the factors 1/√(mean of x² + Epsilon) as in LayerNorm. Source: ONNX
// RMSNormalization 23, which has no bias.
type RMSNorm struct {
	Axis    int
	Epsilon float32
	Stash   tensor.DType
}

// Infer implements [ir.Op].
func (o *LayerNorm) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	y, stat, err := inferNorm(c, o.Axis, o.Stash)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(y), ir.Of(stat), ir.Of(stat)}, nil
}

// Infer implements [ir.Op].
func (o *RMSNorm) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	y, stat, err := inferNorm(c, o.Axis, o.Stash)
	if err != nil {
		return nil, err
	}
	if c.Has(1) {
		y = y.WithElem(c.Type(1).Elem)
	}
	return []ir.Fact{ir.Of(y), ir.Of(stat)}, nil
}

// inferNorm checks the inputs and gives the types of the normalised tensor and of its statistics.
func inferNorm(c *ir.InferContext, axis int, stash tensor.DType) (y, stat ir.Type, err error) {
	if err := c.Expect(1, 3); err != nil {
		return y, stat, err
	}
	x, err := c.Tensor(0)
	if err != nil {
		return y, stat, err
	}
	if stash == tensor.Invalid {
		stash = tensor.Float32
	}
	if !x.Elem.IsFloat() || !stash.IsFloat() {
		return y, stat, fmt.Errorf("normalises floats, got %v with statistics %v", x.Elem, stash)
	}
	if !x.Ranked {
		return x, ir.UnrankedType(stash), nil
	}
	first, err := axisIn(axis, len(x.Dims))
	if err != nil {
		return y, stat, err
	}
	for i, what := range []string{1: "scale", 2: "bias"} {
		t := c.Type(i)
		if i == 0 || !c.Has(i) || !t.Ranked {
			continue
		}
		if _, _, err := inferBroadcast(x, t); err != nil || len(t.Dims) > len(x.Dims) {
			return y, stat, fmt.Errorf("%s %v does not broadcast to %v", what, t, x)
		}
	}
	dims := append([]sym.Expr{}, x.Dims...)
	for i := first; i < len(dims); i++ {
		dims[i] = sym.Const(1)
	}
	return x, ir.TensorType(stash, dims...), nil
}

// Eval implements [ir.Op].
func (o *LayerNorm) Eval(c *ir.EvalContext) error {
	n, err := evalNorm(c, o.Axis, c.Tensor(0).DType())
	if err != nil {
		return err
	}
	means, factors := n.stat(c, 1, o.Stash), n.stat(c, 2, o.Stash)
	for i := range n.rows {
		mean := 0.0
		for k := range n.cols {
			mean += n.x.Float64(i*n.cols + k)
		}
		mean /= float64(n.cols)
		factors.SetFloat64(i, n.row(i, mean, o.Epsilon))
		means.SetFloat64(i, mean)
	}
	return nil
}

// Eval implements [ir.Op].
func (o *RMSNorm) Eval(c *ir.EvalContext) error {
	elem := c.Tensor(0).DType()
	if c.Has(1) {
		elem = c.Tensor(1).DType()
	}
	n, err := evalNorm(c, o.Axis, elem)
	if err != nil {
		return err
	}
	factors := n.stat(c, 1, o.Stash)
	for i := range n.rows {
		factors.SetFloat64(i, n.row(i, 0, o.Epsilon))
	}
	return nil
}

// normRows sees x as rows of normalised elements.
type normRows struct {
	x, y        *tensor.Tensor
	scale, bias func(i int) float64 // by the element of x
	rows, cols  int
	statistics  []int // their shape
}

func evalNorm(c *ir.EvalContext, axis int, elem tensor.DType) (*normRows, error) {
	x := c.Tensor(0)
	first, err := axisIn(axis, x.Rank())
	if err != nil {
		return nil, err
	}
	n := &normRows{x: x, rows: 1, cols: 1}
	for i, d := range x.Shape() {
		if i < first {
			n.rows *= d
		} else {
			n.cols *= d
			d = 1
		}
		n.statistics = append(n.statistics, d)
	}
	n.scale = broadcastReader(c.Tensor(1), x.Shape(), 1)
	n.bias = broadcastReader(c.Tensor(2), x.Shape(), 0)
	n.y = c.New(0, elem, x.Shape()...)
	return n, nil
}

// stat makes room for one statistic of each row.
func (n *normRows) stat(c *ir.EvalContext, result int, stash tensor.DType) *tensor.Tensor {
	if stash == tensor.Invalid {
		stash = tensor.Float32
	}
	return c.New(result, stash, n.statistics...)
}

// row normalises a row and returns the factor that it took.
func (n *normRows) row(i int, mean float64, epsilon float32) float64 {
	square := 0.0
	for k := range n.cols {
		d := n.x.Float64(i*n.cols+k) - mean
		square += d * d
	}
	factor := 1 / math.Sqrt(square/float64(n.cols)+float64(epsilon))
	for k := range n.cols {
		at := i*n.cols + k
		n.y.SetFloat64(at, (n.x.Float64(at)-mean)*factor*n.scale(at)+n.bias(at))
	}
	return factor
}

// broadcastReader reads t as if it had the given shape; absent, every element is def.
func broadcastReader(t *tensor.Tensor, shape []int, def float64) func(i int) float64 {
	if t == nil {
		return func(int) float64 { return def }
	}
	full := broadcastShapes(shape, t.Shape())
	if !slices.Equal(full, shape) {
		ir.Fail("shape %v does not broadcast to %v", t.Shape(), shape)
	}
	strides := broadcastStrides(t.Shape(), shape)
	return func(i int) float64 {
		at := 0
		for axis := len(shape) - 1; axis >= 0; axis-- {
			at += i % shape[axis] * strides[axis]
			i /= shape[axis]
		}
		return t.Float64(at)
	}
}

func init() {
	ir.Register[LayerNorm]()
	ir.Register[RMSNorm]()
}
