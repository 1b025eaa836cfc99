package cpu

import (
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

func TestBytesCombined(t *testing.T) {
	for i, shape := range [][]int{{2, 3, 37}, {1, 64}, {5}, {0, 3}} {
		for k := range 16 {
			b := newGraphTest(t, uint64(i*16+k))
			scale := func() *ir.Value {
				return b.g.Const(tensor.Scalar(float32(0.01 + b.r.Float64())))
			}
			number := func(d tensor.DType) *ir.Value {
				return b.add(&op.DequantizeLinear{}, b.input(b.random(d, shape...)), scale(), b.g.Const(b.random(d)))[0]
			}
			x, y := number(byteTypes[k%2]), number(byteTypes[k/2%2])
			v := b.add(&op.Binary{Fn: []op.BinaryFn{op.Add, op.Mul}[k/4%2]}, x, y)[0]
			if k/8 == 1 {
				v = b.add(&op.Unary{Fn: op.Relu}, v)[0]
			}
			q := b.add(&op.QuantizeLinear{}, v, scale(), b.g.Const(b.random(byteTypes[k%3%2])))[0]
			if i == 0 {
				b.check(q, x) // the number is an output too
			} else {
				b.check(q)
			}
		}
	}
}
