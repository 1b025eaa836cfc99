package randomgraph

import (
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// step adds a random node or two that any value may fit.
func (m *maker) step() {
	x := m.real()
	rank := len(x.Type.Dims)
	axis := 0
	if rank > 0 {
		axis = m.IntN(2*rank) - rank
	}
	switch m.IntN(29) {
	case 0, 1:
		fns := []op.UnaryFn{op.Tanh, op.Sigmoid, op.Relu, op.Gelu, op.Abs, op.Neg, op.Erf, op.HardSwish, op.Softsign, op.Atan, op.Elu}
		m.add(&op.Unary{Fn: fns[m.IntN(len(fns))], Alpha: 1}, x)
	case 2, 3, 4:
		fns := []op.BinaryFn{op.Add, op.Sub, op.Add, op.Min, op.Max}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, x, m.real())
	case 5:
		m.add(&op.Binary{Fn: op.Mul}, x, m.g.Const(tensor.Scalar(float32(m.Float64()))))
	case 6:
		m.add(&op.Where{}, m.flag(), x, m.real())
	case 7:
		m.add(&op.Clip{}, x, m.g.Const(tensor.Scalar(float32(-1))), m.g.Const(tensor.Scalar(float32(1))))
	case 8:
		fns := []op.BinaryFn{op.Less, op.LessOrEqual, op.Greater, op.GreaterOrEqual, op.Equal}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, m.exactReal(), m.exactReal())
	case 9:
		m.add(&op.Binary{Fn: []op.BinaryFn{op.And, op.Or, op.Xor}[m.IntN(3)]}, m.flag(), m.flag())
		m.add(&op.Unary{Fn: op.Not}, m.flag())
	case 10, 11:
		if k := m.width(x); k > 0 && rank > 1 {
			n := 1 + m.IntN(20)
			m.add(&op.MatMul{}, x, m.weights(k, n))
			m.add(&op.Binary{Fn: op.Add}, m.reals[len(m.reals)-1], m.weights(n))
		}
	case 12:
		m.add(&op.MatMul{TransB: true}, x, m.real())
		m.add(&op.Unary{Fn: op.Tanh}, m.reals[len(m.reals)-1])
	case 13:
		if k := m.width(x); k > 0 && rank == 2 {
			m.add(&op.Gemm{Alpha: 0.5, Beta: float32(m.IntN(2)), TransB: true}, x, m.weights(5, k), m.weights(5))
		}
	case 14, 15:
		m.add(&op.Transpose{Perm: m.Perm(rank)}, x)
	case 16:
		m.add(&op.Slice{}, x, m.list(int64(m.IntN(3)-1)), m.list(int64(m.IntN(8))), m.list(int64(axis)), m.list([]int64{1, 1, 2, -1}[m.IntN(4)]))
	case 17:
		if rank > 0 {
			m.add(&op.Split{Axis: axis, Num: 1 + m.IntN(3)}, x)
		}
	case 18:
		if rank > 0 {
			m.add(&op.Concat{Axis: axis}, x, m.real())
			m.add(&op.Concat{Axis: axis}, x, x)
		}
	case 19:
		m.add(&op.Unsqueeze{}, x, m.list(int64(axis)))
		m.add(&op.Flatten{Axis: axis}, x)
	case 20:
		if rank > 0 {
			m.add(&op.Gather{Axis: axis}, x, m.int())
			m.add(&op.Gather{Axis: axis}, x, m.g.Const(tensor.Scalar(int64(0))))
		}
	case 21, 22:
		if rank > 0 {
			m.add(&op.Softmax{Axis: axis, Log: m.coin(4)}, x)
		}
	case 23:
		fns := []op.ReduceFn{op.ReduceMean, op.ReduceMax, op.ReduceMin, op.ReduceMean}
		m.add(&op.Reduce{Fn: fns[m.IntN(len(fns))], KeepDims: m.coin(2)}, x, m.list(int64(axis)))
	case 24:
		m.add(&op.Expand{}, x, m.list(2, 1, 1, 1))
		m.add(&op.Cast{To: tensor.Float32, Saturate: true}, m.flag())
	case 25:
		a, b := m.count[m.IntN(len(m.count))], m.count[m.IntN(len(m.count))]
		fns := []op.BinaryFn{op.Add, op.Sub, op.Mul, op.Div, op.Mod, op.Min, op.Max, op.Less, op.Equal, op.GreaterOrEqual, op.BitwiseXor}
		m.add(&op.Binary{Fn: fns[m.IntN(len(fns))]}, a, b)
		m.add(&op.Where{}, m.flag(), a, b)
	case 26:
		if rank > 0 {
			pads := make([]int64, 2*rank)
			for i := range pads {
				pads[i] = int64(m.IntN(3))
			}
			m.add(&op.Pad{Mode: "constant"}, x, m.list(pads...))
			m.add(&op.Cumulative{Exclusive: m.coin(2), Reverse: m.coin(2)}, x, m.g.Const(tensor.Scalar(int64(axis))))
		}
	case 27:
		m.add(&op.GatherND{}, x, m.list(0))
		m.add(&op.GatherElements{Axis: axis}, x, m.int())
		m.add(&op.Unsqueeze{}, m.int(), m.list(0))
	default:
		m.add(&op.Cast{To: tensor.Float32, Saturate: true}, m.int())
		m.add(&op.Identity{}, x)
	}
}
