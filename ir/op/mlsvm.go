package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// SVMKernel is the kernel of a support vector machine.
type SVMKernel string

// The kernels.
const (
	SVMLinear  SVMKernel = "LINEAR"
	SVMPoly    SVMKernel = "POLY"
	SVMRBF     SVMKernel = "RBF"
	SVMSigmoid SVMKernel = "SIGMOID"
)

func checkKernel(k SVMKernel, params []float32) error {
	if k != SVMLinear && k != SVMPoly && k != SVMRBF && k != SVMSigmoid || len(params) != 0 && len(params) != 3 {
		return fmt.Errorf("kernel %q with %d parameters", string(k), len(params))
	}
	return nil
}

// kernelOf returns the kernel function of a row and a support vector. Params are gamma, the constant term and the degree.
func kernelOf(k SVMKernel, params []float32) func(x []float64, v []float32) float64 {
	var p [3]float64
	for i, v := range params {
		p[i] = float64(v)
	}
	dot := func(x []float64, v []float32) float64 {
		sum := 0.0
		for i := range x {
			sum += x[i] * float64(v[i])
		}
		return sum
	}
	switch k {
	case SVMPoly:
		return func(x []float64, v []float32) float64 { return math.Pow(p[0]*dot(x, v)+p[1], p[2]) }
	case SVMSigmoid:
		return func(x []float64, v []float32) float64 { return math.Tanh(p[0]*dot(x, v) + p[1]) }
	case SVMRBF:
		return func(x []float64, v []float32) float64 {
			sum := 0.0
			for i := range x {
				d := x[i] - float64(v[i])
				sum += d * d
			}
			return math.Exp(-p[0] * sum)
		}
	}
	return dot
}

// SVMRegressor is Σ coefficient·kernel(row, support vector) + Rho for each row of [N, F]: f32 [N, 1]. Without Supports the coefficients are the
// one vector of a linear model. With OneClass the result is 1 where that is positive and −1 elsewhere.
type SVMRegressor struct {
	Kernel       SVMKernel
	Params       []float32
	Coefficients []float32
	Supports     int
	Vectors      []float32 // one after another
	Rho          float32
	OneClass     bool
}

// Infer implements [ir.Op].
func (o *SVMRegressor) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if err := checkKernel(o.Kernel, o.Params); err != nil {
		return nil, err
	}
	if o.Supports < 0 || o.Supports > len(o.Coefficients) {
		return nil, fmt.Errorf("%d coefficients for %d support vectors", len(o.Coefficients), o.Supports)
	}
	rows, err := matrixType(c, 0)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Float32, rows.Dims[0], sym.Const(1)))}, nil
}

// Eval implements [ir.Op].
func (o *SVMRegressor) Eval(c *ir.EvalContext) error {
	rows, cols, read := features(c.Tensor(0))
	kernel, vectors, weights := kernelOf(o.Kernel, o.Params), o.Vectors, o.Coefficients
	supports := o.Supports
	if supports == 0 {
		kernel, vectors, weights, supports = kernelOf(SVMLinear, nil), o.Coefficients, []float32{1}, 1
	}
	if len(vectors) != supports*cols {
		return fmt.Errorf("%d numbers do not make %d vectors of %d features", len(vectors), supports, cols)
	}
	y := tensor.Data[float32](c.New(0, tensor.Float32, rows, 1))
	row := make([]float64, cols)
	for r := range rows {
		read(r, row)
		sum := float64(o.Rho)
		for i := range supports {
			sum += float64(weights[i]) * kernel(row, vectors[i*cols:][:cols])
		}
		switch {
		case !o.OneClass:
			y[r] = float32(sum)
		case sum > 0:
			y[r] = 1
		default:
			y[r] = -1
		}
	}
	return nil
}

