package onnx_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

func info(name string, d tensor.DType, dims ...string) *proto.ValueInfo {
	t := &proto.Type{Kind: proto.TypeTensor, Elem: int32(d), HasShape: true}
	for _, p := range dims {
		t.Dims = append(t.Dims, proto.Dim{Param: p})
	}
	return &proto.ValueInfo{Name: name, Type: t}
}

// TestScan8 adds up sequences of different lengths, times a value from outside of the body.
func TestScan8(t *testing.T) {
	body := &proto.Graph{Name: "sum", Inputs: []*proto.ValueInfo{info("state", tensor.Float32), info("item", tensor.Float32)},
		Outputs: []*proto.ValueInfo{info("next", tensor.Float32), info("sum", tensor.Float32)},
		Nodes: []*proto.Node{
			{OpType: "Mul", Inputs: []string{"item", "factor"}, Outputs: []string{"scaled"}},
			{OpType: "Add", Inputs: []string{"state", "scaled"}, Outputs: []string{"next"}},
			{OpType: "Identity", Inputs: []string{"next"}, Outputs: []string{"sum"}},
		}}
	scan := &proto.Node{OpType: "Scan", Inputs: []string{"lengths", "start", "x"}, Outputs: []string{"last", "sums"}, Attributes: []*proto.Attribute{
		{Name: "num_scan_inputs", Type: proto.AttrInt, I: 1}, {Name: "body", Type: proto.AttrGraph, G: body}}}
	model := &proto.Model{IRVersion: 3, OpsetImports: []proto.OperatorSet{{Version: 8}}, Graph: &proto.Graph{Name: "g", Nodes: []*proto.Node{scan},
		Inputs: []*proto.ValueInfo{info("lengths", tensor.Int64, "B"), info("start", tensor.Float32, "B"), info("x", tensor.Float32, "B", "T"),
			info("factor", tensor.Float32)},
		Outputs: []*proto.ValueInfo{info("last", tensor.Float32, "B"), info("sums", tensor.Float32, "B", "T")}}}
	in := []tensor.Value{tensor.Must([]int64{3, 1, 0}, 3), tensor.Must([]float32{0, 10, 20}, 3),
		tensor.Must([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3), tensor.Scalar(float32(2))}
	for _, c := range []struct {
		name       string
		last, sums []float32
	}{
		{"lengths", []float32{12, 18, 20}, []float32{2, 6, 12, 18, 0, 0, 0, 0, 0}},
		{"", []float32{12, 40, 68}, []float32{2, 6, 12, 18, 28, 40, 34, 50, 68}},
	} {
		scan.Inputs[0] = c.name
		g, err := onnx.Import(model)
		if err != nil {
			t.Fatal(err)
		}
		out, err := ir.Evaluate(context.Background(), g, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		last, sums := tensor.Float32s(out[0].(*tensor.Tensor)), tensor.Float32s(out[1].(*tensor.Tensor))
		if !slices.Equal(last, c.last) || !slices.Equal(sums, c.sums) {
			t.Errorf("lengths %q: got %v and %v, want %v and %v", c.name, last, sums, c.last, c.sums)
		}
	}
}
