package generate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/gocompile/gocompile"
)

// Token is one that was chosen.
type Token struct {
	ID int64
	// LogProb is the natural logarithm of the probability that the model gave the token, before penalty, temperature and the like; 0 unless
	// Options.LogProbs is set.
	LogProb float64
}

// Reason says why a call of [Generator.Tokens] ended.
type Reason int

// The reasons to end.
const (
	Running      Reason = iota // it has not, or the caller left, or an error ended it
	StopToken                  // one of Options.Stop
	StopSequence               // one of Options.StopSequences, or Options.Until
	Length                     // Options.MaxTokens
	Full                       // the cache has no room for another position
)

// String names the reason.
func (r Reason) String() string {
	if names := []string{"running", "stop token", "stop sequence", "length", "full"}; r >= 0 && int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("Reason(%d)", int(r))
}

// Generator writes one sequence, in as many calls as it takes. It is not safe for concurrent use.
type Generator struct {
	source  Source
	sampler sampler
	history []int64 // prompts and tokens
	fed     int     // of these, what the source has
	reason  Reason
	scores  []float32
	draft   *draft // nil: tokens come one by one
}

// New makes a generator of a sequence that is empty, as that of the source must be.
func New(s Source, o Options) *Generator {
	return &Generator{source: s, sampler: sampler{Options: o, rand: rand.New(rand.NewPCG(o.Seed, ^o.Seed))}}
}

// Options returns the options, to be changed between calls of Tokens. A change of the seed has no effect.
func (g *Generator) Options() *Options { return &g.sampler.Options }

// History is all of the sequence so far: prompts and tokens, those that stopped it included. It is not to be modified.
func (g *Generator) History() []int64 { return g.history }

// Reason says why the last call of Tokens ended.
func (g *Generator) Reason() Reason { return g.reason }

// Tokens appends a prompt to the sequence and goes on from there, token by token, until a condition of the options ends it or the caller leaves the
// loop. An error, among them that of ctx, ends it too; what was not handed out is not part of the sequence, and another call goes on. The prompt
// may be empty if the sequence is not.
func (g *Generator) Tokens(ctx context.Context, prompt []int64) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		if err := g.begin(prompt); err != nil {
			yield(Token{}, err)
			return
		}
		for g.reason == Running {
			t, err := g.next(ctx)
			switch {
			case g.isFull(err):
				g.reason = Full
			case err != nil:
				yield(Token{}, err)
				return
			case g.accept(t) && !yield(t, nil):
				g.reason = Running
				return
			}
		}
	}
}

// begin starts a call with a prompt.
func (g *Generator) begin(prompt []int64) error {
	g.reason = Running
	if err := g.sampler.check(); err != nil {
		return err
	}
	if err := g.settle(); err != nil {
		return err
	}
	g.history = append(g.history, prompt...)
	if g.sampler.first = len(g.history); g.fed == len(g.history) {
		return errors.New("there is no token to go on from: the prompt is empty")
	}
	return nil
}

// isFull reports whether an error says that the cache has no room for what the call has chosen.
func (g *Generator) isFull(err error) bool {
	var full *gocompile.FullError
	return errors.As(err, &full) && len(g.history) > g.sampler.first
}

// next chooses the token after the sequence.
func (g *Generator) next(ctx context.Context) (Token, error) {
	if err := ctx.Err(); err != nil {
		return Token{}, err
	}
	if g.draft != nil {
		return g.drafted(ctx)
	}
	scores, err := g.source.Next(ctx, g.history[g.fed:])
	if err != nil {
		return Token{}, err
	}
	g.fed = len(g.history)
	return g.choose(scores)
}

// choose takes the token after the sequence by its scores.
func (g *Generator) choose(scores []float32) (Token, error) {
	if len(scores) == 0 {
		return Token{}, errors.New("the source gives no scores")
	}
	if g.sampler.LogProbs {
		g.scores = append(g.scores[:0], scores...)
	}
	t := Token{}
	var err error
	if t.ID, err = g.sampler.choose(scores, g.history); err == nil && g.sampler.LogProbs {
		t.LogProb = logProb(g.scores, t.ID)
	}
	return t, err
}

// accept appends a token to the sequence, notes whether that ends the call, and reports whether it is to be handed out.
func (g *Generator) accept(t Token) bool {
	g.history = append(g.history, t.ID)
	if slices.Contains(g.sampler.Stop, t.ID) {
		g.reason = StopToken
		return false
	}
	g.reason = g.ended(g.history[g.sampler.first:])
	return true
}

// ended says whether the tokens of a call are enough.
func (g *Generator) ended(tokens []int64) Reason {
	o := &g.sampler.Options
	for _, s := range o.StopSequences {
		if len(s) > 0 && len(s) <= len(tokens) && slices.Equal(tokens[len(tokens)-len(s):], s) {
			return StopSequence
		}
	}
	switch {
	case o.Until != nil && o.Until(tokens):
		return StopSequence
	case o.MaxTokens > 0 && len(tokens) >= o.MaxTokens:
		return Length
	}
	return Running
}

// Truncate takes the sequence back to its first n tokens; what follows is written anew. For sources that cannot go back it is an error, unless n is all or 0.
func (g *Generator) Truncate(n int) error {
	if n < 0 || n > len(g.history) {
		return fmt.Errorf("the sequence has %d tokens, not %d to go back to", len(g.history), n)
	}
	if err := g.settle(); err != nil {
		return err
	}
	// The scores of the last token are not kept, so the source must see it again.
	if err := g.back(max(0, n-1)); err != nil {
		return err
	}
	g.history = g.history[:n]
	return nil
}

// back takes what the sources have back to the first n tokens.
func (g *Generator) back(n int) error {
	if n < g.fed {
		if err := g.source.Truncate(n); err != nil {
			return err
		}
		g.fed = n
	}
	return g.draft.back(n)
}

// Fork returns a generator that goes on from a copy of the sequence with draws of its own seed.
func (g *Generator) Fork(seed uint64) (*Generator, error) {
	if err := g.settle(); err != nil {
		return nil, err
	}
	s, err := g.source.Fork()
	if err != nil {
		return nil, err
	}
	o := g.sampler.Options
	o.Seed = seed
	f := New(s, o)
	f.history, f.fed = slices.Clone(g.history), g.fed
	f.draft, err = g.draft.fork()
	return f, err
}
