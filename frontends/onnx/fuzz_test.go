package onnx_test

import (
	"os"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// FuzzImport gives bytes as a model file. Whatever they are, the answer is a graph or an error; a model that can be decoded is still one
// after it was encoded again.
func FuzzImport(f *testing.F) {
	for _, m := range seeds() {
		b := m.Encode()
		f.Add(b)
		f.Add(b[:len(b)*2/3])
	}
	if b, err := os.ReadFile("../../examples/dates/transformer/model.onnx"); err == nil {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := proto.Decode(b)
		if err != nil {
			return
		}
		if _, err := onnx.Import(m); err != nil && (strings.Contains(err.Error(), "internal error") || strings.Contains(err.Error(), "BUG:")) {
			t.Error(err)
		}
		again, err := proto.Decode(m.Encode())
		if err != nil {
			t.Fatalf("after encoding: %v", err)
		}
		if len(again.Graph.Nodes) != len(m.Graph.Nodes) || len(again.Graph.Initializers) != len(m.Graph.Initializers) {
			t.Errorf("%d nodes and %d initializers became %d and %d", len(m.Graph.Nodes), len(m.Graph.Initializers), len(again.Graph.Nodes), len(again.Graph.Initializers))
		}
	})
}

// seeds are small models with what the format has: attributes of all kinds, bodies, functions, sparse and external tensors.
func seeds() []*proto.Model {
	float := func(dims ...proto.Dim) *proto.Type {
		return &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32), HasShape: true, Dims: dims}
	}
	n := proto.Dim{Param: "n"}
	three := proto.Dim{Value: 3, HasValue: true}
	model := func(g *proto.Graph) *proto.Model {
		return &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 21}, {Domain: "here", Version: 1}}, Graph: g}
	}
	weights := proto.FromTensor("w", tensor.Must([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3))
	linear := model(&proto.Graph{
		Name: "linear",
		Nodes: []*proto.Node{
			{OpType: "Gemm", Inputs: []string{"x", "w", ""}, Outputs: []string{"h"}, Attributes: []*proto.Attribute{
				{Name: "alpha", Type: proto.AttrFloat, F: 0.5}, {Name: "transB", Type: proto.AttrInt, I: 1}}},
			{OpType: "Shape", Inputs: []string{"h"}, Outputs: []string{"s"}},
			{OpType: "Reshape", Inputs: []string{"h", "s"}, Outputs: []string{"r"}},
			{OpType: "ReduceSum", Inputs: []string{"r", "axes"}, Outputs: []string{"y"}},
		},
		Initializers: []*proto.Tensor{weights, proto.FromTensor("axes", tensor.Must([]int64{-1}, 1))},
		Inputs:       []*proto.ValueInfo{{Name: "x", Type: float(n, three)}},
		Outputs:      []*proto.ValueInfo{{Name: "y", Type: float(n, proto.Dim{})}},
	})
	body := &proto.Graph{Name: "body", Nodes: []*proto.Node{{OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"b"}}},
		Outputs: []*proto.ValueInfo{{Name: "b", Type: float(n, three)}}}
	branches := model(&proto.Graph{
		Name: "branches",
		Nodes: []*proto.Node{
			{OpType: "Constant", Outputs: []string{"c"}, Attributes: []*proto.Attribute{
				{Name: "value", Type: proto.AttrTensor, T: proto.FromTensor("", tensor.Scalar(true))}}},
			{OpType: "If", Inputs: []string{"c"}, Outputs: []string{"y"}, Attributes: []*proto.Attribute{
				{Name: "then_branch", Type: proto.AttrGraph, G: body}, {Name: "else_branch", Type: proto.AttrGraph, G: body}}},
		},
		Inputs:  []*proto.ValueInfo{{Name: "x", Type: float(n, three)}},
		Outputs: []*proto.ValueInfo{{Name: "y", Type: float(n, three)}},
	})
	calls := model(&proto.Graph{
		Name:    "calls",
		Nodes:   []*proto.Node{{OpType: "Twice", Domain: "here", Inputs: []string{"x"}, Outputs: []string{"y"}}},
		Inputs:  []*proto.ValueInfo{{Name: "x", Type: float(n)}},
		Outputs: []*proto.ValueInfo{{Name: "y", Type: float(n)}},
	})
	calls.Functions = []*proto.Function{{Domain: "here", Name: "Twice", Inputs: []string{"a"}, Outputs: []string{"b"},
		OpsetImports: []proto.OperatorSet{{Version: 21}},
		Nodes:        []*proto.Node{{OpType: "Add", Inputs: []string{"a", "a"}, Outputs: []string{"b"}}}}}
	outside := *weights
	outside.Raw, outside.HasRaw, outside.IsExternal = nil, false, true
	outside.External = []proto.StringPair{{Key: "location", Value: "../secret"}, {Key: "offset", Value: "7"}}
	external := model(&proto.Graph{
		Name:         "external",
		Nodes:        []*proto.Node{{OpType: "MatMul", Inputs: []string{"x", "w"}, Outputs: []string{"y"}}},
		Initializers: []*proto.Tensor{&outside},
		SparseInitializers: []*proto.SparseTensor{{Dims: []int64{9}, Values: proto.FromTensor("z", tensor.Must([]float32{1}, 1)),
			Indices: proto.FromTensor("", tensor.Must([]int64{4}, 1))}},
		Inputs:  []*proto.ValueInfo{{Name: "x", Type: float(n, three)}},
		Outputs: []*proto.ValueInfo{{Name: "y", Type: &proto.Type{Kind: proto.TypeSequence, Item: float(n)}}},
	})
	return []*proto.Model{linear, branches, calls, external}
}

// TestSeeds keeps the seeds what they are meant to be: three sound models, and one that reaches out of its folder.
func TestSeeds(t *testing.T) {
	for i, m := range seeds() {
		decoded, err := proto.Decode(m.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := onnx.Import(decoded); (err == nil) != (i < 3) {
			t.Errorf("model %q: %v", m.Graph.Name, err)
		}
	}
}
