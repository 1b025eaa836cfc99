package cpu

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/gocompile/gocompile/backend"
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

// TestRoundLeft: what a product with weights that permit it rounds to integers is multiplied exactly where it is integers up to 127 already, whatever the type of the
// weights, and however they lie.
func TestRoundLeft(t *testing.T) {
	const k, n = 72, 9
	for _, d := range []tensor.DType{tensor.Int8, tensor.Uint8, tensor.Int4, tensor.Uint4, tensor.Int2, tensor.Uint2} {
		for _, block := range []int{16, 32, 20, 128} {
			for _, trans := range []bool{false, true} {
				t.Run(fmt.Sprint(d, block, trans), func(t *testing.T) {
					b := newGraphTest(t, 5)
					shape, scales := []int{k, n}, []int{(k + block - 1) / block, n}
					axis := 0
					if trans {
						shape, scales, axis = []int{n, k}, []int{n, (k + block - 1) / block}, 1
					}
					scale := tensor.New(tensor.Float32, scales...)
					for i := range scale.Len() {
						scale.SetFloat64(i, 0.5)
					}
					q, s, zero := b.g.Const(b.random(d, shape...)), b.g.Const(scale), b.g.Const(b.random(d, scales...))
					left := tensor.New(tensor.Float32, 2, 3, k)
					for i := range left.Len() {
						left.SetFloat64(i, float64(b.r.IntN(255)-127))
						if i%4 == 0 {
							left.SetFloat64(i, 127)
						}
					}
					x := b.input(left)
					w := b.add(&op.DequantizeLinear{Axis: axis, BlockSize: block, RoundLeft: true}, q, s, zero)[0]
					same := b.add(&op.DequantizeLinear{Axis: axis, BlockSize: block}, q, s, zero)[0]
					product := &op.MatMul{TransB: trans}
					b.check(b.add(product, x, w)[0], b.add(product, x, same)[0], b.add(&op.Unary{Fn: op.Relu}, b.add(product, x, w)[0])[0])
				})
			}
		}
	}
}

// TestRoundLeftIsAsked: products round what is on their left if their weights permit it, by no more than half a step of 1/127 of the greatest number of a block, and
// others do not.
func TestRoundLeftIsAsked(t *testing.T) {
	const k, n, block = 64, 16, 32
	for _, round := range []bool{false, true} {
		b := newGraphTest(t, 6)
		scale := b.random(tensor.Float32, n, k/block)
		w := b.add(&op.DequantizeLinear{Axis: 1, BlockSize: block, RoundLeft: round}, b.g.Const(b.random(tensor.Int4, n, k)), b.g.Const(scale))[0]
		left := b.random(tensor.Float32, 1, k)
		b.g.SetOutputs(ir.Output{Name: "y", Value: b.add(&op.MatMul{TransB: true}, b.input(left), w)[0]})
		want, err := ir.Evaluate(context.Background(), b.g, b.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Compile(b.g, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var work backend.Work
		got, err := p.NewSessionWith(backend.SessionOptions{Observe: func(e backend.Event) { work = e.Work }}).Run(context.Background(), b.in)
		if err != nil {
			t.Fatal(err)
		}
		if small := work.Small; work.Flops != 2*k*n || round && small != work.Flops || !round && small != 0 {
			t.Errorf("rounded %t: %d of %d operations are on bytes", round, small, work.Flops)
		}
		different := 0
		for j := range n {
			bound := 0.0
			for g := range k / block {
				most := 0.0
				for _, x := range f32(left)[g*block:][:block] {
					most = max(most, math.Abs(float64(x)))
				}
				bound += most / 127 / 2 * block * 8 * math.Abs(scale.Float64(j*k/block+g))
			}
			e := math.Abs(got[0].(*tensor.Tensor).Float64(j) - want[0].(*tensor.Tensor).Float64(j))
			if e > bound {
				t.Errorf("rounded %t: an error of %v, at most %v is permitted", round, e, bound)
			}
			if e > 1e-4 {
				different++
			}
		}
		if (different > n/2) != round {
			t.Errorf("rounded %t: %d of %d results are not those of the numbers", round, different, n)
		}
	}
}
