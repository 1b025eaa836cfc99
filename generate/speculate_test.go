package generate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
)

// Score implements [Scorer].
func (c *chain) Score(ctx context.Context, tokens []int64, n int) ([]float32, error) {
	before := len(c.sequence)
	if _, err := c.Next(ctx, tokens); err != nil {
		return nil, err
	}
	var all []float32
	for i := len(tokens) - n; i < len(tokens); i++ {
		all = append(all, c.scores(c.sequence[:before+i+1])...)
	}
	return all, nil
}

// TestSpeculativeGreedy: whatever the draft proposes, and however often the writing is left and taken back, the tokens are those of the target alone.
func TestSpeculativeGreedy(t *testing.T) {
	for seed := range uint64(20) {
		for n := range 5 {
			o := Options{MaxTokens: 40, LogProbs: true, RepetitionPenalty: 1 + float64(seed%2)/3, Stop: []int64{int64(seed % 9)}}
			second := &chain{seed: seed / 2, size: 8} // the same as the target now and then
			alone, g := New(&chain{seed: seed, size: 8}, o), NewSpeculative(&chain{seed: seed, size: 8}, second, n, o)
			for _, prompt := range [][]int64{{1, 2}, nil, {3}, {4, 5, 6}} {
				for _, w := range []*Generator{alone, g} {
					if len(prompt) == 0 {
						if err := w.Truncate(max(1, len(w.History())-3)); err != nil {
							t.Fatal(err)
						}
					}
				}
				want := collectTokens(t, alone, int(seed%7), prompt)
				got := collectTokens(t, g, int(seed%7), prompt)
				if fmt.Sprint(got) != fmt.Sprint(want) || g.Reason() != alone.Reason() || fmt.Sprint(g.History()) != fmt.Sprint(alone.History()) {
					t.Fatalf("seed %d, %d proposals: got %v, %v, want %v, %v", seed, n, got, g.Reason(), want, alone.Reason())
				}
				var err error
				if seed%3 == 0 {
					if g, err = g.Fork(1); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
}

// collectTokens is collect with the logarithms of probabilities; most 0 is all.
func collectTokens(t *testing.T, g *Generator, most int, prompt []int64) (all []Token) {
	t.Helper()
	for token, err := range g.Tokens(context.Background(), prompt) {
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, token); len(all) == most {
			break
		}
	}
	return all
}

// TestSpeculativeDistribution: sequences of three tokens come as often as their probability under the target says, by a chi-square test.
func TestSpeculativeDistribution(t *testing.T) {
	const size, length, samples = 4, 3, 40000
	for _, o := range []Options{{Temperature: 1}, {Temperature: 0.7, TopK: 3}, {Temperature: 1.5, TopP: 0.8}, {Temperature: 1, MinP: 0.1, RepetitionPenalty: 1.3}} {
		target := &chain{seed: 5, size: size}
		want := map[string]float64{}
		var walk func(tokens []int64, p float64)
		walk = func(tokens []int64, p float64) {
			if len(tokens) == 1+length {
				want[fmt.Sprint(tokens[1:])] = p
				return
			}
			list, err := (&sampler{Options: o}).candidates(target.scores(tokens), tokens)
			if err != nil {
				t.Fatal(err)
			}
			total := 0.0
			for _, c := range list {
				total += c.weight
			}
			for _, c := range list {
				walk(append(append([]int64{}, tokens...), c.id), p*c.weight/total)
			}
		}
		walk([]int64{1}, 1)
		count := map[string]int{}
		o.MaxTokens, o.Seed = length, 11
		g := NewSpeculative(target, &chain{seed: 6, size: size}, 2, o)
		for range samples {
			prompt := []int64{1}
			if len(g.History()) > 0 {
				if err := g.Truncate(1); err != nil {
					t.Fatal(err)
				}
				prompt = nil
			}
			count[fmt.Sprint(collect(t, g, 0, prompt...))]++
		}
		chi, cells := 0.0, 0
		for s, p := range want {
			if expected := p * samples; expected >= 5 {
				chi += (float64(count[s]) - expected) * (float64(count[s]) - expected) / expected
				cells++
			}
		}
		for s := range count {
			if want[s] == 0 {
				t.Errorf("%+v: %s cannot be", o, s)
			}
		}
		// For that many cells the statistic is about normal, of mean cells-1 and variance twice that.
		if limit := float64(cells-1) + 4.5*math.Sqrt(2*float64(cells-1)); chi > limit {
			t.Errorf("%+v: chi-square is %g for %d cells, more than %g", o, chi, cells, limit)
		}
	}
}

// TestSpeculativeModel writes with a model that proposes for itself.
func TestSpeculativeModel(t *testing.T) {
	s := newSayer(t)
	o := Options{Stop: []int64{0}, MaxTokens: 60}
	want := s.text(collect(t, New(s.decoder(), o), 0, s.tokens("1969-07-21:")...))
	target := s.decoder()
	g := NewSpeculative(target, s.decoder(), 4, o)
	if got := s.text(collect(t, g, 0, s.tokens("1969-07-21:")...)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := target.Score(context.Background(), []int64{1}, 2); err == nil {
		t.Error("scores behind 2 of 1 tokens are given")
	}
}

// failing is a source that fails at some call.
type failing struct {
	chain
	calls int
}

var errFails = errors.New("fails")

func (f *failing) Next(ctx context.Context, tokens []int64) ([]float32, error) {
	if f.calls--; f.calls == 0 {
		return nil, errFails
	}
	return f.chain.Next(ctx, tokens)
}

// TestSpeculativeErrors: after an error of the draft or the target another call goes on; a full draft proposes less, and a full target ends.
func TestSpeculativeErrors(t *testing.T) {
	o := Options{MaxTokens: 12}
	want := fmt.Sprint(collect(t, New(&chain{seed: 3, size: 8}, o), 0, 1, 2))
	for calls := 1; calls < 9; calls++ {
		g := NewSpeculative(&chain{seed: 3, size: 8}, &failing{chain{seed: 3, size: 8}, calls}, 3, Options{})
		var got []int64
		failed := 0
		for prompt := []int64{1, 2}; len(got) < 12; prompt = nil {
			for token, err := range g.Tokens(context.Background(), prompt) {
				if err != nil {
					if failed++; !errors.Is(err, errFails) {
						t.Fatal(err)
					}
					break
				}
				if got = append(got, token.ID); len(got) == 12 {
					break
				}
			}
		}
		if fmt.Sprint(got) != want || failed != 1 {
			t.Errorf("%d calls, %d failed: got %v, want %s", calls, failed, got, want)
		}
	}
	g := NewSpeculative(&chain{seed: 3, size: 8, room: 9}, &chain{seed: 3, size: 8, room: 6}, 3, o)
	if got := collect(t, g, 0, 1, 2); len(got) != 8 || g.Reason() != Full || fmt.Sprint(got) != fmt.Sprint(collect(t, New(&chain{seed: 3, size: 8}, Options{MaxTokens: 8}), 0, 1, 2)) {
		t.Errorf("got %v, %v", got, g.Reason())
	}
}
