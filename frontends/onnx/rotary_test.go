package onnx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// TestRotaryTables: tables must have a column for every two elements that are turned, in both domains; what the types do not tell is found
// when the model runs.
func TestRotaryTables(t *testing.T) {
	for _, c := range []struct {
		columns, turned int
		ok              bool
	}{
		{4, 0, true}, {2, 4, true}, {4, 8, true}, {3, 0, false}, {2, 0, false}, {5, 0, false}, {4, 4, false}, {2, 5, false}, {5, 10, false}, {2, -4, false},
	} {
		for _, domain := range []string{"", "com.microsoft"} {
			for _, known := range []bool{true, false} {
				t.Run(fmt.Sprint(domain, c, known), func(t *testing.T) {
					err := rotary(domain, c.columns, c.turned, known)
					if (err == nil) != c.ok {
						t.Fatalf("got error %v, want success %t", err, c.ok)
					}
					if err != nil && (!strings.Contains(err.Error(), "Rotary") || !strings.Contains(err.Error(), `"turn"`) || strings.Contains(err.Error(), "internal error")) {
						t.Errorf("got %v", err)
					}
				})
			}
		}
	}
}

// rotary turns heads of 8 elements, whose size the model says if it is known.
func rotary(domain string, columns, turned int, known bool) error {
	n := &proto.Node{Name: "turn", OpType: "RotaryEmbedding", Domain: domain, Inputs: []string{"x", "cos", "sin"}, Outputs: []string{"y"}, Attributes: []*proto.Attribute{
		{Name: "num_heads", Type: proto.AttrInt, I: 2}, {Name: "rotary_embedding_dim", Type: proto.AttrInt, I: int64(turned)}}}
	inputs := []*proto.ValueInfo{info("x", tensor.Float32, "B", "S", "H"), info("cos", tensor.Float32, "P", "R"), info("sin", tensor.Float32, "P", "R"),
		info("positions", tensor.Int64, "B", "S")}
	if domain == "" {
		n.Inputs = append(n.Inputs, "positions")
	} else {
		n.Inputs = []string{"x", "positions", "cos", "sin"}
	}
	if known {
		inputs[0].Type.Dims[2] = proto.Dim{HasValue: true, Value: 16}
		inputs[1].Type.Dims[1] = proto.Dim{HasValue: true, Value: int64(columns)}
		inputs[2].Type.Dims[1] = inputs[1].Type.Dims[1]
	}
	g, err := onnx.Import(&proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 23}, {Domain: "com.microsoft", Version: 1}},
		Graph: &proto.Graph{Name: "g", Nodes: []*proto.Node{n}, Inputs: inputs, Outputs: []*proto.ValueInfo{info("y", tensor.Float32)}}})
	if err != nil {
		return err
	}
	table := tensor.New(tensor.Float32, 3, columns)
	_, err = ir.Evaluate(context.Background(), g, []tensor.Value{tensor.New(tensor.Float32, 1, 2, 16), table, table, tensor.New(tensor.Int64, 1, 2)}, nil)
	return err
}
