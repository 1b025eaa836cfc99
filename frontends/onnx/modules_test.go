package onnx_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
)

func TestModules(t *testing.T) {
	scopes := func(s string) []proto.StringPair {
		return []proto.StringPair{{Key: "pkg.torch.onnx.name_scopes", Value: s}}
	}
	m := &proto.Model{Graph: &proto.Graph{Nodes: []*proto.Node{
		{Name: "node_1", Metadata: scopes("['', 'bert', 'bert.layer.0', 'add_3']")},
		{Name: "node_2", Metadata: scopes("['', 'add_3']")},
		{Name: "/enc/layer.0/Add", Metadata: scopes("nonsense")},
		{Name: "/Add"},
		{Name: "Add_7"},
		{},
		{Name: "/enc/If", Attributes: []*proto.Attribute{{G: &proto.Graph{Nodes: []*proto.Node{{Name: "then/Mul"}}}}}},
	}}}
	want := map[string][]string{"node_1": {"bert", "layer", "0"}, "/enc/layer.0/Add": {"enc", "layer.0"}, "/enc/If": {"enc"}, "then/Mul": {"then"}}
	if got := onnx.Modules(m); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := onnx.Modules(&proto.Model{}); len(got) != 0 {
		t.Errorf("a model without a graph has %q", got)
	}
}
