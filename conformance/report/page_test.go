package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

func TestPage(t *testing.T) {
	others, err := readPeers(strings.NewReader("# head\ncase\tone\ttwo\nnode/test_a\tp\tu\nnode/test_b\tp\tp\n"))
	if err != nil {
		t.Fatal(err)
	}
	info := []*proto.ValueInfo{{Name: "x", Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32)}}}
	m := &proto.Model{IRVersion: 8, Graph: &proto.Graph{Nodes: []*proto.Node{{OpType: "Abs", Inputs: []string{"x"}, Outputs: []string{"y"}}}, Inputs: info}}
	set := conformance.Set{Inputs: [][]byte{proto.EncodeValue("x", tensor.Must([]float32{1}, 1))}}
	var cases []*conformance.Case
	for _, name := range []string{"test_a", "test_b"} {
		cases = append(cases, &conformance.Case{Group: "node", Name: name, Model: m.Encode(), Sets: []conformance.Set{set}})
	}
	cases = append(cases, &conformance.Case{Group: "node", Name: "test_c", Model: m.Encode(), Sets: []conformance.Set{set}})
	text := page(cases, []error{nil, errors.New("other values"), errors.New("other values")}, others, map[string]conformance.Exception{"node/test_c": {Reason: "it is wrong"}})
	for _, line := range []string{
		"| operator | cases | gocompile | one | two |", "| Abs | 2 | 1 | 2 | 1 |", "| f32 | 2 | 1 | 2 | 1 |", "| node | 2 | 1 | 2 | 1 |",
		"- node/test_b: other values", "- node/test_c: it is wrong", "Of the 1 passes of gocompile, 1 are by value and 0 by distribution.",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if _, err := readPeers(strings.NewReader("case\tone\nnode/test_a\tp\tp\n")); err == nil {
		t.Error("a row too long is accepted")
	}
}
