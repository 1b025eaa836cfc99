package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// ReduceFn names a reduction.
type ReduceFn uint8

// The reductions.
const (
	ReduceSum ReduceFn = iota
	ReduceMean
	ReduceMax
	ReduceMin
	ReduceProd
	ReduceL1
	ReduceL2
	ReduceSumSquare
	ReduceLogSum
	ReduceLogSumExp
	numReduce
)

var reduceNames = [numReduce]string{"ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"}

// Reduce combines the elements along axes. The optional second input lists them; without any, all axes are reduced, or none
// if NoopWithEmptyAxes is set. Reduced axes stay as 1 if KeepDims is set.
type Reduce struct {
	Fn                ReduceFn `gir:"-"`
	KeepDims          bool
	NoopWithEmptyAxes bool
}

// OpName implements [ir.Named].
func (o *Reduce) OpName() string { return reduceNames[o.Fn] }

// Infer implements [ir.Op].
func (o *Reduce) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 2); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if t.Elem == tensor.String || t.Elem.IsComplex() || t.Elem == tensor.Bool && o.Fn != ReduceMax && o.Fn != ReduceMin {
		return nil, fmt.Errorf("does not take elements %v", t.Elem)
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(t)}, nil
	}
	var axes []int64
	if c.Has(1) {
		var known bool
		if axes, known = c.Ints(1); !known {
			if s, ok := c.Type(1).Static(); o.KeepDims && !(ok && len(s) == 1 && s[0] == 0) {
				return []ir.Fact{ir.Of(t.WithDims(c.FreshDims("reduce", len(t.Dims))...))}, nil
			}
			return []ir.Fact{ir.Of(ir.UnrankedType(t.Elem))}, nil
		}
	}
	reduced, err := o.axes(axes, len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims := []sym.Expr{}
	for i, d := range t.Dims {
		switch {
		case !reduced[i]:
			dims = append(dims, d)
		case o.KeepDims:
			dims = append(dims, sym.Const(1))
		}
	}
	f := ir.Of(t.WithDims(dims...))
	if e, ok := c.Exprs(0); ok && len(t.Dims) == 1 && reduced[0] && len(e) > 0 {
		if shape, ok := f.Type.Static(); ok {
			if r, ok := o.symbolic(e); ok {
				f = ir.SymFact(t.Elem, shape, []sym.Expr{r})
			}
		}
	}
	return []ir.Fact{f}, nil
}

func (o *Reduce) symbolic(e []sym.Expr) (sym.Expr, bool) {
	switch o.Fn {
	case ReduceSum:
		return sym.Sum(e...), true
	case ReduceProd:
		return sym.Product(e...), true
	case ReduceMax, ReduceMin:
		r := e[0]
		for _, x := range e[1:] {
			if o.Fn == ReduceMax {
				r = sym.Max(r, x)
			} else {
				r = sym.Min(r, x)
			}
		}
		return r, true
	}
	return sym.Expr{}, false
}

func (o *Reduce) axes(axes []int64, rank int) ([]bool, error) {
	reduced, err := axisSet(axes, rank)
	if err != nil {
		return nil, err
	}
	if len(axes) == 0 && !o.NoopWithEmptyAxes {
		for i := range reduced {
			reduced[i] = true
		}
	}
	return reduced, nil
}

// reducePlan walks a tensor so that all elements that are combined come one after another.
type reducePlan struct {
	outShape             []int
	outer, inner         []int // kept and reduced dimensions
	outerStep, innerStep []int
}

func planReduce(shape []int, reduced []bool, keep bool) reducePlan {
	p := reducePlan{outShape: []int{}}
	strides := rowMajor(shape)
	for i, d := range shape {
		if reduced[i] {
			p.inner, p.innerStep = append(p.inner, d), append(p.innerStep, strides[i])
			if keep {
				p.outShape = append(p.outShape, 1)
			}
			continue
		}
		p.outShape = append(p.outShape, d)
		p.outer, p.outerStep = append(p.outer, d), append(p.outerStep, strides[i])
	}
	return p
}

// Eval implements [ir.Op].
func (o *Reduce) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	var axes []int64
	if c.Has(1) {
		axes = tensor.Int64s(c.Tensor(1))
	}
	reduced, err := o.axes(axes, x.Rank())
	if err != nil {
		return err
	}
	p := planReduce(x.Shape(), reduced, o.KeepDims)
	y := c.New(0, x.DType(), p.outShape...)
	d := x.DType()
	if len(axes) == 0 && o.NoopWithEmptyAxes && (o.Fn == ReduceSum || o.Fn == ReduceMean || o.Fn == ReduceMax || o.Fn == ReduceMin || o.Fn == ReduceProd) {
		y.CopyFrom(x)
		return nil
	}
	if d.IsInteger() || d == tensor.Bool {
		walk(p.outer, func(i int, at []int) { y.SetInt64(i, o.integers(x, p, at[0])) }, p.outerStep)
		return nil
	}
	walk(p.outer, func(i int, at []int) { y.SetFloat64(i, o.floats(x, p, at[0])) }, p.outerStep)
	return nil
}

