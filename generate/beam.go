package generate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gocompile/gocompile"
)

// BeamOptions are those of [Beam].
type BeamOptions struct {
	// Width is how many beginnings are kept after each token; 1 is greedy.
	Width int
	// MaxTokens is the greatest length.
	MaxTokens int
	// Results is how many are wanted, the Width if it is 0.
	Results int
	// LengthPenalty is the power of the length by which the logarithm of a probability is divided to compare sequences of different lengths: 0 compares
	// probabilities, 1 the mean of a token.
	LengthPenalty float64
	// Stop are tokens that end a sequence.
	Stop []int64
	// Constraint leaves only tokens that may follow; nil leaves all.
	Constraint Constraint
}

func (o *BeamOptions) check() error {
	switch {
	case o.Width < 1 || o.MaxTokens < 1 || o.Results < 0:
		return fmt.Errorf("a search takes Width and MaxTokens of 1 at least and no negative Results, got %d, %d and %d", o.Width, o.MaxTokens, o.Results)
	case !(o.LengthPenalty >= 0 && o.LengthPenalty <= math.MaxFloat32):
		return fmt.Errorf("the LengthPenalty must not be negative, got %g", o.LengthPenalty)
	}
	return nil
}

// score compares sequences: the logarithm of a probability, by length.
func (o *BeamOptions) score(logProb float64, length int) float64 {
	return logProb / math.Pow(float64(length), o.LengthPenalty)
}

// Hypothesis is a sequence that [Beam] found.
type Hypothesis struct {
	Tokens  []int64 // without the prompt, and without the token that ended it
	LogProb float64 // natural logarithm of its probability, the token that ended it included
	Score   float64 // LogProb by length
	Reason  Reason  // StopToken, Length or Full
}

// beam is a beginning that is kept.
type beam struct {
	source  Source
	tokens  []int64
	logProb float64
	scores  []float32
	root    bool // the source is the caller's
}

// extension is a beginning and a token behind it.
type extension struct {
	from    int
	id      int64
	logProb float64
}

// Beam searches for the most probable sequences behind a prompt: of all beginnings with one more token, the Width most probable ones are kept. It
// returns the best that ended, the best first. The source has the prompt afterwards, and nothing more; the beginnings are forks of it. Those of a
// [Member] take their steps together.
func Beam(ctx context.Context, s Source, prompt []int64, o BeamOptions) (found []Hypothesis, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Results == 0 {
		o.Results = o.Width
	}
	scores, err := s.Next(ctx, prompt)
	if err != nil {
		return nil, err
	}
	live := []beam{{source: s, scores: scores, root: true}}
	defer func() {
		for i := range live {
			live[i].close()
		}
	}()
	sampler := sampler{}
	for length := 1; len(live) > 0; length++ {
		next, ended, err := extend(&sampler, live, length, &o)
		if err != nil {
			return nil, err
		}
		found = append(found, ended...)
		if length == o.MaxTokens {
			found = append(found, asTheyAre(live, next, &o, Length)...)
			break
		}
		if found = best(found, &o); len(next) == 0 || len(found) == o.Results && o.score(next[0].logProb, o.MaxTokens) <= found[len(found)-1].Score {
			break
		}
		if live, err = follow(live, next); err != nil {
			return nil, err
		}
		var full *gocompile.FullError
		if err := advance(ctx, live); errors.As(err, &full) {
			for _, b := range live {
				found = append(found, Hypothesis{b.tokens, b.logProb, o.score(b.logProb, len(b.tokens)), Full})
			}
			break
		} else if err != nil {
			return nil, err
		}
	}
	return best(found, &o), nil
}

