package export

import (
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/ir/sym"
	"github.com/gocompile/gocompile/tensor"
)

// TestWriteExternal writes weights beside the model and reads them back.
func TestWriteExternal(t *testing.T) {
	g := ir.NewGraph("g", sym.NewScope())
	x := g.AddInput("x", ir.StaticType(tensor.Float32, 3000))
	w := tensor.New(tensor.Float32, 3000)
	for i := range w.Len() {
		w.SetFloat64(i, float64(i))
	}
	n, err := g.Add(&op.Binary{Fn: op.Add}, x, g.Const(w))
	if err != nil {
		t.Fatal(err)
	}
	g.SetOutputs(ir.Output{Name: "y", Value: n.Out()[0]})
	m, err := Model(g, Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := write(path, m, 1000); err != nil {
		t.Fatal(err)
	}
	f, err := proto.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := f.Graph.Initializers[0]
	if !p.IsExternal || len(p.Raw) > 0 {
		t.Fatalf("the weights are not beside the model: %d bytes inside", len(p.Raw))
	}
	got, err := f.Model.Tensor(p)
	if err != nil || !tensor.Equal(got, w) {
		t.Fatalf("got %v, %v", got, err)
	}
}