func (o *Reduce) floats(x *tensor.Tensor, p reducePlan, base int) float64 {
	acc, n := 0.0, 0
	peak := math.Inf(-1)
	switch o.Fn {
	case ReduceProd:
		acc = 1
	case ReduceMax:
		acc = math.Inf(-1)
	case ReduceMin:
		acc = math.Inf(1)
	case ReduceLogSumExp:
		walk(p.inner, func(_ int, at []int) { peak = maxNaN(peak, x.Float64(base+at[0])) }, p.innerStep)
		if math.IsInf(peak, 0) {
			return peak
		}
	}
	walk(p.inner, func(_ int, at []int) {
		n++
		switch v := x.Float64(base + at[0]); o.Fn {
		case ReduceProd:
			acc *= v
		case ReduceMax:
			acc = maxNaN(acc, v)
		case ReduceMin:
			acc = minNaN(acc, v)
		case ReduceL1:
			acc += math.Abs(v)
		case ReduceL2, ReduceSumSquare:
			acc += v * v
		case ReduceLogSumExp:
			acc += math.Exp(v - peak)
		default:
			acc += v
		}
	}, p.innerStep)
	switch o.Fn {
	case ReduceMean:
		return acc / float64(n)
	case ReduceL2:
		return math.Sqrt(acc)
	case ReduceLogSum:
		return math.Log(acc)
	case ReduceLogSumExp:
		return math.Log(acc) + peak
	}
	return acc
}

func (o *Reduce) integers(x *tensor.Tensor, p reducePlan, base int) int64 {
	acc, n, first := int64(0), int64(0), true
	if o.Fn == ReduceProd {
		acc = 1
	}
	if o.Fn == ReduceMax || o.Fn == ReduceMin {
		acc = extreme(x.DType(), o.Fn == ReduceMin)
	}
	cmp := comparer(x, x)
	best := 0
	walk(p.inner, func(_ int, at []int) {
		n++
		v := x.Int64(base + at[0])
		switch o.Fn {
		case ReduceProd:
			acc *= v
		case ReduceMax, ReduceMin:
			r := 0
			if !first {
				r = cmp(base+at[0], best)
			}
			if first || r == 1 && o.Fn == ReduceMax || r == -1 && o.Fn == ReduceMin {
				acc, best, first = v, base+at[0], false
			}
		case ReduceL1:
			acc += max(v, -v)
		case ReduceL2, ReduceSumSquare:
			acc += v * v
		case ReduceLogSumExp:
			acc += int64(math.Exp(float64(v)))
		default:
			acc += v
		}
	}, p.innerStep)
	switch o.Fn {
	case ReduceMean:
		return divInt(acc, n)
	case ReduceL2:
		return int64(math.Sqrt(float64(acc)))
	case ReduceLogSum, ReduceLogSumExp:
		return int64(math.Log(float64(acc)))
	}
	return acc
}

// extreme is the largest or smallest number of an integer type, the neutral element of min and max.
func extreme(d tensor.DType, largest bool) int64 {
	bits := d.Bits()
	switch {
	case d == tensor.Bool:
		bits = 1
	case d.IsSigned():
		if largest {
			return 1<<(bits-1) - 1
		}
		return -1 << (bits - 1)
	}
	if largest {
		return int64(uint64(1)<<bits - 1)
	}
	return 0
}

// Arg is the index of the largest element along an axis, or of the smallest if Min is set, as i64; of equal ones the first, or
// the last if Last is set.
type Arg struct {
	Axis     int
	Min      bool
	Last     bool
	KeepDims bool
}

// Infer implements [ir.Op].
func (o *Arg) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(1, 1); err != nil {
		return nil, err
	}
	t, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	if !t.Ranked {
		return []ir.Fact{ir.Of(ir.UnrankedType(tensor.Int64))}, nil
	}
	axis, err := axisIn(o.Axis, len(t.Dims))
	if err != nil {
		return nil, err
	}
	dims := []sym.Expr{}
	for i, d := range t.Dims {
		switch {
		case i != axis:
			dims = append(dims, d)
		case o.KeepDims:
			dims = append(dims, sym.Const(1))
		}
	}
	return []ir.Fact{ir.Of(ir.TensorType(tensor.Int64, dims...))}, nil
}

// Eval implements [ir.Op].
func (o *Arg) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	axis, err := axisIn(o.Axis, x.Rank())
	if err != nil {
		return err
	}
	if x.Dim(axis) == 0 && x.Len() == 0 {
		reduced := make([]bool, x.Rank())
		reduced[axis] = true
		if n, _ := tensor.NumElements(planReduce(x.Shape(), reduced, o.KeepDims).outShape); n > 0 {
			return fmt.Errorf("axis %d of shape %v has no elements", axis, x.Shape())
		}
	}
	reduced := make([]bool, x.Rank())
	reduced[axis] = true
	p := planReduce(x.Shape(), reduced, o.KeepDims)
	y := tensor.Data[int64](c.New(0, tensor.Int64, p.outShape...))
	cmp := comparer(x, x)
	better := 1
	if o.Min {
		better = -1
	}
	isNaN := func(i int) bool { return cmp(i, i) == 2 }
	walk(p.outer, func(i int, at []int) {
		best := 0
		for k := 1; k < p.inner[0]; k++ {
			a, b := at[0]+k*p.innerStep[0], at[0]+best*p.innerStep[0]
			if r := cmp(a, b); r == better || o.Last && r == 0 || isNaN(a) && !isNaN(b) {
				best = k
			}
		}
		y[i] = int64(best)
	}, p.outerStep)
	return nil
}

func init() {
	for fn := range numReduce {
		ir.RegisterNamed(reduceNames[fn], func() ir.Op { return &Reduce{Fn: fn} })
	}
	ir.Register[Arg]()
}
