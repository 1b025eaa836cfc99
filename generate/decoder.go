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

	steps *gocompile.Stateful
	ports
	in map[string]tensor.Value
}

// NewDecoder finds the input and the output of a model that are tokens, integers [batch, positions], and scores, [batch, positions, vocabulary] or [batch,
// vocabulary]. It is an error if there is more than one candidate. Scores of a model whose output is called probs or probabilities are those.
func NewDecoder(s *gocompile.Stateful) (*Decoder, error) {
	p, err := findPorts(s.Inputs(), s.Outputs())
	return &Decoder{steps: s, ports: p, in: map[string]tensor.Value{}}, err
}

// ports are what a model has of tokens and their scores.
type ports struct {
	tokens        string
	narrow        bool // tokens are int32
	scores        string
	probabilities bool // rather than logits
}

func findPorts(inputs, outputs []gocompile.Port) (ports, error) {
	var tokens, scores []gocompile.Port
	for _, p := range inputs {
		if rank, ok := p.Type.Rank(); ok && rank == 2 && (p.Type.Elem == tensor.Int64 || p.Type.Elem == tensor.Int32) && !besideTokens(p.Name) {
			tokens = append(tokens, p)
		}
	}
	for _, p := range outputs {
		if rank, ok := p.Type.Rank(); (!ok || rank == 2 || rank == 3) && p.Type.Elem == tensor.Float32 {
			scores = append(scores, p)
		}
	}
	if scores = named(scores, "logits"); len(tokens) != 1 || len(scores) != 1 {
		return ports{}, fmt.Errorf("wants one input of tokens, integers [batch, positions], and one output of scores; the steps take %v and give %v", inputs, outputs)
	}
	return ports{tokens[0].Name, tokens[0].Type.Elem == tensor.Int32, scores[0].Name, strings.HasPrefix(scores[0].Name, "prob")}, nil
}

// input is a tensor of tokens.
func (p *ports) input(tokens []int64, shape ...int) *tensor.Tensor {
	if !p.narrow {
		return tensor.Must(tokens, shape...)
	}
	x := tensor.New(tensor.Int32, shape...)
	for i, id := range tokens {
		x.SetInt64(i, id)
	}
	return x
}

// rows are the scores of n positions, the last of all that an output has, behind one another.
func (p *ports) rows(out map[string]tensor.Value, n int) ([]float32, error) {
	t, ok := out[p.scores].(*tensor.Tensor)
	if !ok || t.DType() != tensor.Float32 || t.Rank() == 0 || t.Len() == 0 || t.Len() < n*t.Dim(t.Rank()-1) {
		return nil, fmt.Errorf("output %q is %v, not scores of tokens at %d positions", p.scores, ir.TypeOf(out[p.scores]), n)
	}
	all := tensor.Data[float32](t)
	last := all[len(all)-n*t.Dim(t.Rank()-1):]
	if p.probabilities {
		logarithms(last)
	}
	return last, nil
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
	return d.step(ctx, tokens, 1, gocompile.LastOnly)
}

// step appends tokens, and returns the scores behind the last n of them.
func (d *Decoder) step(ctx context.Context, tokens []int64, n int, options ...gocompile.StepOption) ([]float32, error) {
	for name, x := range d.Inputs {
		d.in[name] = x
	}
	d.in[d.tokens] = d.input(tokens, 1, len(tokens))
	out, err := d.steps.Step(ctx, d.in, options...)
	if err != nil {
		return nil, err
	}
	return d.rows(out, n)
}

// Score implements [Scorer].
func (d *Decoder) Score(ctx context.Context, tokens []int64, n int) ([]float32, error) {
	if n < 1 || n > len(tokens) {
		return nil, fmt.Errorf("scores behind %d of %d tokens cannot be had", n, len(tokens))
	}
	if n == 1 {
		return d.step(ctx, tokens, n, gocompile.LastOnly)
	}
	return d.step(ctx, tokens, n)
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
