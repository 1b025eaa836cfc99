package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// PostFn names what the operators of ai.onnx.ml do to the scores of a row at last.
type PostFn string

// The functions of scores.
const (
	PostNone        PostFn = "NONE"
	PostSoftmax     PostFn = "SOFTMAX"
	PostLogistic    PostFn = "LOGISTIC"
	PostSoftmaxZero PostFn = "SOFTMAX_ZERO" // softmax that leaves zeros zero
	PostProbit      PostFn = "PROBIT"
)

func (f PostFn) check() error {
	switch f {
	case PostNone, PostSoftmax, PostLogistic, PostSoftmaxZero, PostProbit:
		return nil
	}
	return fmt.Errorf("scores are transformed by NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT, got %q", string(f))
}

// apply changes the scores of one row.
func (f PostFn) apply(s []float64) {
	switch f {
	case PostLogistic:
		for i, v := range s {
			s[i] = logistic(v)
		}
	case PostProbit:
		for i, v := range s {
			s[i] = probit(v)
		}
	case PostSoftmax, PostSoftmaxZero:
		softmaxRow(s, f == PostSoftmaxZero)
	}
}

func logistic(v float64) float64 {
	p := 1 / (1 + math.Exp(-math.Abs(v)))
	if v < 0 {
		return 1 - p
	}
	return p
}

// softmaxRow is the softmax of a row. If zero is set, what is zero (up to 1e-7) stays as good as zero.
func softmaxRow(s []float64, zero bool) {
	peak := math.Inf(-1)
	for _, v := range s {
		peak = max(peak, v)
	}
	sum := 0.0
	for i, v := range s {
		if zero && math.Abs(v) <= 1e-7 {
			s[i] = v * math.Exp(-peak)
		} else {
			s[i] = math.Exp(v - peak)
		}
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

// probit is the inverse of the normal distribution, by the approximation of the inverse error function that onnxruntime uses (Winitzki,
// 2008).
func probit(v float64) float64 {
	x := 2*v - 1
	sign := math.Copysign(1, x)
	l := math.Log((1 - x) * (1 + x))
	a := 2/(math.Pi*0.147) + 0.5*l
	return math.Sqrt2 * sign * math.Sqrt(math.Sqrt(a*a-l/0.147)-a)
}

// matrixType checks that input i is a tensor of numbers [N, F] or [F] and returns the dimension N.
func matrixType(c *ir.InferContext, i int) (rows ir.Type, err error) {
	t, err := c.Tensor(i)
	if err != nil {
		return t, err
	}
	if t.Elem == tensor.String || t.Elem.IsComplex() {
		return t, fmt.Errorf("takes numbers, got %v", t)
	}
	switch rank, ok := t.Rank(); {
	case !ok:
		return t.WithDims(c.Fresh("rows")), nil
	case rank == 1:
		return ir.StaticType(t.Elem, 1), nil
	case rank == 2:
		return t.WithDims(t.Dims[0]), nil
	}
	return t, fmt.Errorf("takes shapes [N, F] and [F], got %v", t)
}

// features sees a tensor [N, F] or [F] as rows; read copies one.
func features(x *tensor.Tensor) (rows, cols int, read func(row int, dst []float64)) {
	switch x.Rank() {
	case 1:
		rows, cols = 1, x.Dim(0)
	case 2:
		rows, cols = x.Dim(0), x.Dim(1)
	default:
		ir.Fail("takes shapes [N, F] and [F], got %v", x.Shape())
	}
	return rows, cols, func(row int, dst []float64) {
		for j := range dst {
			dst[j] = x.Float64(row*cols + j)
		}
	}
}

// PostTransform applies a function to the rows of scores [N, E].
type PostTransform struct{ Fn PostFn }

// Infer implements [ir.Op].
func (o *PostTransform) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if err := o.Fn.check(); err != nil {
		return nil, err
	}
	_, err := matrixType(c, 0)
	return []ir.Fact{ir.Of(c.Type(0))}, err
}

// Eval implements [ir.Op].
func (o *PostTransform) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	rows, cols, read := features(x)
	y := c.New(0, x.DType(), x.Shape()...)
	s := make([]float64, cols)
	for r := range rows {
		read(r, s)
		o.Fn.apply(s)
		for j, v := range s {
			y.SetFloat64(r*cols+j, v)
		}
	}
	return nil
}

func init() { ir.Register[PostTransform]() }
