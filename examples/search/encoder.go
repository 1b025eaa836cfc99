package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// encoder turns texts into vectors of length 1.
type encoder struct {
	model     *gocompile.Model
	session   *gocompile.Session
	tokenizer *tokenizer
	inputs    []string // of the three that encoders have, those of the model
	output    string
}

// newEncoder finds the inputs by their names, and the output: sentence_embedding, f32[texts, size], or else the only one that is f32[texts, tokens, size].
func newEncoder(model *gocompile.Model, t *tokenizer) (*encoder, error) {
	e := &encoder{model: model, session: model.NewSession(), tokenizer: t}
	for _, p := range model.Inputs() {
		if p.Type.Elem != tensor.Int64 || !slices.Contains([]string{"input_ids", "attention_mask", "token_type_ids"}, p.Name) {
			return nil, fmt.Errorf("wants a model of input_ids, attention_mask and token_type_ids, all int64; this one takes %v", model.Inputs())
		}
		e.inputs = append(e.inputs, p.Name)
	}
	for _, p := range model.Outputs() {
		rank, ok := p.Type.Rank()
		switch {
		case p.Type.Elem != tensor.Float32 || !ok:
		case p.Name == "sentence_embedding" && rank == 2:
			e.output = p.Name
			return e, nil
		case rank == 3 && e.output == "":
			e.output = p.Name
		}
	}
	if e.output == "" {
		return nil, fmt.Errorf("wants a model of vectors, sentence_embedding f32[texts, size] or f32[texts, tokens, size]; this one gives %v", model.Outputs())
	}
	return e, nil
}

func (e *encoder) close() { e.model.Close() }

// padding is a multiple to which texts are made longer, so that batches are of few different sizes.
const padding = 8

// vectors are those of texts, which the model reads together.
func (e *encoder) vectors(ctx context.Context, texts [][]int64) ([][]float32, error) {
	longest := 1
	for _, t := range texts {
		longest = max(longest, len(t))
	}
	longest = (longest + padding - 1) / padding * padding
	ids, mask := tensor.New(tensor.Int64, len(texts), longest), tensor.New(tensor.Int64, len(texts), longest)
	for i, t := range texts {
		copy(tensor.Data[int64](ids)[i*longest:], t)
		for k := range t {
			mask.SetInt64(i*longest+k, 1)
		}
	}
	all := map[string]tensor.Value{"input_ids": ids, "attention_mask": mask, "token_type_ids": tensor.New(tensor.Int64, len(texts), longest)}
	in := map[string]tensor.Value{}
	for _, name := range e.inputs {
		in[name] = all[name]
	}
	results, err := e.session.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	out, ok := results[e.output].(*tensor.Tensor)
	if !ok || out.Rank() < 2 || out.Dim(0) != len(texts) || out.Rank() == 3 && out.Dim(1) != longest {
		return nil, fmt.Errorf("output %q is %v for %d texts of %d tokens", e.output, ir.TypeOf(results[e.output]), len(texts), longest)
	}
	size, data := out.Dim(out.Rank()-1), tensor.Data[float32](out)
	vectors := make([][]float32, len(texts))
	for i, t := range texts {
		v := make([]float32, size)
		if out.Rank() == 2 {
			copy(v, data[i*size:])
		} else {
			for k := range t { // the mean but for its length, without the padding
				for j, x := range data[(i*longest+k)*size:][:size] {
					v[j] += x
				}
			}
		}
		normalise(v)
		vectors[i] = v
	}
	return vectors, nil
}

// normalise makes the length of a vector 1, unless it is 0.
func normalise(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	scale := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= scale
	}
}
