package conformance

import (
	"context"

	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/passes"
	"github.com/gocompile/gocompile/tensor"
)

// Exported evaluates what the passes made of a model, after it was written as ONNX and read again.
func Exported(o export.Options) func(context.Context, []byte, map[string]tensor.Value) ([]tensor.Value, error) {
	return func(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
		m, err := proto.Decode(model)
		if err != nil {
			return nil, err
		}
		g, err := onnx.Import(m)
		if err != nil {
			return nil, err
		}
		if _, err := passes.Optimize(g, passes.Options{}); err != nil {
			return nil, err
		}
		if m, err = export.Model(g, o); err != nil {
			return nil, err
		}
		if m, err = proto.Decode(m.Encode()); err != nil {
			return nil, err
		}
		return evaluate(ctx, m, inputs)
	}
}
