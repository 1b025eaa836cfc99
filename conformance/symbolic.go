package conformance

import (
	"context"
	"fmt"

	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/tensor"
)

// Symbolic evaluates the model with a symbol of its own for every constant dimension of an input, and with the declared shapes
// of all other values forgotten, so that every shape is inferred; the inferred shapes are checked against the actual ones.
func Symbolic(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
	m, err := symbolic(model)
	if err != nil {
		return nil, err
	}
	return evaluate(ctx, m, inputs)
}

// compiledSymbolic is [Symbolic] on the CPU back end with all passes.
func compiledSymbolic(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
	m, err := symbolic(model)
	if err != nil {
		return nil, err
	}
	return compiled()(ctx, m.Encode(), inputs)
}

func symbolic(model []byte) (*proto.Model, error) {
	m, err := proto.Decode(model)
	if err != nil {
		return nil, err
	}
	if m.Graph != nil {
		for i, in := range m.Graph.Inputs {
			name(in.Type, fmt.Sprintf("input%d", i))
		}
		forgetResults(m.Graph)
	}
	return m, nil
}

// forgetResults drops what a graph declares of its outputs' shapes and of the values in between.
func forgetResults(g *proto.Graph) {
	for _, out := range g.Outputs {
		forget(out.Type)
	}
	g.ValueInfo = nil
}

// name replaces the constant dimensions of a tensor; items of sequences differ in shape and get none.
func name(t *proto.Type, prefix string) {
	if t == nil {
		return
	}
	if t.Kind != proto.TypeTensor {
		forget(t)
		return
	}
	for i, d := range t.Dims {
		if d.HasValue {
			t.Dims[i] = proto.Dim{Param: fmt.Sprintf("%s_%d", prefix, i)}
		}
	}
}

func forget(t *proto.Type) {
	for ; t != nil; t = t.Item {
		t.HasShape, t.Dims = false, nil
	}
}
