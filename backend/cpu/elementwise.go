package cpu

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/loop"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// looped reports whether a node can be part of a loop program: an elementwise function of float32 numbers and bools with a known shape.
func looped(n *ir.Node) bool {
	if len(n.In()) > 3 || len(n.Out()) > 1 || !plain(n) {
		return false
	}
	for _, v := range n.In() {
		if v != nil && v.Type.Elem != tensor.Float32 && v.Type.Elem != tensor.Bool {
			return false
		}
	}
	switch o := n.Op.(type) {
	case *op.Unary:
		if _, ok := unaryFuncs[o.Fn]; ok {
			return true
		}
		return unaryCall(o) != nil || o.Fn == op.Not || o.Fn == op.IsNaN
	case *op.Binary:
		if n.Input(0).Type.Elem == tensor.Bool {
			return o.Fn == op.And || o.Fn == op.Or || o.Fn == op.Xor
		}
		_, arithmetic := binaryOps[o.Fn]
		return arithmetic || o.Fn.Compares() || o.Fn == op.PRelu
	case *op.Where:
		return true
	case *op.Clip:
		return number(n.Input(1)) && number(n.Input(2)) && n.Input(0).Type.Elem == tensor.Float32
	case *op.Cast:
		from := n.Input(0).Type.Elem
		return o.To == tensor.Float32 && from == tensor.Bool || o.To == tensor.Bool && from == tensor.Float32
	}
	return false
}

// number reports whether a value is absent or a constant of one element.
func number(v *ir.Value) bool { return v == nil || v.Const != nil && v.Const.Len() == 1 }

// emit adds the instruction of a node that looped reports true for.
func emit(p *loop.Program, n *ir.Node, in []loop.Value) loop.Value {
	switch o := n.Op.(type) {
	case *op.Unary:
		return emitUnary(p, o, in[0])
	case *op.Binary:
		return emitBinary(p, o.Fn, in[0], in[1])
	case *op.Where:
		return p.Choose(in[0], in[1], in[2])
	case *op.Clip:
		lo, hi := float32(math.Inf(-1)), float32(math.Inf(1))
		if v := n.Input(1); v != nil {
			lo = f32(v.Const)[0]
		}
		if v := n.Input(2); v != nil {
			hi = f32(v.Const)[0]
		}
		return p.Apply(vec.FuncClip, in[0], lo, hi)
	case *op.Cast:
		switch {
		case o.To == tensor.Bool && !p.IsBool(in[0]):
			return p.Compare(loop.NotEqual, in[0], p.Const(0))
		case o.To == tensor.Float32 && p.IsBool(in[0]):
			return p.Number(in[0])
		}
		return in[0]
	}
	panic("BUG: no loop instruction for " + n.String())
}

var unaryFuncs = map[op.UnaryFn]vec.Func{
	op.Abs: vec.FuncAbs, op.Cos: vec.FuncCos, op.Erf: vec.FuncErf, op.Exp: vec.FuncExp, op.Gelu: vec.FuncGelu, op.GeluTanh: vec.FuncGeluTanh,
	op.HardSigmoid: vec.FuncHardSigmoid, op.HardSwish: vec.FuncHardSwish, op.LeakyRelu: vec.FuncLeakyRelu, op.Log: vec.FuncLog, op.Neg: vec.FuncNeg,
	op.Reciprocal: vec.FuncReciprocal, op.Relu: vec.FuncRelu, op.Sigmoid: vec.FuncSigmoid, op.Silu: vec.FuncSilu, op.Sin: vec.FuncSin,
	op.Softplus: vec.FuncSoftplus, op.Sqrt: vec.FuncSqrt, op.Tanh: vec.FuncTanh, op.Ceil: vec.FuncCeil, op.Floor: vec.FuncFloor, op.Round: vec.FuncRound,
	op.Sign: vec.FuncSign,
}

