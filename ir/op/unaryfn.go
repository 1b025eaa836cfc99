package op

import (
	"math"
	"math/bits"
	"math/cmplx"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// The functions of one argument. ONNX defines them under the same names; parameters stand behind them.
const (
	Abs UnaryFn = iota
	Acos
	Acosh
	Asin
	Asinh
	Atan
	Atanh
	BitwiseNot
	Ceil
	Celu // Alpha
	Cos
	Cosh
	Elu // Alpha
	Erf
	Exp
	Floor
	Gelu     // exact, by erf
	GeluTanh // the tanh approximation
	HardSigmoid
	HardSwish
	IsInf // Alpha ≠ 0: detect negative, Beta ≠ 0: detect positive
	IsNaN
	LeakyRelu // Alpha
	Log
	Mish
	Neg
	Not
	Reciprocal
	Relu
	Round // half to even
	Selu  // Alpha, Gamma
	Shrink
	Sigmoid
	Sign
	Silu // x·sigmoid(Alpha·x), ONNX Swish
	Sin
	Sinh
	Softplus
	Softsign
	Sqrt
	Tan
	Tanh
	ThresholdedRelu // Alpha
	numUnary
)

type unaryFn struct {
	name      string
	float     func(o *Unary, x float64) float64
	integer   func(x int64) int64
	unsigned  func(x uint64) uint64
	boolean   func(x bool) bool
	complex   func(x complex128) complex128
	predicate func(o *Unary, x float64) bool
}

// math1 adapts a function without parameters.
func math1(f func(float64) float64) func(*Unary, float64) float64 {
	return func(_ *Unary, x float64) float64 { return f(x) }
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // zero keeps its sign, NaN stays
}

var unaryFns = [numUnary]unaryFn{
	Abs: {name: "Abs", float: math1(math.Abs), integer: func(x int64) int64 { return max(x, -x) }, unsigned: func(x uint64) uint64 { return x },
		complex: func(x complex128) complex128 { return complex(cmplx.Abs(x), 0) }},
	Acos:       {name: "Acos", float: math1(math.Acos)},
	Acosh:      {name: "Acosh", float: math1(math.Acosh)},
	Asin:       {name: "Asin", float: math1(math.Asin)},
	Asinh:      {name: "Asinh", float: math1(math.Asinh)},
	Atan:       {name: "Atan", float: math1(math.Atan)},
	Atanh:      {name: "Atanh", float: math1(math.Atanh)},
	BitwiseNot: {name: "BitwiseNot", integer: func(x int64) int64 { return ^x }, unsigned: func(x uint64) uint64 { return ^x }},
	Ceil:       {name: "Ceil", float: math1(math.Ceil)},
	Celu: {name: "Celu", float: func(o *Unary, x float64) float64 {
		a := float64(o.Alpha)
		return math.Max(0, x) + math.Min(0, a*math.Expm1(x/a))
	}},
	Cos:  {name: "Cos", float: math1(math.Cos)},
	Cosh: {name: "Cosh", float: math1(math.Cosh)},
	Elu: {name: "Elu", float: func(o *Unary, x float64) float64 {
		if x < 0 {
			return float64(o.Alpha) * math.Expm1(x)
		}
		return x
	}},
	Erf:   {name: "Erf", float: math1(math.Erf)},
	Exp:   {name: "Exp", float: math1(math.Exp)},
	Floor: {name: "Floor", float: math1(math.Floor)},
	Gelu:  {name: "Gelu", float: math1(func(x float64) float64 { return 0.5 * x * (1 + math.Erf(x/math.Sqrt2)) })},
	GeluTanh: {name: "GeluTanh", float: math1(func(x float64) float64 {
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	})},
	HardSigmoid: {name: "HardSigmoid", float: func(o *Unary, x float64) float64 {
		return math.Max(0, math.Min(1, float64(o.Alpha)*x+float64(o.Beta)))
	}},
	HardSwish: {name: "HardSwish", float: math1(func(x float64) float64 { return x * math.Max(0, math.Min(1, x/6+0.5)) })},
	IsInf: {name: "IsInf", predicate: func(o *Unary, x float64) bool {
		return o.Alpha != 0 && math.IsInf(x, -1) || o.Beta != 0 && math.IsInf(x, 1)
	}},
	IsNaN: {name: "IsNaN", predicate: func(_ *Unary, x float64) bool { return math.IsNaN(x) }},
	LeakyRelu: {name: "LeakyRelu", float: func(o *Unary, x float64) float64 {
		if x < 0 {
			return float64(o.Alpha) * x
		}
		return x
	}},
	Log:        {name: "Log", float: math1(math.Log)},
	Mish:       {name: "Mish", float: math1(func(x float64) float64 { return x * math.Tanh(softplus(x)) })},
	Neg:        {name: "Neg", float: math1(func(x float64) float64 { return -x }), integer: func(x int64) int64 { return -x }, unsigned: func(x uint64) uint64 { return -x }, complex: func(x complex128) complex128 { return -x }},
	Not:        {name: "Not", boolean: func(x bool) bool { return !x }},
	Reciprocal: {name: "Reciprocal", float: math1(func(x float64) float64 { return 1 / x })},
	Relu:       {name: "Relu", float: math1(func(x float64) float64 { return math.Max(0, x) }), integer: func(x int64) int64 { return max(0, x) }, unsigned: func(x uint64) uint64 { return x }},
	Round:      {name: "Round", float: math1(math.RoundToEven)},
	Selu: {name: "Selu", float: func(o *Unary, x float64) float64 {
		if x <= 0 {
			return float64(o.Gamma) * float64(o.Alpha) * math.Expm1(x)
		}
		return float64(o.Gamma) * x
	}},
	Shrink:  {name: "Shrink", float: shrink, integer: nil}, // Alpha: bias, Beta: lambd
	Sigmoid: {name: "Sigmoid", float: math1(sigmoid)},
	Sign: {name: "Sign", float: math1(sign), integer: func(x int64) int64 { return int64(sign(float64(x))) }, unsigned: func(x uint64) uint64 {
		return uint64(bits.Len64(x)+63) / 64
	}},
	Silu:     {name: "Silu", float: func(o *Unary, x float64) float64 { return x * sigmoid(float64(o.Alpha)*x) }},
	Sin:      {name: "Sin", float: math1(math.Sin)},
	Sinh:     {name: "Sinh", float: math1(math.Sinh)},
	Softplus: {name: "Softplus", float: math1(softplus)},
	Softsign: {name: "Softsign", float: math1(func(x float64) float64 { return x / (1 + math.Abs(x)) })},
	Sqrt:     {name: "Sqrt", float: math1(math.Sqrt)},
	Tan:      {name: "Tan", float: math1(math.Tan)},
	Tanh:     {name: "Tanh", float: math1(math.Tanh)},
	ThresholdedRelu: {name: "ThresholdedRelu", float: func(o *Unary, x float64) float64 {
		if x > float64(o.Alpha) {
			return x
		}
		return 0
	}},
}

func shrink(o *Unary, x float64) float64 {
	switch lambd, bias := float64(o.Beta), float64(o.Alpha); {
	case x < -lambd:
		return x + bias
	case x > lambd:
		return x - bias
	}
	return 0
}

func (f *unaryFn) accepts(d tensor.DType) bool {
	switch {
	case d == tensor.Invalid:
		return true
	case d == tensor.Bool:
		return f.boolean != nil
	case d.IsFloat():
		return f.float != nil || f.predicate != nil
	case d.IsInteger():
		// Float-only functions of integers (Shrink) go through float64.
		return f.integer != nil || f.unsigned != nil || f.name == "Shrink"
	case d.IsComplex():
		return f.complex != nil
	}
	return false
}

// Eval implements [ir.Op].
func (o *Unary) Eval(c *ir.EvalContext) error {
	x := c.Tensor(0)
	f := &unaryFns[o.Fn]
	d := x.DType()
	if f.predicate != nil {
		y := tensor.Data[bool](c.New(0, tensor.Bool, x.Shape()...))
		for i := range y {
			y[i] = f.predicate(o, x.Float64(i))
		}
		return nil
	}
	y := c.New(0, d, x.Shape()...)
	switch {
	case d == tensor.Float32:
		in, out := tensor.Data[float32](x), tensor.Data[float32](y)
		for i := range in {
			out[i] = float32(f.float(o, float64(in[i])))
		}
	case d == tensor.Bool:
		in, out := tensor.Data[bool](x), tensor.Data[bool](y)
		for i := range in {
			out[i] = f.boolean(in[i])
		}
	case d == tensor.Uint64:
		in, out := tensor.Data[uint64](x), tensor.Data[uint64](y)
		for i := range in {
			out[i] = f.unsigned(in[i])
		}
	case d.IsInteger() && f.integer != nil:
		for i := range x.Len() {
			y.SetInt64(i, f.integer(x.Int64(i)))
		}
	case d.IsComplex():
		for i := range x.Len() {
			y.SetComplex128(i, f.complex(x.Complex128(i)))
		}
	default:
		for i := range x.Len() {
			y.SetFloat64(i, f.float(o, x.Float64(i)))
		}
	}
	return nil
}

func init() {
	for fn := range numUnary {
		ir.RegisterNamed(unaryFns[fn].name, func() ir.Op { return &Unary{Fn: fn} })
	}
}
