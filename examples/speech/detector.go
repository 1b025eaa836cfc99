package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

const (
	rate  = 16000 // samples a second
	chunk = 512   // samples that the model reads at a time
	past  = 64    // samples before them that it wants to see again
)

// detector tells how probable it is that somebody speaks, chunk by chunk.
type detector struct {
	steps  *gocompile.Stateful
	inputs map[string]tensor.Value
	heard  []float32 // the memory of the input: the end of the chunk before, and the chunk
	output string
}

// newDetector finds the input of sound, f32[1, samples], and the output of one probability; the rate, where a model asks for it, is the input sr.
func newDetector(model *gocompile.Model) (*detector, error) {
	steps, err := model.NewStateful()
	if err != nil {
		return nil, err
	}
	d := &detector{steps: steps, inputs: map[string]tensor.Value{}, heard: make([]float32, past+chunk)}
	in, out := steps.Inputs(), steps.Outputs()
	if k := slices.IndexFunc(in, func(p gocompile.Port) bool { return p.Name == "sr" && p.Type.Elem == tensor.Int64 }); k >= 0 {
		d.inputs["sr"] = tensor.Scalar(int64(rate))
		in = slices.Delete(in, k, k+1)
	}
	if len(in) != 1 || len(out) != 1 || in[0].Type.Elem != tensor.Float32 || out[0].Type.Elem != tensor.Float32 {
		return nil, fmt.Errorf("no detector of speech: beside its state and sr it should take sound and give a probability, both float32; it takes %v and gives %v", in, out)
	}
	d.inputs[in[0].Name] = tensor.Must(d.heard, 1, len(d.heard))
	d.output = out[0].Name
	return d, nil
}

// probability is that of speech in the next samples, a chunk of them.
func (d *detector) probability(ctx context.Context, samples []float32) (float64, error) {
	copy(d.heard, d.heard[chunk:])
	copy(d.heard[past:], samples)
	out, err := d.steps.Step(ctx, d.inputs)
	if err != nil {
		return 0, err
	}
	p, ok := out[d.output].(*tensor.Tensor)
	if !ok || p.Len() != 1 {
		return 0, fmt.Errorf("output %q is %v, not one probability", d.output, ir.TypeOf(out[d.output]))
	}
	return p.Float64(0), nil
}
