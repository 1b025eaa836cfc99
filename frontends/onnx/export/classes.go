package export

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// writePost writes what ai.onnx.ml does to scores with operators of ai.onnx.
func writePost(c *call) error {
	o := c.node.Op.(*op.PostTransform)
	y, err := c.post(o.Fn, c.in(0), c.typ(0).Elem)
	if err != nil {
		return err
	}
	c.give(0, y)
	return nil
}

// post transforms the rows of x.
func (s *scope) post(fn op.PostFn, x string, elem tensor.DType) (string, error) {
	last := s.integers(-1)
	switch fn {
	case op.PostNone:
		return x, nil
	case op.PostSoftmax:
		return s.emit("Softmax", axis(-1), x), nil
	case op.PostLogistic:
		return s.emit("Sigmoid", nil, x), nil
	case op.PostSoftmaxZero:
		peak := s.emit("ReduceMax", nil, x, last)
		none := s.emit("LessOrEqual", nil, s.emit("Abs", nil, x), s.scalar(1e-7, elem))
		kept := s.emit("Mul", nil, x, s.emit("Exp", nil, s.emit("Neg", nil, peak)))
		e := s.emit("Where", nil, none, kept, s.emit("Exp", nil, s.emit("Sub", nil, x, peak)))
		return s.emit("Div", nil, e, s.emit("ReduceSum", nil, e, last)), nil
	case op.PostProbit:
		return s.cast(s.probit(s.cast(x, tensor.Float64)), elem), nil
	}
	return "", fmt.Errorf("scores are transformed by %s", fn)
}

// probit is √2·sign(x)·√(√(a² − l/0.147) − a) with x = 2v − 1, l = ln(1 − x²) and a = 2/(0.147π) + l/2, in f64.
func (s *scope) probit(v string) string {
	number := func(x float64) string { return s.scalar(x, tensor.Float64) }
	x := s.emit("Sub", nil, s.emit("Mul", nil, v, number(2)), number(1))
	l := s.emit("Log", nil, s.emit("Mul", nil, s.emit("Sub", nil, number(1), x), s.emit("Add", nil, number(1), x)))
	a := s.emit("Add", nil, number(2/(math.Pi*0.147)), s.emit("Mul", nil, l, number(0.5)))
	root := s.emit("Sqrt", nil, s.emit("Sub", nil, s.emit("Mul", nil, a, a), s.emit("Mul", nil, l, number(1/0.147))))
	size := s.emit("Mul", nil, s.emit("Sqrt", nil, s.emit("Sub", nil, root, a)), number(math.Sqrt2))
	return s.emit("Where", nil, s.emit("Less", nil, x, number(0)), s.emit("Neg", nil, size), size)
}

// cast converts x, of whatever type it is.
func (s *scope) cast(x string, to tensor.DType) string {
	return s.emit("Cast", attrs(integer("to", int(to))), x)
}

// writeClasses chooses labels by ArgMax or a threshold, because an operator of ai.onnx.ml does that only together with the model that makes
// the scores.
func writeClasses(c *call) error {
	o := c.node.Op.(*op.ClassScores)
	dims := c.typ(0).Dims
	if len(dims) != 2 {
		return fmt.Errorf("scores %v are no matrix", c.typ(0))
	}
	cols, ok := dims[1].IsConst()
	if !ok || cols < 1 {
		return fmt.Errorf("the number of scores %v is not known", c.typ(0))
	}
	x, elem := c.in(0), c.typ(0).Elem
	labels := o.Labels
	var best string
	threshold, decided := 0.0, o.Rule == op.ClassTreePositive || o.Rule == op.ClassTreeMixed || cols == 1 && o.Rule == op.ClassLinear
	if decided {
		if o.Rule == op.ClassTreePositive {
			threshold = 0.5
		}
		if labels.Len() != 2 { // classes without names
			labels = tensor.Must([]int64{0, 1}, 2)
			if o.Labels.DType() == tensor.String {
				labels = tensor.Must([]string{"0", "1"}, 2)
			}
		}
		score := c.emit("Gather", axis(1), x, c.constant(tensor.Scalar(min(int64(o.Voted), cols-1)), "voted"))
		best = c.cast(c.emit("Greater", nil, score, c.scalar(threshold, elem)), tensor.Int64)
	} else {
		best = c.emit("ArgMax", attrs(integer("axis", 1), flag("keepdims", false)), x)
		if int64(labels.Len()) < cols {
			best = c.emit("Min", nil, best, c.constant(tensor.Scalar(int64(labels.Len()-1)), "last"))
		}
	}
	c.scope.node("Gather", axis(0), []string{c.constant(labels, "labels"), best}, []string{c.out(0)}, c.node.Name)
	if !c.used(1) {
		return nil
	}
	y := c.cast(x, tensor.Float32)
	var err error
	if wide := c.node.Out()[1].Type.Dims; len(wide) == 2 && wide[1].Equal(dims[1]) {
		y, err = c.post(o.Post, y, tensor.Float32)
	} else {
		y, err = c.both(o, y)
	}
	if err != nil {
		return err
	}
	c.give(1, y)
	return nil
}

// both makes the score of the second class those of both.
func (c *call) both(o *op.ClassScores, x string) (string, error) {
	first := ""
	switch {
	case o.Post == op.PostLogistic:
		first, x = c.emit("Sigmoid", nil, c.emit("Neg", nil, x)), c.emit("Sigmoid", nil, x)
	case o.Rule == op.ClassTreeMixed:
		first = c.emit("Neg", nil, x)
	default:
		first = c.emit("Sub", nil, c.scalar(1, tensor.Float32), x)
	}
	y := c.emit("Concat", axis(1), first, x)
	if o.Post == op.PostProbit {
		return c.post(o.Post, y, tensor.Float32)
	}
	return y, nil
}

func init() {
	spell("ClassScores", writeClasses)
	spell("PostTransform", writePost)
}
