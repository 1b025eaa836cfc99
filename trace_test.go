package gocompile

import (
	"context"
	"testing"

	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/ir/op"
	"github.com/gocompile/gocompile/tensor"
)

// Trace gives what the nodes that compute the outputs give, and inner values of the shapes that the graph says.
func TestTrace(t *testing.T) {
	m, err := Load("examples/dates/transformer/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	named := recorded(t, "transformer")
	var in []tensor.Value
	for _, p := range m.Inputs() {
		in = append(in, named[p.Name])
	}
	want, err := m.NewSession().RunOrdered(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	last := m.Graph().Outputs()[0].Value.Def()
	nodes, values, err := m.Trace(context.Background(), in, func(n *ir.Node) bool {
		_, product := n.Op.(*op.MatMul)
		return product || n == last
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) < 5 || len(nodes) != len(values) {
		t.Fatalf("%d nodes, %d values", len(nodes), len(values))
	}
	for i, n := range nodes {
		x := values[i].(*tensor.Tensor)
		if r, _ := n.Out()[0].Type.Rank(); r != x.Rank() {
			t.Errorf("%v gives shape %v", n, x.Shape())
		}
		if n == last && !closeTo(x, want[0].(*tensor.Tensor)) {
			t.Error("the last node gives something else than the model")
		}
	}
	if _, _, err := m.Trace(context.Background(), nil, func(*ir.Node) bool { return true }); err == nil {
		t.Error("it runs without inputs")
	}
}

// closeTo compares within rounding, as steps are fused in other ways.
func closeTo(x, y *tensor.Tensor) bool {
	if x.Len() != y.Len() {
		return false
	}
	for i := range x.Len() {
		if d := x.Float64(i) - y.Float64(i); !(d*d <= 1e-8) {
			return false
		}
	}
	return true
}