// SVMClassifier chooses a class for each row of [N, F] by the votes of one machine for each pair of classes; the results are labels, of the
// type of Labels, and scores, f32. Machine (i, j) adds coefficients times kernels of the support vectors of both classes, which lie class
// after class, PerClass[i] of them, to its Rho; a positive sum is a vote for i. The scores are these sums, one for each pair, or with ProbA and ProbB
// the probabilities of the classes, by pairwise coupling (Wu, Lin, Weng, 2004). Without support vectors, each class has a linear model and the largest
// score wins.
type SVMClassifier struct {
	Labels       *tensor.Tensor
	Kernel       SVMKernel
	Params       []float32
	Coefficients []float32
	Vectors      []float32
	PerClass     []int
	Rho          []float32
	ProbA, ProbB []float32
	Post         PostFn
}

func (o *SVMClassifier) supports() int {
	n := 0
	for _, k := range o.PerClass {
		n += k
	}
	return n
}

func (o *SVMClassifier) check() error {
	if o.Labels == nil || o.Labels.Rank() != 1 || o.Labels.Len() == 0 || o.Labels.Len() > maxSVMClasses {
		return fmt.Errorf("labels must be a vector of up to %d, got %v", maxSVMClasses, o.Labels)
	}
	if err := o.Post.check(); err != nil {
		return err
	}
	if err := checkKernel(o.Kernel, o.Params); err != nil {
		return err
	}
	classes := o.Labels.Len()
	pairs := classes * (classes - 1) / 2
	for _, k := range o.PerClass {
		if k < 0 || k > len(o.Coefficients) {
			return fmt.Errorf("a class with %d support vectors", k)
		}
	}
	n := o.supports()
	if n == 0 {
		if len(o.Rho) < 1 || len(o.Coefficients)%classes != 0 {
			return fmt.Errorf("%d coefficients and %d constants for %d linear models", len(o.Coefficients), len(o.Rho), classes)
		}
		return nil
	}
	if len(o.PerClass) != classes || classes < 2 || len(o.Coefficients) != (classes-1)*n || len(o.Rho) != pairs ||
		len(o.ProbA) != len(o.ProbB) || len(o.ProbA) != 0 && len(o.ProbA) != pairs {
		return fmt.Errorf("%d coefficients, %d constants and %d probabilities do not fit %d classes with %v support vectors", len(o.Coefficients), len(o.Rho),
			len(o.ProbA), classes, o.PerClass)
	}
	return nil
}

const maxSVMClasses = 4096

// columns is the number of scores.
func (o *SVMClassifier) columns() int {
	classes := o.Labels.Len()
	if o.supports() == 0 || len(o.ProbA) > 0 || classes == 2 {
		return max(2, classes)
	}
	return classes * (classes - 1) / 2
}

// Infer implements [ir.Op].
func (o *SVMClassifier) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	rows, err := matrixType(c, 0)
	if err != nil {
		return nil, err
	}
	return []ir.Fact{ir.Of(ir.TensorType(o.Labels.DType(), rows.Dims[0])),
		ir.Of(ir.TensorType(tensor.Float32, rows.Dims[0], sym.Int(o.columns())))}, nil
}

// Eval implements [ir.Op].
func (o *SVMClassifier) Eval(c *ir.EvalContext) error {
	rows, cols, read := features(c.Tensor(0))
	n := o.supports()
	if n > 0 && len(o.Vectors) != n*cols || n == 0 && len(o.Coefficients) != o.Labels.Len()*cols {
		return fmt.Errorf("%d vectors do not fit %d features", n, cols)
	}
	labels := c.New(0, o.Labels.DType(), rows)
	wide := o.columns()
	y := tensor.Data[float32](c.New(1, tensor.Float32, rows, wide))
	row := make([]float64, cols)
	for r := range rows {
		read(r, row)
		best, scores := o.row(row)
		labels.CopyElement(r, o.Labels, best)
		for j := range min(wide, len(scores)) {
			y[r*wide+j] = float32(scores[j])
		}
	}
	return nil
}

