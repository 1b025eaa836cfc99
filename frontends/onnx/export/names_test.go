package export_test

import (
	"slices"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

// TestNames keeps what a model says of itself: names of the graph, of inputs, results, nodes and dimensions, descriptions, metadata.
func TestNames(t *testing.T) {
	dims := func(names ...string) *proto.Type {
		p := &proto.Type{Kind: proto.TypeTensor, Elem: 1, HasShape: true}
		for _, n := range names {
			p.Dims = append(p.Dims, proto.Dim{Param: n})
		}
		return p
	}
	m := &proto.Model{IRVersion: 10, OpsetImports: []proto.OperatorSet{{Version: 21}}, DocString: "of the model",
		Metadata: []proto.StringPair{{Key: "author", Value: "nobody"}, {Key: "licence", Value: "none"}},
		Graph: &proto.Graph{Name: "main", DocString: "of the graph",
			Inputs:  []*proto.ValueInfo{{Name: "x", Type: dims("batch", "2 * seq + 1"), DocString: "of x"}, {Name: "shape", Type: &proto.Type{Kind: proto.TypeTensor, Elem: 7, HasShape: true, Dims: []proto.Dim{{Value: 2, HasValue: true}}}}},
			Outputs: []*proto.ValueInfo{{Name: "y", Type: dims("batch", "2*seq + 1"), DocString: "of y"}, {Name: "z", Type: dims("any", "thing")}},
			Nodes: []*proto.Node{{Name: "act", OpType: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}},
				{Name: "re", OpType: "Reshape", Inputs: []string{"y", "shape"}, Outputs: []string{"z"}}}}}
	g, err := onnx.Import(m)
	if err != nil {
		t.Fatal(err)
	}
	written, err := export.Model(g, export.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := proto.Decode(written.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if got.DocString != m.DocString || !slices.Equal(got.Metadata, m.Metadata) || got.Graph.Name != "main" || got.Graph.DocString != "of the graph" {
		t.Errorf("got %+v of %+v", got, got.Graph)
	}
	for i, v := range got.Graph.Inputs {
		if w := m.Graph.Inputs[i]; v.Name != w.Name || v.DocString != w.DocString {
			t.Errorf("input %+v, expected %+v", v, w)
		}
	}
	for i, v := range got.Graph.Outputs {
		w := m.Graph.Outputs[i]
		if v.Name != w.Name || v.DocString != w.DocString || len(v.Type.Dims) != 2 || v.Type.Dims[0] != w.Type.Dims[0] || v.Type.Dims[1] != w.Type.Dims[1] {
			t.Errorf("result %+v %+v, expected %+v %+v", v, v.Type, w, w.Type)
		}
	}
	for i, n := range got.Graph.Nodes {
		if n.Name != m.Graph.Nodes[i].Name {
			t.Errorf("node %q, expected %q", n.Name, m.Graph.Nodes[i].Name)
		}
	}
}