// extend lists the most probable extensions, the best first, and the sequences that end before as many are found.
func extend(s *sampler, live []beam, length int, o *BeamOptions) (next []extension, ended []Hypothesis, err error) {
	var all []extension
	for i, b := range live {
		total, err := logTotal(b.scores)
		if err != nil {
			return nil, nil, err
		}
		if o.Constraint != nil {
			if err := o.Constraint.Restrict(b.tokens, b.scores); err != nil {
				return nil, nil, err
			}
		}
		for _, c := range s.list(b.scores, min(len(b.scores), o.Width+len(o.Stop))) {
			all = append(all, extension{i, c.id, b.logProb + c.weight - total})
		}
	}
	slices.SortFunc(all, func(a, b extension) int {
		return cmp.Or(cmp.Compare(b.logProb, a.logProb), cmp.Compare(a.from, b.from), cmp.Compare(a.id, b.id))
	})
	for _, e := range all {
		switch {
		case len(next) == o.Width || math.IsInf(e.logProb, -1):
			return next, ended, nil
		case slices.Contains(o.Stop, e.id):
			ended = append(ended, Hypothesis{slices.Clone(live[e.from].tokens), e.logProb, o.score(e.logProb, length), StopToken})
		default:
			next = append(next, e)
		}
	}
	return next, ended, nil
}

// asTheyAre are extensions as sequences.
func asTheyAre(live []beam, next []extension, o *BeamOptions, why Reason) []Hypothesis {
	list := make([]Hypothesis, len(next))
	for i, e := range next {
		tokens := append(slices.Clone(live[e.from].tokens), e.id)
		list[i] = Hypothesis{tokens, e.logProb, o.score(e.logProb, len(tokens)), why}
	}
	return list
}

// best are the best as many as are wanted.
func best(found []Hypothesis, o *BeamOptions) []Hypothesis {
	slices.SortStableFunc(found, func(a, b Hypothesis) int { return cmp.Compare(b.Score, a.Score) })
	return found[:min(len(found), o.Results)]
}

// follow turns extensions into beginnings. A beginning hands its source to the last of its extensions; others get a fork. On an error all are closed but those that
// it returns.
func follow(live []beam, next []extension) ([]beam, error) {
	uses := make([]int, len(live))
	for _, e := range next {
		uses[e.from]++
	}
	grown := make([]beam, 0, len(next))
	for _, e := range next {
		b := beam{source: live[e.from].source, tokens: append(slices.Clone(live[e.from].tokens), e.id), logProb: e.logProb}
		if uses[e.from]--; uses[e.from] > 0 || live[e.from].root {
			var err error
			if b.source, err = b.source.Fork(); err != nil {
				for i := range grown {
					if !slices.ContainsFunc(live, func(l beam) bool { return l.source == grown[i].source }) {
						grown[i].close()
					}
				}
				return live, err
			}
		}
		grown = append(grown, b)
	}
	for i := range live {
		if !slices.ContainsFunc(grown, func(b beam) bool { return b.source == live[i].source }) {
			live[i].close()
		}
	}
	return grown, nil
}

// advance has every beginning take its last token, in one step if they share them.
func advance(ctx context.Context, live []beam) error {
	if m, ok := live[0].source.(*Member); ok {
		g := m.group
		g.turns, g.tokens = g.turns[:0], g.tokens[:0]
		for _, b := range live {
			g.turns = append(g.turns, gocompile.Turn{Sequence: b.source.(*Member).sequence, Rows: 1})
			g.tokens = append(g.tokens, b.tokens[len(b.tokens)-1])
		}
		scores, err := g.step(ctx)
		for i := range live {
			if err == nil {
				size := len(scores) / len(live)
				live[i].scores = scores[i*size : (i+1)*size]
			}
		}
		return err
	}
	for i := range live {
		b := &live[i]
		var err error
		if b.scores, err = b.source.Next(ctx, b.tokens[len(b.tokens)-1:]); err != nil {
			return err
		}
	}
	return nil
}

// close gives back what a fork holds.
func (b *beam) close() {
	if c, ok := b.source.(interface{ Close() }); ok && !b.root {
		c.Close()
	}
}

// logTotal is what scores are greater than logarithms of probabilities.
func logTotal(scores []float32) (float64, error) {
	peak, sum := math.Inf(-1), 0.0
	for i, x := range scores {
		if x != x || x > math.MaxFloat32 {
			return 0, fmt.Errorf("scores cannot be compared: that of token %d is %g", i, x)
		}
		peak = max(peak, float64(x))
	}
	if math.IsInf(peak, -1) {
		return 0, errors.New("scores cannot be compared: that of every token is -Inf")
	}
	for _, x := range scores {
		sum += math.Exp(float64(x) - peak)
	}
	return peak + math.Log(sum), nil
}