// row is the class of one row, and its scores.
func (o *SVMClassifier) row(row []float64) (best int, scores []float64) {
	var votes []float64
	if o.supports() == 0 {
		dot := kernelOf(SVMLinear, nil)
		for i := range o.Labels.Len() {
			scores = append(scores, float64(o.Rho[0])+dot(row, o.Coefficients[i*len(row):][:len(row)]))
		}
		votes = scores
	} else {
		scores, votes = o.pairs(row)
		if len(o.ProbA) > 0 {
			scores = o.probabilities(scores)
		}
	}
	for i, v := range votes {
		if v > votes[best] {
			best = i
		}
	}
	return best, o.finish(scores)
}

// finish gives a single score its counterpart and transforms the scores.
func (o *SVMClassifier) finish(s []float64) []float64 {
	if len(s) == 1 {
		if o.Post == PostLogistic {
			return []float64{logistic(-s[0]), logistic(s[0])}
		}
		s = []float64{-s[0], s[0]}
	}
	o.Post.apply(s)
	return s
}

// pairs is the sum of each machine, and the votes for each class.
func (o *SVMClassifier) pairs(row []float64) (scores, votes []float64) {
	n, classes := o.supports(), o.Labels.Len()
	kernel := kernelOf(o.Kernel, o.Params)
	k := make([]float64, n)
	for i := range k {
		k[i] = kernel(row, o.Vectors[i*len(row):][:len(row)])
	}
	votes = make([]float64, classes)
	part := func(machine, from, count int) float64 {
		sum := 0.0
		for i := from; i < from+count; i++ {
			sum += float64(o.Coefficients[machine*n+i]) * k[i]
		}
		return sum
	}
	fromI := 0
	for i := range classes {
		fromJ := fromI + o.PerClass[i]
		for j := i + 1; j < classes; j++ {
			s := float64(o.Rho[len(scores)]) + part(j-1, fromI, o.PerClass[i]) + part(i, fromJ, o.PerClass[j])
			scores = append(scores, s)
			if s > 0 {
				votes[i]++
			} else {
				votes[j]++
			}
			fromJ += o.PerClass[j]
		}
		fromI += o.PerClass[i]
	}
	return scores, votes
}

// probabilities makes the sums of the machines probabilities of the classes.
func (o *SVMClassifier) probabilities(scores []float64) []float64 {
	k := o.Labels.Len()
	r := make([][]float64, k)
	for i := range r {
		r[i] = make([]float64, k)
	}
	at := 0
	for i := range k {
		for j := i + 1; j < k; j++ {
			p := 1 - logistic(scores[at]*float64(o.ProbA[at])+float64(o.ProbB[at]))
			p = min(max(p, 1e-7), 1-1e-7)
			r[i][j], r[j][i] = p, 1-p
			at++
		}
	}
	return couple(r)
}

// couple finds the probabilities that fit those of each pair, r[i][j] being that of i if it is i or j (Wu, Lin, Weng, 2004, algorithm 2).
func couple(r [][]float64) []float64 {
	k := len(r)
	q, p, qp := make([][]float64, k), make([]float64, k), make([]float64, k)
	for t := range k {
		p[t] = 1 / float64(k)
		q[t] = make([]float64, k)
		for j := range k {
			if j != t {
				q[t][t] += r[j][t] * r[j][t]
				q[t][j] = -r[j][t] * r[t][j]
			}
		}
	}
	for range max(100, k) {
		pqp, worst := 0.0, 0.0
		for t := range k {
			qp[t] = 0
			for j := range k {
				qp[t] += q[t][j] * p[j]
			}
			pqp += p[t] * qp[t]
		}
		for t := range k {
			worst = max(worst, math.Abs(qp[t]-pqp))
		}
		if worst < 0.005/float64(k) {
			break
		}
		for t := range k {
			d := (pqp - qp[t]) / q[t][t]
			p[t] += d
			pqp = (pqp + d*(d*q[t][t]+2*qp[t])) / (1 + d) / (1 + d)
			for j := range k {
				qp[j] = (qp[j] + d*q[t][j]) / (1 + d)
				p[j] /= 1 + d
			}
		}
	}
	return p
}

func init() {
	ir.Register[SVMRegressor]()
	ir.Register[SVMClassifier]()
}
