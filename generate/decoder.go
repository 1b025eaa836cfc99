package generate

import (
	"context"
	"fmt"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/ir"
	"github.com/gocompile/gocompile/tensor"
)

// Source scores the token that follows a sequence, which it keeps.
type Source interface {
	// Next appends tokens to the sequence and returns a score for each token of the vocabulary, a logarithm of its probability up to a constant. The
	// scores may be overwritten, and are good until the next call. After an error the sequence is as it was.
	Next(ctx context.Context, tokens []int64) ([]float32, error)
	// Truncate takes the sequence back to its first n tokens.
	Truncate(n int) error
	// Fork returns a source that goes on from a copy of the sequence.
	Fork() (Source, error)
}

// Decoder is a model as a [Source], for one sequence.
type Decoder struct {
	// Inputs are given to every step beside the tokens; nil for models that need none. What [gocompile.Stateful.Step] finds out by itself may
	// be left out.
	Inputs map[string]tensor.Value

	steps         *gocompile.Stateful
	tokens        string
	narrow        bool // tokens are int32
	scores        string
	probabilities bool // rather than logits
	in            map[string]tensor.Value
}

// NewDecoder finds the input and the output of a model that are tokens, integers [batch, positions], and scores, [batch, positions, vocabulary] or [batch,
// vocabulary]. It is an error if there is more than one candidate. Scores of a model whose output is called probs or probabilities are those.
func NewDecoder(s *gocompile.Stateful) (*Decoder, error) {
	d := &Decoder{steps: s, in: map[string]tensor.Value{}}
	var tokens, scores []gocompile.Port
	for _, p := range s.Inputs() {
		if rank, ok := p.Type.Rank(); ok && rank == 2 && (p.Type.Elem == tensor.Int64 || p.Type.Elem == tensor.Int32) && !besideTokens(p.Name) {
			tokens = append(tokens, p)
		}
	}
	for _, p := range s.Outputs() {
		if rank, ok := p.Type.Rank(); (!ok || rank == 2 || rank == 3) && p.Type.Elem == tensor.Float32 {
			scores = append(scores, p)
		}
	}
	if scores = named(scores, "logits"); len(tokens) != 1 || len(scores) != 1 {
		return nil, fmt.Errorf("wants one input of tokens, integers [batch, positions], and one output of scores; the steps take %v and give %v",
			s.Inputs(), s.Outputs())
	}
	d.tokens, d.narrow = tokens[0].Name, tokens[0].Type.Elem == tensor.Int32
	d.scores, d.probabilities = scores[0].Name, strings.HasPrefix(scores[0].Name, "prob")
	return d, nil
}

// besideTokens reports whether an input of integers is one of those that go with tokens.
func besideTokens(name string) bool {
	return name == "attention_mask" || name == "position_ids" || name == "token_type_ids"
}

// named is the one port of a name, or all if there is none.
func named(ports []gocompile.Port, name string) []gocompile.Port {
	for _, p := range ports {
		if p.Name == name {
			return []gocompile.Port{p}
		}
	}
	return ports
}

// Next implements [Source].
func (d *Decoder) Next(ctx context.Context, tokens []int64) ([]float32, error) {
	if len(tokens) == 0 {
		return nil, fmt.Errorf("no tokens to go on from")
	}
	for name, x := range d.Inputs {
		d.in[name] = x
	}
	d.in[d.tokens] = tensor.Must(tokens, 1, len(tokens))
	if d.narrow {
		x := tensor.New(tensor.Int32, 1, len(tokens))
		for i, id := range tokens {
			x.SetInt64(i, id)
		}
		d.in[d.tokens] = x
	}
	out, err := d.steps.Step(ctx, d.in, gocompile.LastOnly)
	if err != nil {
		return nil, err
	}
	t, ok := out[d.scores].(*tensor.Tensor)
	if !ok || t.DType() != tensor.Float32 || t.Rank() == 0 || t.Len() == 0 {
		return nil, fmt.Errorf("output %q is %v, not scores of tokens", d.scores, ir.TypeOf(out[d.scores]))
	}
	all := tensor.Data[float32](t)
	last := all[len(all)-t.Dim(t.Rank()-1):]
	if d.probabilities {
		logarithms(last)
	}
	return last, nil
}

// Truncate implements [Source].
func (d *Decoder) Truncate(n int) error { return d.steps.Truncate(n) }

// Fork implements [Source].
func (d *Decoder) Fork() (Source, error) {
	steps, err := d.steps.Fork()
	if err != nil {
		return nil, err
	}
	f := *d
	f.steps, f.in = steps, map[string]tensor.Value{}
	return &f, nil
}
