package main

import (
	"reflect"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx"
)

func TestBlocks(t *testing.T) {
	var list []onnx.Parameter
	add := func(path string, n int64) { list = append(list, onnx.Parameter{Path: path, Count: n}) }
	add("embed.word.weight", 100)
	add("embed.norm.weight", 4)
	for _, layer := range []string{"0", "1", "2"} {
		add("encoder.layer."+layer+".query.weight", 16)
		add("encoder.layer."+layer+".ffn.0.bias", 4)
	}
	add("encoder.layer.3.query.weight", 8)
	add("encoder.norm.weight", 4)
	add("scale", 1)
	list = append(list, onnx.Parameter{Path: "embed.positions", Count: 1000, Table: true})
	want := []block{
		{"embed", 1, 104, 104},
		{"encoder.layer.0…2", 3, 20, 60},
		{"encoder.layer.3", 1, 8, 8},
		{"encoder.norm", 1, 4, 4},
		{"scale", 1, 1, 1},
	}
	if got := blocks(list); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, expected %v", got, want)
	}
}
