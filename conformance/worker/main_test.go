package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile/conformance"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// TestAnswers runs good and bad cases in one worker: every line gets an answer.
func TestAnswers(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	info := func(name string) []*proto.ValueInfo {
		return []*proto.ValueInfo{{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(tensor.Float32)}}}
	}
	m := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: &proto.Graph{Name: "g",
		Nodes: []*proto.Node{{OpType: "Neg", Inputs: []string{"x"}, Outputs: []string{"y"}}}, Inputs: info("x"), Outputs: info("y")}}
	input := proto.EncodeValue("x", tensor.Must([]float32{1, -2}, 2))
	for name, b := range map[string][]byte{
		"test_good/model.onnx": m.Encode(), "test_good/test_data_set_0/input_0.pb": input,
		"test_broken/model.onnx": []byte("\x0a\xff\xff"), "test_broken/test_data_set_0/input_0.pb": input,
		"test_unset/model.onnx": m.Encode(),
	} {
		f := filepath.Join(dir, "node", name)
		if err := os.MkdirAll(filepath.Dir(f), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(f, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node := filepath.Join(dir, "node")
	ask := func(rt conformance.Runtime, names ...string) []answer {
		t.Helper()
		var in strings.Builder
		for _, n := range names {
			fmt.Fprintln(&in, filepath.Join(node, n))
		}
		var w bytes.Buffer
		if err := answerAll(rt, strings.NewReader(in.String()), &w, out); err != nil {
			t.Fatal(err)
		}
		var list []answer
		for d := json.NewDecoder(&w); d.More(); {
			var a answer
			if err := d.Decode(&a); err != nil {
				t.Fatal(err)
			}
			list = append(list, a)
		}
		if len(list) != len(names) {
			t.Fatalf("%d answers to %d lines", len(list), len(names))
		}
		return list
	}
	for _, rt := range conformance.Runtimes() {
		list := ask(rt, "test_missing", "test_broken", "test_unset", "test_good")
		for _, a := range list[:3] {
			if a.Status != "unsupported" || a.Msg == "" {
				t.Errorf("%s: bad case: %+v", rt.Name, a)
			}
		}
		if a := list[3]; a.Status != "ran" || len(a.Outputs) != 1 {
			t.Fatalf("%s: %+v", rt.Name, a)
		}
		b, err := os.ReadFile(list[3].Outputs[0])
		if err != nil {
			t.Fatal(err)
		}
		if name, y, err := proto.DecodeTensor(b); err != nil || name != "y" || !tensor.Equal(y, tensor.Must([]float32{-1, 2}, 2)) {
			t.Errorf("%s: %s = %v, %v", rt.Name, name, y, err)
		}
	}
	panics := conformance.Runtime{Name: "panics", Run: func(context.Context, []byte, map[string]tensor.Value) ([]tensor.Value, error) { panic("no") }}
	if a := ask(panics, "test_good")[0]; a.Status != "unsupported" || !strings.Contains(a.Msg, "no") {
		t.Errorf("after a panic: %+v", a)
	}
}
