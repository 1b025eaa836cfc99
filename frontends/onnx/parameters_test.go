package onnx

import (
	"math"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

func TestParameters(t *testing.T) {
	table := func(f func(row, column int) float64) *tensor.Tensor {
		x := tensor.New(tensor.Float32, 1, 100, 8)
		for i := range x.Len() {
			x.SetFloat64(i, f(i/8, i%8))
		}
		return x
	}
	frequency := func(column int) float64 { return math.Pow(100, -float64(column/2)/4) }
	g := &proto.Graph{
		Nodes: []*proto.Node{{Name: "node_0", Inputs: []string{"x", "val_3"}}, {Name: "node_8", Inputs: []string{"block.norm.weight"}},
			{Name: "node_9", Inputs: []string{"x", "val_4"}}, {Name: "node_1", OpType: "MatMul", Inputs: []string{"x", "val_2"}, Outputs: []string{"y"}}, {Name: "node_2", Inputs: []string{"y", "head.out.bias"}},
			{Name: "/block.3/proj/MatMul", Inputs: []string{"x", "onnx::MatMul_9"}}, {Name: "/n", Inputs: []string{"val_1"},
				Attributes: []*proto.Attribute{{Name: "body", G: &proto.Graph{Initializers: []*proto.Tensor{proto.FromTensor("inner.w", tensor.Must([]float32{1, 2}, 2))}}}}}},
		Initializers: []*proto.Tensor{
			proto.FromTensor("block.3.proj.bias", tensor.Must([]float32{1, 2, 3}, 3)),
			proto.FromTensor("onnx::MatMul_9", tensor.New(tensor.Float32, 4, 3)),
			proto.FromTensor("block.3.quantised", tensor.New(tensor.Int8, 4)),
			proto.FromTensor("block.3.shape", tensor.New(tensor.Int64, 4)),
			proto.FromTensor("val_1", tensor.Must([]float32{1e-5}, 1)),
			proto.FromTensor("val_3", tensor.New(tensor.Float32, 5)),
			proto.FromTensor("val_4", tensor.New(tensor.Float32, 6)),
			proto.FromTensor("val_2", tensor.New(tensor.Float32, 4, 2)),
			proto.FromTensor("head.out.bias", tensor.New(tensor.Float32, 2)),
			proto.FromTensor("block.norm.weight", tensor.New(tensor.Float32, 7)),
			proto.FromTensor("scale.alpha", tensor.Must([]float32{0.5})),
			proto.FromTensor("pe.sines", table(func(r, c int) float64 {
				return math.Sin(float64(r)*frequency(c) + float64(c%2)*math.Pi/2)
			})),
			proto.FromTensor("pe.learned", table(func(r, c int) float64 { return math.Sin(float64(r*r) * frequency(c)) })),
			proto.FromTensor("pe.zero", tensor.New(tensor.Float32, 100, 8)),
		},
	}
	want := []Parameter{
		{Path: "inner.w", Count: 2},
		{Path: "block.3.proj.bias", Count: 3},
		{Path: "block.3.proj.onnx::MatMul_9", Count: 12},
		{Path: "block.3.quantised", Count: 4},
		{Path: "(unnamed).val_3", Count: 5},
		{Path: "block.val_4", Count: 6},
		{Path: "head.out.val_2", Count: 8},
		{Path: "head.out.bias", Count: 2},
		{Path: "block.norm.weight", Count: 7},
		{Path: "scale.alpha", Count: 1},
		{Path: "pe.sines", Count: 800, Table: true},
		{Path: "pe.learned", Count: 800},
		{Path: "pe.zero", Count: 800},
	}
	got := Parameters(&proto.Model{Graph: g})
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i, w := range want {
		if got[i].Path != w.Path || got[i].Count != w.Count || got[i].Table != w.Table {
			t.Errorf("got %+v, expected %+v", got[i], w)
		}
	}
}
