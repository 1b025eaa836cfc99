package inputs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// lookup is y = table[ids] + x, with a table of three rows.
func lookup(t *testing.T) *gocompile.Model {
	t.Helper()
	info := func(name string, elem tensor.DType, dims ...proto.Dim) *proto.ValueInfo {
		return &proto.ValueInfo{Name: name, Type: &proto.Type{Kind: proto.TypeTensor, Elem: int32(elem), HasShape: true, Dims: dims}}
	}
	n, two := proto.Dim{Param: "n"}, proto.Dim{Value: 2, HasValue: true}
	p := &proto.Model{IRVersion: 8, OpsetImports: []proto.OperatorSet{{Version: 17}}, Graph: &proto.Graph{Name: "lookup",
		Nodes: []*proto.Node{
			{OpType: "Gather", Inputs: []string{"table", "ids"}, Outputs: []string{"rows"}},
			{OpType: "Add", Inputs: []string{"rows", "x"}, Outputs: []string{"y"}},
		},
		Initializers: []*proto.Tensor{proto.FromTensor("table", tensor.New(tensor.Float32, 3, 2))},
		Inputs:       []*proto.ValueInfo{info("ids", tensor.Int64, n), info("x", tensor.Float32, n, two)},
		Outputs:      []*proto.ValueInfo{info("y", tensor.Float32, n, two)}}}
	m, err := gocompile.Compile(p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestGenerate(t *testing.T) {
	m := lookup(t)
	values := map[string]tensor.Value{}
	if err := Generate(m, map[string]int{"n": 100}, 1, values); err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for i := range 100 {
		seen[values["ids"].(*tensor.Tensor).Int64(i)] = true
	}
	if len(seen) != 3 || !seen[0] || !seen[1] || !seen[2] {
		t.Errorf("rows %v are chosen of three", seen)
	}
	again := map[string]tensor.Value{"ids": values["ids"]} // which says what n is
	if err := Generate(m, nil, 1, again); err != nil || !tensor.Equal(again["x"].(*tensor.Tensor), values["x"].(*tensor.Tensor)) {
		t.Errorf("the same seed gives other values, %v", err)
	}
	var missing *gocompile.MissingDimsError
	if err := Generate(m, nil, 1, map[string]tensor.Value{}); !errors.As(err, &missing) || len(missing.Dims) != 1 || missing.Dims[0].Name != "n" {
		t.Errorf("error %v does not name the dimension", err)
	}
	if err := Generate(m, map[string]int{"n": 1 << 40}, 1, map[string]tensor.Value{}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("error %v", err)
	}
}

func TestWriteFolder(t *testing.T) {
	dir := t.TempDir()
	x := tensor.Must([]float32{1, 2}, 2)
	if err := WriteFolder(dir, []string{"a", "b"}, map[string]tensor.Value{"b": x, "a": tensor.Scalar(int64(3))}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "input_1.pb"))
	if err != nil {
		t.Fatal(err)
	}
	if name, y, err := proto.DecodeTensor(b); err != nil || name != "b" || !tensor.Equal(x, y) {
		t.Errorf("%q, %v, %v", name, y, err)
	}
	if err := WriteFolder(dir, []string{"c"}, nil); err == nil {
		t.Error("a value that is missing is no error")
	}
}
