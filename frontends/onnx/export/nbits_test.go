package export_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestNBits: weights that permit to round what they multiply are written as MatMulNBits that permit it, are read so again, and mean the same. Other spellings lose
// the permission alone.
func TestNBits(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		d := []tensor.DType{tensor.Int4, tensor.Uint4, tensor.Int8, tensor.Uint8}[r.IntN(4)]
		k, n, block := 1+r.IntN(100), 1+r.IntN(20), 16<<r.IntN(3)
		shape, scales, axis, trans := []int{n, k}, []int{n, (k + block - 1) / block}, 1-2*r.IntN(2), true
		if r.IntN(2) == 0 {
			shape, scales, axis, trans = []int{k, n}, []int{scales[1], n}, -2*r.IntN(2), false
		}
		draw := func(d tensor.DType, shape ...int) *tensor.Tensor {
			x := tensor.New(d, shape...)
			for i := range x.Len() {
				if d.IsFloat() {
					x.SetFloat64(i, r.NormFloat64())
				} else {
					x.SetInt64(i, int64(r.IntN(256)))
				}
			}
			return x
		}
		x := draw(tensor.Float32, 2, 3, k)
		g := ir.NewGraph("few", sym.NewScope())
		weights := []*ir.Value{g.Const(draw(d, shape...)), g.Const(draw(tensor.Float32, scales...))}
		if r.IntN(2) == 0 {
			weights = append(weights, g.Const(draw(d, scales...)))
		}
		add := func(o ir.Op, in ...*ir.Value) *ir.Value {
			node, err := g.Add(o, in...)
			if err != nil {
				t.Fatal(err)
			}
			return node.Out()[0]
		}
		a := g.AddInput("x", ir.TypeOf(x))
		w := add(&op.DequantizeLinear{Axis: axis, BlockSize: block, RoundLeft: true}, weights...)
		product := &op.MatMul{TransB: trans}
		g.SetOutputs(ir.Output{Name: "y", Value: add(product, a, w)}, ir.Output{Name: "z", Value: add(product, add(&op.Unary{Fn: op.Neg}, a), w)})
		for _, o := range []export.Options{{}, {Contrib: true}} {
			if err := roundTrip(g, []tensor.Value{x}, o, 1e-5); err != nil {
				t.Fatalf("seed %d, %+v: %v\n%v", seed, o, err, g)
			}
		}
		m, err := export.Model(g, export.Options{Contrib: true})
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, node := range m.Graph.Nodes {
			kinds = append(kinds, node.OpType)
		}
		if got := fmt.Sprint(kinds); !strings.Contains(got, "MatMulNBits") || strings.Contains(got, "Dequantize") || len(m.Graph.Initializers) > 3 {
			t.Fatalf("seed %d: nodes %v and %d constants", seed, got, len(m.Graph.Initializers))
		}
		again, err := onnx.Import(m)
		if err != nil || strings.Count(again.String(), "RoundLeft=true") != 2 {
			t.Fatalf("seed %d: %v\n%v", seed, err, again)
		}
	}
}
