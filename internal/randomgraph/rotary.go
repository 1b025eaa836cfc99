package randomgraph

import (
	"math"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// rotated is a sequence whose heads are turned, before or after rows and heads change places.
func (m *maker) rotated() *ir.Value {
	x := m.sequence()
	if x == nil {
		return nil
	}
	heads, size := 1+m.IntN(3), 2*(1+m.IntN(4))
	h := m.reshape(m.project(x, heads*size), 0, 0, int64(heads), int64(size))
	if m.coin(2) {
		h = m.turn(h, 1, size)
	} else {
		h = m.transpose(m.turn(m.transpose(h, 0, 2, 1, 3), 2, size), 0, 2, 1, 3)
	}
	return m.reshape(h, 0, 0, int64(heads*size))
}

// turn applies a rotary embedding to x, of rank 4, whose rows are the given axis. The first rows stand at 0.
func (m *maker) turn(x *ir.Value, rows, size int) *ir.Value {
	if size%4 == 0 && m.coin(4) { // the first half of each head only
		half := int64(size / 2)
		first, rest := m.slice(x, 3, 0, half, 1), m.slice(x, 3, half, math.MaxInt64, 1)
		return m.expr(&op.Concat{Axis: -1}, m.turnAll(first, rows, size/2), rest)
	}
	return m.turnAll(x, rows, size)
}

func (m *maker) turnAll(x *ir.Value, rows, size int) *ir.Value {
	angles := m.angles(m.size(x, rows), size/2) // [rows, size/2]
	axes := [][]int64{1: {0, 2}, 2: {0, 1}}[rows]
	if m.coin(2) {
		return m.turnHalves(x, angles, axes, size)
	}
	cos, sin := m.unsqueeze(m.unary(op.Cos, angles), axes...), m.unsqueeze(m.unary(op.Sin, angles), axes...)
	neighbours := m.coin(2)
	a, b := m.slice(x, 3, 0, int64(size/2), 1), m.slice(x, 3, int64(size/2), math.MaxInt64, 1)
	if neighbours {
		a, b = m.slice(x, 3, 0, math.MaxInt64, 2), m.slice(x, 3, 1, math.MaxInt64, 2)
	}
	re, im := m.minus(m.times(a, cos), m.times(b, sin)), m.plus(m.times(a, sin), m.times(b, cos))
	if !neighbours {
		return m.expr(&op.Concat{Axis: 3}, re, im)
	}
	return m.expr(&op.Reshape{}, m.expr(&op.Concat{Axis: -1}, m.unsqueeze(re, 4), m.unsqueeze(im, 4)), m.expr(&op.Shape{}, x))
}

// turnHalves has tables with every angle twice.
func (m *maker) turnHalves(x, angles *ir.Value, axes []int64, size int) *ir.Value {
	var a, b *ir.Value
	if m.coin(2) {
		parts := m.exprs(&op.Split{Axis: -1, Num: 2}, x)
		a, b = parts[0], parts[1]
	} else {
		a, b = m.slice(x, 3, 0, int64(size/2), 1), m.slice(x, -1, int64(size/2), math.MaxInt64, 1)
	}
	twice := m.expr(&op.Concat{Axis: -1}, angles, angles)
	cos, sin := m.unsqueeze(m.unary(op.Cos, twice), axes...), m.unsqueeze(m.unary(op.Sin, twice), axes...)
	turned := m.expr(&op.Concat{Axis: -1}, m.unary(op.Neg, b), a)
	return m.plus(m.times(x, cos), m.times(turned, sin))
}

// angles is position times frequency, [n, half], from frequencies on the fly or from a table.
func (m *maker) angles(n *ir.Value, half int) *ir.Value {
	f := tensor.New(tensor.Float32, half)
	for k := range half {
		f.SetFloat64(k, math.Pow(10, -float64(k)/float64(half)))
	}
	if m.coin(3) {
		const most = 64
		table := tensor.New(tensor.Float32, most, half)
		for i := range table.Len() {
			table.SetFloat64(i, float64(i/half)*f.Float64(i%half))
		}
		if m.coin(2) {
			return m.expr(&op.Gather{}, m.g.Const(table), m.count0(n))
		}
		return m.expr(&op.Slice{}, m.g.Const(table), m.list(0), m.unsqueeze(n, 0), m.list(0))
	}
	return m.times(m.unsqueeze(m.cast(m.count0(n), tensor.Float32), 1), m.g.Const(f))
}
