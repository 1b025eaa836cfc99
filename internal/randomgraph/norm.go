package randomgraph

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// epsilon is far above what exporters write: rounding must not be magnified where all elements of a row are nearly the same.
const epsilon = 0.125

// norm is a layer or root mean square normalisation along the last axis.
func (m *maker) norm() *ir.Value {
	x := m.real()
	k := m.width(x)
	if k == 0 {
		return nil
	}
	if m.coin(6) {
		return m.expr(&op.LayerNorm{Axis: -1, Epsilon: epsilon}, x, m.weights(k), m.weights(k))
	}
	d := x
	if m.coin(2) {
		d = m.minus(x, m.mean(x, k))
	}
	y := m.overRoot(d, m.plus(m.mean(m.square(d), k), m.number(epsilon)))
	if m.coin(2) {
		y = m.times(y, m.weights(k))
		if m.coin(2) {
			y = m.plus(y, m.weights(k))
		}
	}
	return y
}

// mean is that of the last axis, which has k elements.
func (m *maker) mean(x *ir.Value, k int) *ir.Value {
	axes := m.list(-1)
	if m.coin(2) {
		axes = m.list(int64(len(x.Type.Dims) - 1))
	}
	if m.coin(4) {
		return m.scaled(m.expr(&op.Reduce{Fn: op.ReduceSum, KeepDims: true}, x, axes), 1/float64(k))
	}
	return m.expr(&op.Reduce{Fn: op.ReduceMean, KeepDims: true}, x, axes)
}

func (m *maker) square(x *ir.Value) *ir.Value {
	if m.coin(2) {
		return m.binary(op.Pow, x, m.number(2))
	}
	return m.times(x, x)
}

// overRoot is x/√v.
func (m *maker) overRoot(x, v *ir.Value) *ir.Value {
	switch m.IntN(4) {
	case 0:
		return m.binary(op.Div, x, m.unary(op.Sqrt, v))
	case 1:
		return m.times(x, m.unary(op.Reciprocal, m.unary(op.Sqrt, v)))
	case 2:
		return m.times(x, m.binary(op.Pow, v, m.number(-0.5)))
	}
	return m.times(x, m.binary(op.Div, m.number(1), m.unary(op.Sqrt, v)))
}

// activation is one of the activation functions that exporters spell out.
func (m *maker) activation() *ir.Value {
	x := m.real()
	switch m.IntN(6) {
	case 0: // Gelu by erf
		e := m.plus(m.unary(op.Erf, m.scaled(x, math.Sqrt(0.5))), m.number(1))
		switch m.IntN(3) {
		case 0:
			return m.scaled(m.times(x, e), 0.5)
		case 1:
			return m.times(m.scaled(x, 0.5), e)
		}
		return m.times(x, m.scaled(e, 0.5))
	case 1: // Gelu by tanh
		cube := m.binary(op.Pow, x, m.number(3))
		if m.coin(2) {
			cube = m.times(m.times(x, x), x)
		}
		t := m.unary(op.Tanh, m.scaled(m.plus(x, m.scaled(cube, 0.044715)), math.Sqrt(2/math.Pi)))
		return m.times(m.scaled(x, 0.5), m.plus(t, m.number(1)))
	case 2:
		return m.silu(x)
	case 3: // quick Gelu
		return m.times(x, m.unary(op.Sigmoid, m.scaled(x, 1.702)))
	case 4: // Mish
		return m.times(x, m.unary(op.Tanh, m.unary(op.Softplus, x)))
	}
	clipped := m.expr(&op.Clip{}, m.plus(x, m.number(3)), m.number(0), m.number(6)) // HardSwish
	return m.scaled(m.times(x, clipped), 1.0/6)
}

func (m *maker) silu(x *ir.Value) *ir.Value {
	if m.coin(3) {
		return m.binary(op.Div, x, m.plus(m.unary(op.Exp, m.unary(op.Neg, x)), m.number(1)))
	}
	return m.times(x, m.unary(op.Sigmoid, x))
}

// gated is SwiGLU: one projection, through SiLU, times another.
func (m *maker) gated() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	k := 1 + m.IntN(8)
	y := m.times(m.silu(m.project(x, k)), m.project(x, k))
	return m.unary(op.Tanh, m.project(y, m.width(x)))
}

// residual adds a projection of the norm of a value to it, as the halves of transformer layers do; where both the sum and its norm are used later.
func (m *maker) residual() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	y := m.plus(x, m.project(m.expr(&op.RMSNorm{Axis: -1, Epsilon: epsilon}, x, m.weights(m.width(x))), m.width(x)))
	m.reals = append(m.reals, y)
	if m.coin(2) { // by way of another element type
		y = m.cast(m.cast(y, tensor.Float64), tensor.Float32)
	}
	return m.expr(&op.LayerNorm{Axis: -1, Epsilon: epsilon}, y, m.weights(m.width(x)))
}
