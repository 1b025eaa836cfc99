package onnx

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// floats declares a float32 tensor of those dimensions.
func floats(name string, dims ...int64) *proto.ValueInfo {
	t := &proto.Type{Kind: proto.TypeTensor, Elem: 1, HasShape: true}
	for _, d := range dims {
		t.Dims = append(t.Dims, proto.Dim{HasValue: true, Value: d})
	}
	return &proto.ValueInfo{Name: name, Type: t}
}

func ints(name string, v ...int64) *proto.Attribute {
	return &proto.Attribute{Name: name, Type: proto.AttrInts, Ints: v}
}

func modelOf(functions []*proto.Function, nodes ...*proto.Node) *proto.Model {
	return &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 20}, {Domain: "f", Version: 1}}, Functions: functions,
		Graph: &proto.Graph{Name: "g", Inputs: []*proto.ValueInfo{floats("x", 2, 3)}, Outputs: []*proto.ValueInfo{floats("y")}, Nodes: nodes}}
}

// TestWrongModels: an error names the node, its operator and the rule.
func TestWrongModels(t *testing.T) {
	call := func(name string) *proto.Node {
		return &proto.Node{OpType: name, Domain: "f", Inputs: []string{"x"}, Outputs: []string{"y"}}
	}
	function := func(name string, nodes ...*proto.Node) *proto.Function {
		return &proto.Function{Name: name, Domain: "f", Inputs: []string{"x"}, Outputs: []string{"y"}, Nodes: nodes,
			OpsetImports: []proto.OperatorSet{{Version: 20}, {Domain: "f", Version: 1}}}
	}
	for _, c := range []struct {
		name string
		m    *proto.Model
		want []string
	}{
		{"undefined input", modelOf(nil, &proto.Node{Name: "n1", OpType: "Relu", Inputs: []string{"nowhere"}, Outputs: []string{"y"}}), []string{"n1", "Relu", "nowhere"}},
		{"reads itself", modelOf(nil, &proto.Node{Name: "n1", OpType: "Relu", Inputs: []string{"y"}, Outputs: []string{"y"}}), []string{"n1", "Relu"}},
		{"cycle", modelOf(nil, &proto.Node{Name: "n1", OpType: "Relu", Inputs: []string{"b"}, Outputs: []string{"a"}},
			&proto.Node{Name: "n2", OpType: "Relu", Inputs: []string{"a"}, Outputs: []string{"b"}}), []string{"n1", "b"}},
		{"defined twice", modelOf(nil, &proto.Node{Name: "n1", OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}},
			&proto.Node{Name: "n2", OpType: "Neg", Inputs: []string{"x"}, Outputs: []string{"y"}}), []string{"n2", "y"}},
		{"no such output", modelOf(nil, &proto.Node{OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"z"}}), []string{"y"}},
		{"wrong kind of attribute", modelOf(nil, &proto.Node{Name: "n1", OpType: "Transpose", Inputs: []string{"x"}, Outputs: []string{"y"},
			Attributes: []*proto.Attribute{{Name: "perm", Type: proto.AttrFloat, F: 1}}}), []string{"n1", "Transpose", "perm"}},
		{"no permutation", modelOf(nil, &proto.Node{Name: "n1", OpType: "Transpose", Inputs: []string{"x"}, Outputs: []string{"y"},
			Attributes: []*proto.Attribute{ints("perm", 0, 0)}}), []string{"n1", "Transpose", "[0 0]"}},
		{"axis out of range", modelOf(nil, &proto.Node{Name: "n1", OpType: "Concat", Inputs: []string{"x", "x"}, Outputs: []string{"y"},
			Attributes: []*proto.Attribute{{Name: "axis", Type: proto.AttrInt, I: 7}}}), []string{"n1", "Concat", "7"}},
		{"shapes do not multiply", modelOf(nil, &proto.Node{Name: "n1", OpType: "MatMul", Inputs: []string{"x", "x"}, Outputs: []string{"y"}}), []string{"n1", "MatMul", "f32[2, 3]"}},
		{"missing input", modelOf(nil, &proto.Node{Name: "n1", OpType: "MatMul", Inputs: []string{"x"}, Outputs: []string{"y"}}), []string{"n1", "MatMul", "input 1"}},
		{"too many inputs", modelOf(nil, &proto.Node{Name: "n1", OpType: "Relu", Inputs: []string{"x", "x"}, Outputs: []string{"y"}}), []string{"n1", "Relu", "2"}},
		{"huge dimension", modelOf(nil, &proto.Node{Name: "n1", OpType: "Conv", Inputs: []string{"x", "x"}, Outputs: []string{"y"},
			Attributes: []*proto.Attribute{ints("strides", 1<<62, 1<<62)}}), []string{"n1", "Conv"}},
		{"recursive function", modelOf([]*proto.Function{function("F", call("G")), function("G", call("F"))}, call("F")), []string{"F"}},
		{"new file format", &proto.Model{IRVersion: 99, Graph: &proto.Graph{}}, []string{"99"}},
		{"no graph", &proto.Model{IRVersion: 8}, []string{"no graph"}},
	} {
		_, err := Import(c.m)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not mention %q", c.name, err, w)
			}
		}
		if strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestMissingOperators: all are reported at once, those in bodies and functions too, with the nodes that use them.
func TestMissingOperators(t *testing.T) {
	body := &proto.Graph{Name: "b", Nodes: []*proto.Node{{Name: "inner", OpType: "Unheard", Outputs: []string{"z"}}}, Outputs: []*proto.ValueInfo{floats("z")}}
	branch := func(name string) *proto.Attribute {
		return &proto.Attribute{Name: name, Type: proto.AttrGraph, G: body}
	}
	m := modelOf([]*proto.Function{{Name: "F", Domain: "f", Inputs: []string{"x"}, Outputs: []string{"y"}, OpsetImports: []proto.OperatorSet{{Version: 20}},
		Nodes: []*proto.Node{{Name: "deep", OpType: "Unknown", Inputs: []string{"x"}, Outputs: []string{"y"}}}}},
		&proto.Node{Name: "first", OpType: "Strange", Domain: "other", Inputs: []string{"x"}, Outputs: []string{"a"}},
		&proto.Node{Name: "second", OpType: "Strange", Domain: "other", Inputs: []string{"x"}, Outputs: []string{"b"}},
		&proto.Node{OpType: "F", Domain: "f", Inputs: []string{"x"}, Outputs: []string{"c"}},
		&proto.Node{OpType: "If", Inputs: []string{"x"}, Outputs: []string{"y"}, Attributes: []*proto.Attribute{branch("then_branch"), branch("else_branch")}})
	_, err := Import(m)
	var missing *UnsupportedError
	if !errors.As(err, &missing) {
		t.Fatalf("got %v", err)
	}
	nodes := map[string]int{}
	for _, o := range missing.Ops {
		nodes[o.Domain+"::"+o.Op] = len(o.Nodes)
	}
	if len(nodes) != 3 || nodes["other::Strange"] != 2 || nodes["::Unheard"] != 2 || nodes["::Unknown"] != 1 {
		t.Errorf("missing are %v", nodes)
	}
	for _, w := range []string{"other::Strange", "at 2 nodes", `"first"`, "Unheard", "Unknown", `"deep"`} {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%v\ndoes not mention %s", err, w)
		}
	}
}