func emitUnary(p *loop.Program, o *op.Unary, x loop.Value) loop.Value {
	switch o.Fn {
	case op.Not:
		return p.Not(x)
	case op.IsNaN:
		return p.Compare(loop.NotEqual, x, x)
	case op.HardSigmoid:
		return p.Apply(vec.FuncHardSigmoid, x, o.Alpha, o.Beta)
	case op.LeakyRelu, op.Silu:
		return p.Apply(unaryFuncs[o.Fn], x, o.Alpha, 0)
	}
	if f, ok := unaryFuncs[o.Fn]; ok {
		return p.Apply(f, x, 0, 0)
	}
	return p.Call(o.OpName(), unaryCall(o), x)
}

// unaryCall is a function that package vec does not have, nil if there is none here either.
func unaryCall(o *op.Unary) func(dst, x []float32) {
	alpha, gamma := float64(o.Alpha), float64(o.Gamma)
	switch o.Fn {
	case op.Acos:
		return inFloat64(math.Acos)
	case op.Acosh:
		return inFloat64(math.Acosh)
	case op.Asin:
		return inFloat64(math.Asin)
	case op.Asinh:
		return inFloat64(math.Asinh)
	case op.Atan:
		return inFloat64(math.Atan)
	case op.Atanh:
		return inFloat64(math.Atanh)
	case op.Cosh:
		return inFloat64(math.Cosh)
	case op.Elu:
		return inFloat64(func(x float64) float64 {
			if x < 0 {
				return alpha * math.Expm1(x)
			}
			return x
		})
	case op.Mish:
		return inFloat64(func(x float64) float64 { return x * math.Tanh(math.Max(x, 0)+math.Log1p(math.Exp(-math.Abs(x)))) })
	case op.Selu:
		return inFloat64(func(x float64) float64 {
			if x <= 0 {
				return gamma * alpha * math.Expm1(x)
			}
			return gamma * x
		})
	case op.Sinh:
		return inFloat64(math.Sinh)
	case op.Softsign:
		return inFloat64(func(x float64) float64 { return x / (1 + math.Abs(x)) })
	case op.Tan:
		return inFloat64(math.Tan)
	case op.ThresholdedRelu:
		return inFloat64(func(x float64) float64 {
			if x > alpha {
				return x
			}
			return 0
		})
	}
	return nil
}

func inFloat64(f func(float64) float64) func(dst, x []float32) {
	return func(dst, x []float32) {
		for i, v := range x {
			dst[i] = float32(f(float64(v)))
		}
	}
}

var binaryOps = map[op.BinaryFn]vec.Op{
	op.Add: vec.OpAdd, op.Sub: vec.OpSub, op.Mul: vec.OpMul, op.Div: vec.OpDiv, op.Min: vec.OpMin, op.Max: vec.OpMax, op.Pow: vec.OpPow,
}

func emitBinary(p *loop.Program, fn op.BinaryFn, x, y loop.Value) loop.Value {
	switch fn {
	case op.And:
		return p.Logic(loop.And, x, y)
	case op.Or:
		return p.Logic(loop.Or, x, y)
	case op.Xor:
		return p.Logic(loop.Xor, x, y)
	case op.Equal:
		return p.Compare(loop.Equal, x, y)
	case op.Less:
		return p.Compare(loop.Less, x, y)
	case op.LessOrEqual:
		return p.Compare(loop.LessOrEqual, x, y)
	case op.Greater:
		return p.Compare(loop.Less, y, x)
	case op.GreaterOrEqual:
		return p.Compare(loop.LessOrEqual, y, x)
	case op.PRelu:
		return p.Choose(p.Compare(loop.Less, x, p.Const(0)), p.Combine(vec.OpMul, x, y), x)
	case op.Pow:
		if v, ok := p.IsConst(y); ok {
			switch v {
			case 1:
				return x
			case 2:
				return p.Apply(vec.FuncSquare, x, 0, 0)
			case -1:
				return p.Apply(vec.FuncReciprocal, x, 0, 0)
			}
		}
	}
	return p.Combine(binaryOps[fn], x, y)
}
