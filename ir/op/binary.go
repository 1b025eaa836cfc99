package op

import (
	"fmt"
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// BinaryFn names an elementwise function of two arguments.
type BinaryFn uint8

// The functions of two arguments.
const (
	Add BinaryFn = iota
	And
	BitShiftLeft
	BitShiftRight
	BitwiseAnd
	BitwiseOr
	BitwiseXor
	Div // integers: truncated; by zero gives zero
	Equal
	FMod // remainder with the sign of the dividend (C fmod)
	Greater
	GreaterOrEqual
	Less
	LessOrEqual
	Max // NaN if either is
	Min // NaN if either is
	Mod // remainder with the sign of the divisor (Python %)
	Mul
	Or
	Pow // in the type of the base
	PRelu
	Sub
	Xor
	numBinary
)

// Binary applies a function to the elements of two tensors that broadcast against each other as in NumPy. Both have the same
// element type, except that the exponent of Pow may have another one. Comparisons and logic have bool results.
type Binary struct {
	Fn BinaryFn `gir:"-"`
}

type binaryFn struct {
	name     string
	float    func(a, b float64) float64
	integer  func(a, b int64) int64
	unsigned func(a, b uint64) uint64
	boolean  func(a, b bool) bool
	complex  func(a, b complex128) complex128
	less     func(cmp int) bool // of a comparison: -1, 0, 1, or 2 for unordered
	symbolic func(a, b sym.Expr) (sym.Expr, bool)
}

var binaryFns = [numBinary]binaryFn{
	Add: {name: "Add", float: func(a, b float64) float64 { return a + b }, integer: func(a, b int64) int64 { return a + b },
		unsigned: func(a, b uint64) uint64 { return a + b }, complex: func(a, b complex128) complex128 { return a + b },
		symbolic: func(a, b sym.Expr) (sym.Expr, bool) { return a.Add(b), true }},
	Sub: {name: "Sub", float: func(a, b float64) float64 { return a - b }, integer: func(a, b int64) int64 { return a - b },
		unsigned: func(a, b uint64) uint64 { return a - b }, complex: func(a, b complex128) complex128 { return a - b },
		symbolic: func(a, b sym.Expr) (sym.Expr, bool) { return a.Sub(b), true }},
	Mul: {name: "Mul", float: func(a, b float64) float64 { return a * b }, integer: func(a, b int64) int64 { return a * b },
		unsigned: func(a, b uint64) uint64 { return a * b }, complex: func(a, b complex128) complex128 { return a * b },
		symbolic: func(a, b sym.Expr) (sym.Expr, bool) { return a.Mul(b), true }},
	Div: {name: "Div", float: func(a, b float64) float64 { return a / b }, integer: divInt,
		unsigned: divUint, complex: func(a, b complex128) complex128 { return a / b }, symbolic: divSym},
	Mod: {name: "Mod", float: modFloat, integer: modInt, unsigned: modUint, symbolic: modSym},
	FMod: {name: "FMod", float: math.Mod, integer: func(a, b int64) int64 {
		if b == 0 {
			return 0
		}
		return a % b
	}, unsigned: modUint},
	Pow: {name: "Pow", float: math.Pow, integer: powInt, unsigned: func(a, b uint64) uint64 { return uint64(powInt(int64(a), int64(b))) }},
	Max: {name: "Max", float: maxNaN, integer: func(a, b int64) int64 { return max(a, b) }, unsigned: func(a, b uint64) uint64 { return max(a, b) },
		symbolic: func(a, b sym.Expr) (sym.Expr, bool) { return sym.Max(a, b), true }},
	Min: {name: "Min", float: minNaN, integer: func(a, b int64) int64 { return min(a, b) }, unsigned: func(a, b uint64) uint64 { return min(a, b) },
		symbolic: func(a, b sym.Expr) (sym.Expr, bool) { return sym.Min(a, b), true }},
	PRelu: {name: "PRelu", float: func(a, b float64) float64 {
		if a < 0 {
			return a * b
		}
		return a
	}, integer: func(a, b int64) int64 {
		if a < 0 {
			return a * b
		}
		return a
	}, unsigned: func(a, _ uint64) uint64 { return a }},
	And:        {name: "And", boolean: func(a, b bool) bool { return a && b }},
	Or:         {name: "Or", boolean: func(a, b bool) bool { return a || b }},
	Xor:        {name: "Xor", boolean: func(a, b bool) bool { return a != b }},
	BitwiseAnd: {name: "BitwiseAnd", integer: func(a, b int64) int64 { return a & b }, unsigned: func(a, b uint64) uint64 { return a & b }},
	BitwiseOr:  {name: "BitwiseOr", integer: func(a, b int64) int64 { return a | b }, unsigned: func(a, b uint64) uint64 { return a | b }},
	BitwiseXor: {name: "BitwiseXor", integer: func(a, b int64) int64 { return a ^ b }, unsigned: func(a, b uint64) uint64 { return a ^ b }},
	BitShiftLeft: {name: "BitShiftLeft", integer: func(a, b int64) int64 { return a << (uint64(b) & 127) },
		unsigned: func(a, b uint64) uint64 { return a << b }},
	BitShiftRight: {name: "BitShiftRight", integer: func(a, b int64) int64 { return a >> (uint64(b) & 127) },
		unsigned: func(a, b uint64) uint64 { return a >> b }},
	Equal:          {name: "Equal", less: func(c int) bool { return c == 0 }},
	Less:           {name: "Less", less: func(c int) bool { return c == -1 }},
	LessOrEqual:    {name: "LessOrEqual", less: func(c int) bool { return c == -1 || c == 0 }},
	Greater:        {name: "Greater", less: func(c int) bool { return c == 1 }},
	GreaterOrEqual: {name: "GreaterOrEqual", less: func(c int) bool { return c == 1 || c == 0 }},
}

// OpName implements [ir.Named].
func (o *Binary) OpName() string { return binaryFns[o.Fn].name }

// Compares reports whether the function is a comparison, whose result is bool whatever its arguments are.
func (fn BinaryFn) Compares() bool { return binaryFns[fn].less != nil }

// Commutes reports whether the arguments may change places.
func (fn BinaryFn) Commutes() bool {
	switch fn {
	case Add, Mul, Max, Min, And, Or, Xor, BitwiseAnd, BitwiseOr, BitwiseXor, Equal:
		return true
	}
	return false
}

func (f *binaryFn) accepts(d tensor.DType) bool {
	switch {
	case d == tensor.Invalid:
		return true
	case f.less != nil:
		return !d.IsComplex() || f.name == "Equal"
	case d == tensor.Bool:
		return f.boolean != nil
	case d.IsFloat():
		return f.float != nil
	case d.IsInteger():
		return f.integer != nil
	case d.IsComplex():
		return f.complex != nil
	}
	return false
}

// Infer implements [ir.Op].
func (o *Binary) Infer(c *ir.InferContext) ([]ir.Fact, error) {
	if err := c.Expect(2, 2); err != nil {
		return nil, err
	}
	f := &binaryFns[o.Fn]
	a, err := c.Tensor(0)
	if err != nil {
		return nil, err
	}
	b, err := c.Tensor(1)
	if err != nil {
		return nil, err
	}
	if !f.accepts(a.Elem) {
		return nil, fmt.Errorf("does not take elements %v", a.Elem)
	}
	if a.Elem != b.Elem && o.Fn != Pow && a.Elem != tensor.Invalid && b.Elem != tensor.Invalid {
		return nil, fmt.Errorf("element types differ: %v and %v", a.Elem, b.Elem)
	}
	elem := a.Elem
	if f.less != nil {
		elem = tensor.Bool
	}
	dims, ranked, err := inferBroadcast(a, b)
	if err != nil {
		return nil, err
	}
	t := ir.Type{Elem: elem, Ranked: ranked, Dims: dims}
	shape, static := t.Static()
	if !static || !a.Elem.IsInteger() {
		return []ir.Fact{ir.Of(t)}, nil
	}
	if f.less != nil {
		if known := f.decide(c, shape); known != nil {
			return []ir.Fact{ir.ConstFact(known)}, nil
		}
	} else if f.symbolic != nil {
		if e, ok := f.symbolicContents(c, shape); ok {
			return []ir.Fact{ir.SymFact(elem, shape, e)}, nil
		}
	}
	return []ir.Fact{ir.Of(t)}, nil
}

// symbolicContents computes the contents of the result from those of the inputs, where they are known.
func (f *binaryFn) symbolicContents(c *ir.InferContext, shape []int) ([]sym.Expr, bool) {
	var out []sym.Expr
	ok := pairs(c, shape, func(a, b sym.Expr) bool {
		e, ok := f.symbolic(a, b)
		out = append(out, e)
		return ok && e.Err() == nil
	})
	return out, ok
}

// decide compares contents that are known symbolically; nil unless every comparison comes out the same whatever the dimensions are.
func (f *binaryFn) decide(c *ir.InferContext, shape []int) *tensor.Tensor {
	var out []bool
	ok := pairs(c, shape, func(a, b sym.Expr) bool {
		for _, cmp := range []struct {
			holds bool
			order int
		}{{a.Equal(b), 0}, {sym.LT(a, b), -1}, {sym.LT(b, a), 1}} {
			if cmp.holds {
				out = append(out, f.less(cmp.order))
				return true
			}
		}
		switch at := f.less(0); { // at most, or at least, may decide too
		case at == f.less(-1) && sym.LE(a, b), at == f.less(1) && sym.LE(b, a):
			out = append(out, at)
			return true
		}
		return false
	})
	if !ok {
		return nil
	}
	return tensor.Must(out, shape...)
}

// pairs calls visit for the symbolic elements of both inputs, broadcast to shape, until it returns false; it reports whether it got to
// the end.
func pairs(c *ir.InferContext, shape []int, visit func(a, b sym.Expr) bool) bool {
	x, okx := c.Exprs(0)
	y, oky := c.Exprs(1)
	n, err := tensor.NumElements(shape)
	if !okx || !oky || err != nil || n > ir.MaxSymbolic {
		return false
	}
	sx, _ := c.Type(0).Static()
	sy, _ := c.Type(1).Static()
	ok := true
	walk(shape, func(_ int, at []int) { ok = ok && visit(x[at[0]], y[at[1]]) }, broadcastStrides(sx, shape), broadcastStrides(sy, shape))
	return ok
}

// Eval implements [ir.Op].
func (o *Binary) Eval(c *ir.EvalContext) error {
	f := &binaryFns[o.Fn]
	a, b := c.Tensor(0), c.Tensor(1)
	d := a.DType()
	if o.Fn == Pow && b.DType() != d {
		return f.evalPow(c, a, b)
	}
	shape := broadcastShapes(a.Shape(), b.Shape())
	sa, sb := broadcastStrides(a.Shape(), shape), broadcastStrides(b.Shape(), shape)
	if f.less != nil {
		y := tensor.Data[bool](c.New(0, tensor.Bool, shape...))
		cmp := comparer(a, b)
		walk(shape, func(i int, at []int) { y[i] = f.less(cmp(at[0], at[1])) }, sa, sb)
		return nil
	}
	y := c.New(0, d, shape...)
	switch {
	case d == tensor.Float32:
		x1, x2, out := tensor.Data[float32](a), tensor.Data[float32](b), tensor.Data[float32](y)
		walk(shape, func(i int, at []int) { out[i] = float32(f.float(float64(x1[at[0]]), float64(x2[at[1]]))) }, sa, sb)
	case d == tensor.Bool:
		x1, x2, out := tensor.Data[bool](a), tensor.Data[bool](b), tensor.Data[bool](y)
		walk(shape, func(i int, at []int) { out[i] = f.boolean(x1[at[0]], x2[at[1]]) }, sa, sb)
	case d.IsFloat():
		walk(shape, func(i int, at []int) { y.SetFloat64(i, f.float(a.Float64(at[0]), b.Float64(at[1]))) }, sa, sb)
	case d.IsSigned():
		walk(shape, func(i int, at []int) { y.SetInt64(i, f.integer(a.Int64(at[0]), b.Int64(at[1]))) }, sa, sb)
	case d.IsInteger():
		walk(shape, func(i int, at []int) {
			y.SetInt64(i, int64(f.unsigned(uint64(a.Int64(at[0])), uint64(b.Int64(at[1])))))
		}, sa, sb)
	default:
		walk(shape, func(i int, at []int) { y.SetComplex128(i, f.complex(a.Complex128(at[0]), b.Complex128(at[1]))) }, sa, sb)
	}
	return nil
}

// evalPow has an exponent of another type: it is computed in float64 and converted to the type of the base.
func (f *binaryFn) evalPow(c *ir.EvalContext, a, b *tensor.Tensor) error {
	shape := broadcastShapes(a.Shape(), b.Shape())
	y := c.New(0, a.DType(), shape...)
	integers := a.DType().IsInteger() && b.DType().IsInteger()
	walk(shape, func(i int, at []int) {
		if integers {
			y.SetInt64(i, powInt(a.Int64(at[0]), b.Int64(at[1])))
		} else {
			y.SetFloat64(i, math.Pow(a.Float64(at[0]), b.Float64(at[1])))
		}
	}, broadcastStrides(a.Shape(), shape), broadcastStrides(b.Shape(), shape))
	return nil
}

// comparer returns the three-way comparison of elements of two tensors of one type; 2 means unordered.
func comparer(a, b *tensor.Tensor) func(i, j int) int {
	switch d := a.DType(); {
	case d == tensor.String:
		x, y := a.Strings(), b.Strings()
		return func(i, j int) int { return compare(x[i], y[j]) }
	case d == tensor.Uint64:
		x, y := tensor.Data[uint64](a), tensor.Data[uint64](b)
		return func(i, j int) int { return compare(x[i], y[j]) }
	case d.IsFloat():
		return func(i, j int) int { return compare(a.Float64(i), b.Float64(j)) }
	case d.IsComplex():
		return func(i, j int) int {
			if a.Complex128(i) == b.Complex128(j) {
				return 0
			}
			return 2
		}
	}
	return func(i, j int) int { return compare(a.Int64(i), b.Int64(j)) }
}

func compare[T int64 | uint64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return 2
}

func init() {
	for fn := range numBinary {
		ir.RegisterNamed(binaryFns[fn].name, func() ir.Op { return &Binary{Fn: fn} })
	}
}
