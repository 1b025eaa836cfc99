package op

import (
	"fmt"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// ClassRule is how a class is chosen from scores, and what becomes of the scores of two classes that are given as one.
type ClassRule string

// The rules; they are those of onnxruntime, where the specification says nothing.
const (
	// ClassLargest takes the class of the largest score.
	ClassLargest ClassRule = "largest"
	// ClassLinear is for linear models: a single score above zero stands for the second class.
	ClassLinear ClassRule = "linear"
	// ClassTreePositive is for trees that vote for one class of two, all weights being positive: that score is the probability of the second
	// class.
	ClassTreePositive ClassRule = "positive"
	// ClassTreeMixed is the same for weights of any sign: a score above zero stands for the second class, that of the first is the
	// negative.
	ClassTreeMixed ClassRule = "mixed"
)

// ClassScores chooses a class for each row of scores [N, E]: the results are labels, of the type of Labels, and the scores, f32 [N, E], or [N, 2] where two
// classes have one score, transformed by Post. Under the rules for trees the score of number Voted decides.
type ClassScores struct {
	Labels *tensor.Tensor // i64 or strings, of rank 1
	Rule   ClassRule
	Voted  int
	Post   PostFn
}

func (o *ClassScores) columns(scores int) int {
	if scores == 1 && o.Rule != ClassLargest && o.Labels.Len() == 2 {
		return 2
	}
	return scores
}

// Infer implements [ir.Op].
func (o *ClassScores) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if o.Labels == nil || o.Labels.Rank() != 1 || o.Labels.Len() == 0 || o.Labels.DType() != tensor.Int64 && o.Labels.DType() != tensor.String {
		return nil, fmt.Errorf("labels must be integers or strings, got %v", o.Labels)
	}
	if err := o.Post.check(); err != nil {
		return nil, err
	}
	if o.Voted < 0 {
		return nil, fmt.Errorf("score %d cannot decide", o.Voted)
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if rank, ok := t.Rank(); !ok || rank != 2 {
		return nil, fmt.Errorf("scores must be a matrix, got %v", t)
	}
	n, ok := t.Dims[1].IsConst()
	if !ok {
		return nil, fmt.Errorf("the number of scores must be constant, got %v", t)
	}
	return []ir.Fact{ir.Of(ir.TensorType(o.Labels.DType(), t.Dims[0])),
		ir.Of(ir.TensorType(tensor.Float32, t.Dims[0], sym.Int(o.columns(int(n)))))}, nil
}

// Eval implements [ir.Op].
func (o *ClassScores) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	rows, cols, read := features(x)
	if cols == 0 {
		return fmt.Errorf("there are no scores to choose by")
	}
	wide := o.columns(cols)
	labels, scores := c.New(0, o.Labels.DType(), rows), c.New(1, tensor.Float32, rows, wide)
	s := make([]float64, wide)
	for r := range rows {
		read(r, s[:cols])
		o.label(labels, r, s[:cols])
		o.transform(s, cols)
		for j, v := range s {
			scores.SetFloat64(r*wide+j, v)
		}
	}
	return nil
}

// label stores the label for one row.
func (o *ClassScores) label(labels *tensor.Tensor, r int, s []float64) {
	best := 0
	for j, v := range s {
		if v > s[best] {
			best = j
		}
	}
	if o.Rule == ClassTreePositive || o.Rule == ClassTreeMixed || len(s) == 1 && o.Rule == ClassLinear {
		threshold := 0.0
		if o.Rule == ClassTreePositive {
			threshold = 0.5
		}
		best = boolInt(s[min(o.Voted, len(s)-1)] > threshold)
		if o.Labels.Len() != 2 { // the classes have no names
			if labels.DType() == tensor.String {
				labels.Strings()[r] = [2]string{"0", "1"}[best]
			} else {
				labels.SetInt64(r, int64(best))
			}
			return
		}
	}
	labels.CopyElement(r, o.Labels, min(best, o.Labels.Len()-1))
}

// transform makes one score two where there are two classes, and applies the function.
func (o *ClassScores) transform(s []float64, given int) {
	if len(s) == given {
		o.Post.apply(s)
		return
	}
	switch {
	case o.Post == PostLogistic:
		s[0], s[1] = logistic(-s[0]), logistic(s[0])
	case o.Rule == ClassTreeMixed:
		s[0], s[1] = -s[0], s[0]
	default:
		s[0], s[1] = 1-s[0], s[0]
	}
	if o.Post == PostProbit {
		o.Post.apply(s)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// LinearScores is the linear model x·Wᵀ + b for rows [N, F] or [F]: f32 [N, Targets]. Weights are the rows of W one after another; Intercepts may be
// empty.
type LinearScores struct {
	Targets    int
	Weights    []float32
	Intercepts []float32
}

// Infer implements [ir.Op].
func (o *LinearScores) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if o.Targets < 1 || o.Targets > len(o.Weights) || len(o.Weights)%o.Targets != 0 || len(o.Intercepts) != 0 && len(o.Intercepts) != o.Targets {
		return nil, fmt.Errorf("%d weights and %d intercepts for %d targets", len(o.Weights), len(o.Intercepts), o.Targets)
	}
	rows, err := matrixType(c, 0)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, rows.Dims[0], sym.Int(o.Targets)))}, nil
}

// Eval implements [ir.Op].
func (o *LinearScores) Eval(c *ir.EvalContext) error {
	rows, cols, read := features(c.Tensor(0))
	if cols*o.Targets != len(o.Weights) {
		return fmt.Errorf("%d weights for %d targets and %d features", len(o.Weights), o.Targets, cols)
	}
	y := tensor.Data[float32](c.New(0, tensor.Float32, rows, o.Targets))
	row := make([]float64, cols)
	for r := range rows {
		read(r, row)
		for t := range o.Targets {
			sum := 0.0
			for j, v := range row {
				sum += v * float64(o.Weights[t*cols+j])
			}
			if len(o.Intercepts) > 0 {
				sum += float64(o.Intercepts[t])
			}
			y[r*o.Targets+t] = float32(sum)
		}
	}
	return nil
}

func init() {
	ir.Register[ClassScores]()
	ir.Register[LinearScores]()
}
