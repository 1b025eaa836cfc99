package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
)

// counter is a source that follows n by n+1, of ten tokens, and has room for a number of them.
type counter struct {
	sequence []int64
	room     int // 0: any number
	fed      []int
}

func (c *counter) Next(ctx context.Context, tokens []int64) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.room > 0 && len(c.sequence)+len(tokens) > c.room {
		return nil, fmt.Errorf("input: %w", &gocompile.FullError{Rows: len(c.sequence) + len(tokens), Limit: c.room})
	}
	c.sequence = append(c.sequence, tokens...)
	c.fed = append(c.fed, len(tokens))
	scores := make([]float32, 10)
	scores[(tokens[len(tokens)-1]+1)%10] = 5
	return scores, nil
}

func (c *counter) Truncate(n int) error {
	if n > len(c.sequence) {
		return errors.New("too far")
	}
	c.sequence = c.sequence[:n]
	return nil
}

func (c *counter) Fork() (Source, error) {
	return &counter{sequence: slices.Clone(c.sequence), room: c.room}, nil
}

// collect runs a generator to its end, or for so many tokens.
func collect(t *testing.T, g *Generator, most int, prompt ...int64) []int64 {
	t.Helper()
	var ids []int64
	for token, err := range g.Tokens(context.Background(), prompt) {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, token.ID); len(ids) == most {
			break
		}
	}
	return ids
}

func TestEnds(t *testing.T) {
	for _, c := range []struct {
		options Options
		room    int
		most    int
		want    string
		reason  Reason
	}{
		{Options{MaxTokens: 3}, 0, 0, "[4 5 6]", Length},
		{Options{Stop: []int64{0, 7}}, 0, 0, "[4 5 6]", StopToken},
		{Options{Stop: []int64{4}}, 0, 0, "[]", StopToken},
		{Options{StopSequences: [][]int64{{}, {5, 7}, {3, 4}, {5, 6}}}, 0, 0, "[4 5 6]", StopSequence},
		{Options{Until: func(ids []int64) bool { return len(ids) == 2 }}, 0, 0, "[4 5]", StopSequence},
		{Options{}, 5, 0, "[4 5 6]", Full},
		{Options{}, 0, 4, "[4 5 6 7]", Running},
	} {
		g := New(&counter{room: c.room}, c.options)
		if got := fmt.Sprint(collect(t, g, c.most, 1, 2, 3)); got != c.want || g.Reason() != c.reason {
			t.Errorf("%+v: got %s, ended by %v, want %s and %v", c.options, got, g.Reason(), c.want, c.reason)
		}
	}
}

// TestGoesOn: another call goes on where the last one ended, and the source sees each token once.
func TestGoesOn(t *testing.T) {
	c := &counter{}
	g := New(c, Options{Stop: []int64{6}})
	if got := fmt.Sprint(collect(t, g, 0, 3)); got != "[4 5]" {
		t.Errorf("got %s", got)
	}
	g.Options().MaxTokens = 2
	if got := fmt.Sprint(collect(t, g, 0, 1, 2)); got != "[3 4]" || g.Reason() != Length {
		t.Errorf("got %s, %v", got, g.Reason())
	}
	if got := fmt.Sprint(collect(t, g, 1)); got != "[5]" || g.Reason() != Running {
		t.Errorf("got %s, %v", got, g.Reason())
	}
	if got, want := fmt.Sprint(g.History(), c.sequence, c.fed), "[3 4 5 6 1 2 3 4 5] [3 4 5 6 1 2 3 4] [1 1 1 3 1 1]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	f, err := g.Fork(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(collect(t, f, 0)); got != "[]" || f.Reason() != StopToken {
		t.Errorf("the fork gives %s, %v", got, f.Reason())
	}
	if err := g.Truncate(2); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(collect(t, g, 1), c.sequence, g.History()); got != "[5] [3 4] [3 4 5]" {
		t.Errorf("after going back: %s", got)
	}
	if err := g.Truncate(4); err == nil || !strings.Contains(err.Error(), "has 3 tokens, not 4") {
		t.Errorf("got error %v", err)
	}
	if err := g.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(collect(t, g, 1, 8), c.sequence); got != "[9] [8]" {
		t.Errorf("from the beginning: %s", got)
	}
}

func TestGenerateErrors(t *testing.T) {
	cancelled, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := func(g *Generator, ctx context.Context, prompt ...int64) error {
		for _, err := range g.Tokens(ctx, prompt) {
			return err
		}
		return nil
	}
	g := New(&counter{room: 4}, Options{})
	for i, err := range g.Tokens(cancelled, []int64{1}) {
		if cancel(); i.ID == 2 && err != nil || i.ID != 2 && !errors.Is(err, context.Canceled) {
			t.Errorf("token %v, error %v", i, err)
		}
	}
	if err := first(g, context.Background()); err != nil || fmt.Sprint(g.History()) != "[1 2 3]" {
		t.Errorf("after it was cancelled: %v, %v", err, g.History())
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"5 positions are more than the limit of 4", first(New(&counter{room: 4}, Options{}), context.Background(), 1, 2, 3, 4, 5)},
		{"the prompt is empty", first(New(&counter{}, Options{}), context.Background())},
		{"TopP must be from 0 to 1, got 2", first(New(&counter{}, Options{TopP: 2}), context.Background(), 1)},
		{"MinP must be from 0 to 1, got -1", first(New(&counter{}, Options{MinP: -1}), context.Background(), 1)},
		{"Temperature must be from 0", first(New(&counter{}, Options{Temperature: -1}), context.Background(), 1)},
		{"RepetitionPenalty must be from 0", first(New(&counter{}, Options{RepetitionPenalty: -1}), context.Background(), 1)},
		{"must not be negative, got -1 and 0", first(New(&counter{}, Options{TopK: -1}), context.Background(), 1)},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got error %v, want %q", c.err, c.want)
		}
	}
}

// TestSeed: the same seed gives the same tokens, another one others.
func TestSeed(t *testing.T) {
	draw := func(seed uint64) string {
		g := New(&counter{}, Options{Temperature: 4, Seed: seed, MaxTokens: 30, LogProbs: true})
		for token, err := range g.Tokens(context.Background(), []int64{1}) {
			if err != nil || !(token.LogProb < 0) {
				t.Fatalf("%+v, %v", token, err)
			}
		}
		return fmt.Sprint(g.History())
	}
	if a, b, c := draw(1), draw(1), draw(2); a != b || a == c {
		t.Errorf("%s\n%s\n%s", a, b, c)
	}
}
