package cpu

import (
	"fmt"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// TestIntegerWeights multiplies the unit matrix by weights that are kept as integers, which gives them exactly, and checks that no step makes floats of
// them at every run.
func TestIntegerWeights(t *testing.T) {
	const k, n = 40, 9
	for _, d := range []tensor.DType{tensor.Int8, tensor.Uint8, tensor.Int4, tensor.Uint4, tensor.Int2, tensor.Uint2} {
		for _, o := range []op.DequantizeLinear{{Axis: 0}, {Axis: 1}, {Axis: -1}, {Axis: 0, BlockSize: 4}, {Axis: 1, BlockSize: 5}, {Axis: 0, BlockSize: 20}, {Axis: 1, BlockSize: 16}, {Axis: 0, BlockSize: 64}} {
			for _, trans := range []bool{false, true} {
				for _, zero := range []bool{false, true} {
					t.Run(fmt.Sprint(d, o, trans, zero), func(t *testing.T) {
						b := newGraphTest(t, 3)
						shape := []int{k, n}
						if trans {
							shape = []int{n, k}
						}
						axis := axisOf(o.Axis, 2)
						scales := []int{shape[axis]}
						if o.BlockSize > 0 {
							scales = append([]int{}, shape...)
							scales[axis] = (shape[axis] + o.BlockSize - 1) / o.BlockSize
						}
						in := []*ir.Value{b.g.Const(b.random(d, shape...)), b.g.Const(b.random(tensor.Float32, scales...))}
						if zero {
							in = append(in, b.g.Const(b.random(d, scales...)))
						}
						unit := tensor.New(tensor.Float32, k, k)
						for i := range k {
							unit.SetFloat64(i*k+i, 1)
						}
						x, w := b.input(unit), b.add(&o, in...)[0]
						y := b.add(&op.MatMul{TransB: trans}, x, w)[0]
						z := b.add(&op.MatMul{TransB: trans}, b.add(&op.Unary{Fn: op.Neg}, x)[0], w)[0]
						b.check(y, z)
						p, err := Compile(b.g, Options{})
						if err != nil {
							t.Fatal(err)
						}
						for _, s := range p.Steps() {
							if ir.OpName(s.Nodes[0].Op) == "DequantizeLinear" {
								t.Errorf("there is a step %v", s.Nodes[0])
							}
						}
					})
				}
			}
		}
	}
}

// TestIntegerWeightsElsewhere: integers that something else reads as floats too are made floats by a step.
func TestIntegerWeightsElsewhere(t *testing.T) {
	b := newGraphTest(t, 4)
	w := b.add(&op.DequantizeLinear{Axis: 1}, b.g.Const(b.random(tensor.Int8, 3, 3)), b.g.Const(b.random(tensor.Float32, 3)))[0]
	unit := tensor.New(tensor.Float32, 3, 3)
	for i := range 3 {
		unit.SetFloat64(i*4, 1)
	}
	x := b.input(unit)
	b.check(b.add(&op.MatMul{}, x, w)[0], b.add(&op.Unary{Fn: op.Abs}, w)[0])
}
