package cpu

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func TestIntegerConvolutions(t *testing.T) {
	for i, s := range []struct {
		x, w   []int
		window op.Window
		group  int
	}{
		{[]int{1, 3, 9, 11}, []int{7, 3, 3, 3}, op.Window{Pads: []int{1, 1, 1, 1}}, 1},
		{[]int{2, 4, 6, 6}, []int{9, 4, 1, 1}, op.Window{}, 1},
		{[]int{1, 4, 16, 16}, []int{4, 1, 5, 5}, op.Window{Strides: []int{2, 2}, Pads: []int{2, 2, 2, 2}}, 4},
		{[]int{2, 6, 40}, []int{4, 3, 4}, op.Window{Dilations: []int{3}, AutoPad: op.SameUpper}, 2},
		{[]int{1, 2, 5, 6, 7}, []int{3, 2, 2, 3, 2}, op.Window{Strides: []int{2, 1, 2}}, 1},
		{[]int{1, 8, 1, 1}, []int{6, 8, 1, 1}, op.Window{}, 1},
		{[]int{0, 3, 4}, []int{2, 3, 1}, op.Window{}, 1},
		{[]int{1, 2, 4, 5}, []int{0, 2, 3, 3}, op.Window{}, 1},
	} {
		for k := range 8 {
			b := newGraphTest(t, uint64(i*8+k))
			dX, dW := byteTypes[k%2], byteTypes[k/2%2]
			m := s.w[0]
			x, w := b.input(b.random(dX, s.x...)), b.g.Const(b.random(dW, s.w...))
			if k == 7 {
				w = b.input(b.random(dW, s.w...))
			}
			zeroX, zeroW := b.input(b.random(dX, [][]int{nil, {1}}[k%2]...)), b.g.Const(b.random(dW, [][]int{nil, {1}, {m}}[k%3]...))
			o := &op.ConvInteger{Window: s.window, Group: s.group}
			sum := b.add(o, x, w, zeroX, zeroW)[0]
			ofChannels := func(d tensor.DType) *ir.Value {
				shape := []int{1, m}
				for range s.x[2:] {
					shape = append(shape, 1)
				}
				return b.g.Const(b.random(d, shape[k%2:]...))
			}
			small := tensor.New(tensor.Float32, 1)
			small.SetFloat64(0, 0.001)
			offset := b.add(&op.Binary{Fn: op.Add}, b.add(o, x, w, zeroX, zeroW)[0], ofChannels(tensor.Int32))[0]
			float := b.add(&op.Cast{To: tensor.Float32}, offset)[0]
			scaled := b.add(&op.Binary{Fn: op.Mul}, float, []*ir.Value{b.input(small), ofChannels(tensor.Float32)}[k/4])[0]
			biased := b.add(&op.Binary{Fn: op.Add}, ofChannels(tensor.Float32), scaled)[0]
			bounded := b.add([]ir.Op{&op.Unary{Fn: op.Relu}, &op.Unary{Fn: op.Tanh}}[k%2], biased)[0]
			step, zero := b.g.Const(small), b.g.Const(b.random(byteTypes[k/4], 1))
			quantised := b.add(&op.QuantizeLinear{}, bounded, step, zero)[0]
			again := b.add(&op.ConvInteger{Window: s.window, Group: s.group}, x, w)[0]
			real := b.add(&op.Cast{To: tensor.Float32}, again)[0]
			limited := b.add(&op.Clip{}, real, b.g.Const(tensor.Scalar(float32(-50))), b.g.Const(tensor.Scalar(float32(70))))[0]
			b.check(sum, quantised, limited)
		}
	}
}

func TestMaximaOfBytes(t *testing.T) {
	for i, s := range []struct {
		x      []int
		window op.Window
	}{
		{[]int{2, 3, 9, 41}, op.Window{Kernel: []int{3, 3}, Strides: []int{2, 2}, Pads: []int{1, 1, 1, 1}}},
		{[]int{1, 3, 8, 37}, op.Window{Kernel: []int{2, 3}}},
		{[]int{1, 2, 70}, op.Window{Kernel: []int{4}, Strides: []int{3}, Dilations: []int{2}, AutoPad: op.SameLower}},
		{[]int{1, 2, 4, 5, 6}, op.Window{Kernel: []int{2, 2, 2}, Strides: []int{2, 1, 2}, Pads: []int{0, 1, 0, 1, 0, 1}, Ceil: true}},
		{[]int{1, 2, 3, 3}, op.Window{Kernel: []int{3, 3}, Dilations: []int{2000, 1}, Pads: []int{2000, 1, 2000, 1}}},
		{[]int{0, 2, 3}, op.Window{Kernel: []int{2}}},
	} {
		for _, d := range byteTypes {
			b := newGraphTest(t, uint64(i))
			b.check(b.add(&op.MaxPool{Window: s.window}, b.input(b.random(d, s.x...)))[0])
		}
	}
}
