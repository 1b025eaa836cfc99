package conformance

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/frontends/onnx"
	"github.com/gocompile/gocompile/frontends/onnx/export"
	"github.com/gocompile/gocompile/frontends/onnx/proto"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Runtime is a way of running a model.
type Runtime struct {
	Name string
	// Run computes the outputs of a model, in its order, from inputs by name.
	Run func(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error)
}

// Runtimes lists all runtimes.
//
//	reference     the graph as imported, evaluated one operator after another in plain Go
//	cpu-raw       the CPU back end without passes
//	cpu           the CPU back end with all passes
//	symbolic      as reference, after every input dimension was made a symbol
//	cpu-symbolic  as cpu, after the same
//	export        as reference, of what the passes made of the model, written as ONNX and read again
func Runtimes() []Runtime {
	return []Runtime{
		{"reference", Reference},
		{"cpu-raw", compiled(gocompile.WithoutPasses())},
		{"cpu", compiled()},
		{"symbolic", Symbolic},
		{"cpu-symbolic", compiledSymbolic},
		{"export", Exported(export.Options{})},
	}
}

// RuntimeByName returns one of Runtimes.
func RuntimeByName(name string) (Runtime, error) {
	var known []string
	for _, r := range Runtimes() {
		if r.Name == name {
			return r, nil
		}
		known = append(known, r.Name)
	}
	return Runtime{}, fmt.Errorf("no runtime %q; there are %v", name, known)
}

// Safe runs a model and turns a panic into an error, so that one case cannot end the run of a suite.
func (r Runtime) Safe(ctx context.Context, model []byte, inputs map[string]tensor.Value) (out []tensor.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("PANIC: %v\n%s", p, debug.Stack())
		}
	}()
	return r.Run(ctx, model, inputs)
}

// Reference evaluates the imported graph; actual shapes are checked against the inferred ones on the way.
func Reference(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
	m, err := proto.Decode(model)
	if err != nil {
		return nil, err
	}
	return evaluate(ctx, m, inputs)
}

func evaluate(ctx context.Context, m *proto.Model, inputs map[string]tensor.Value) ([]tensor.Value, error) {
	g, err := onnx.Import(m)
	if err != nil {
		return nil, err
	}
	in := make([]tensor.Value, len(g.Inputs()))
	for i, v := range g.Inputs() {
		if in[i] = inputs[v.Name]; in[i] == nil {
			return nil, fmt.Errorf("no value for input %q", v.Name)
		}
	}
	out, err := ir.Evaluate(ctx, g, in, nil)
	if err != nil {
		return nil, err
	}
	for _, o := range g.Outputs() {
		if t := o.Value.Type; t.IsTensor() && t.Elem == tensor.Invalid {
			return nil, fmt.Errorf("the element type of output %q was not inferred", o.Name)
		}
	}
	return out, nil
}

func compiled(options ...gocompile.Option) func(context.Context, []byte, map[string]tensor.Value) ([]tensor.Value, error) {
	return func(ctx context.Context, model []byte, inputs map[string]tensor.Value) ([]tensor.Value, error) {
		m, err := gocompile.Compile(model, options...)
		if err != nil {
			return nil, err
		}
		defer m.Close()
		in := make([]tensor.Value, len(m.Inputs()))
		for i, p := range m.Inputs() {
			if in[i] = inputs[p.Name]; in[i] == nil {
				return nil, fmt.Errorf("no value for input %q", p.Name)
			}
		}
		return m.NewSession().RunOrdered(ctx, in)
	}
}
