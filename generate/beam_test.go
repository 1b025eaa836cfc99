package generate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
)

// chain is a source whose scores depend on the last two tokens.
type chain struct {
	seed     uint64
	size     int
	sequence []int64
	room     int
	open     *int // forks that are not closed
}

func (c *chain) scores(sequence []int64) []float32 {
	n := len(sequence)
	r := rand.New(rand.NewPCG(c.seed, uint64(sequence[max(0, n-2)]*100+sequence[n-1])))
	scores := make([]float32, c.size)
	for i := range scores {
		scores[i] = float32(2 * r.NormFloat64())
	}
	return scores
}

func (c *chain) Next(_ context.Context, tokens []int64) ([]float32, error) {
	if n := len(c.sequence) + len(tokens); c.room > 0 && n > c.room {
		return nil, &gocompile.FullError{Rows: n, Limit: c.room}
	}
	c.sequence = append(c.sequence, tokens...)
	return c.scores(c.sequence), nil
}

func (c *chain) Truncate(n int) error {
	if n > len(c.sequence) {
		return fmt.Errorf("there are %d", len(c.sequence))
	}
	c.sequence = c.sequence[:n]
	return nil
}

func (c *chain) Fork() (Source, error) {
	f := *c
	f.sequence = slices.Clone(c.sequence)
	if c.open != nil {
		*c.open++
	}
	return &f, nil
}

func (c *chain) Close() {
	if c.open != nil {
		*c.open--
	}
}

// every lists all sequences behind a prompt with their probabilities, the best first.
func (c *chain) every(prompt []int64, o BeamOptions) []Hypothesis {
	var all []Hypothesis
	var walk func(tokens []int64, logProb float64)
	walk = func(tokens []int64, logProb float64) {
		scores := c.scores(slices.Concat(prompt, tokens))
		total, _ := logTotal(scores)
		for id, x := range scores {
			p, longer := logProb+float64(x)-total, append(slices.Clone(tokens), int64(id))
			switch {
			case slices.Contains(o.Stop, int64(id)):
				all = append(all, Hypothesis{tokens, p, o.score(p, len(longer)), StopToken})
			case len(longer) == o.MaxTokens:
				all = append(all, Hypothesis{longer, p, o.score(p, len(longer)), Length})
			default:
				walk(longer, p)
			}
		}
	}
	walk(nil, 0)
	slices.SortFunc(all, func(a, b Hypothesis) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// TestBeamFindsAll: a beam that is wide enough finds the best of all sequences.
func TestBeamFindsAll(t *testing.T) {
	for seed := range uint64(20) {
		open := 0
		c := &chain{seed: seed, size: 5, open: &open}
		o := BeamOptions{Width: 4 * 4 * 4, Results: 7, MaxTokens: 4, Stop: []int64{0}, LengthPenalty: float64(seed%3) / 2}
		got, err := Beam(context.Background(), c, []int64{1, 2}, o)
		if err != nil {
			t.Fatal(err)
		}
		want := c.every([]int64{1, 2}, o)[:7]
		for i := range want {
			if i >= len(got) || fmt.Sprint(got[i].Tokens) != fmt.Sprint(want[i].Tokens) || math.Abs(got[i].LogProb-want[i].LogProb) > 1e-9 || got[i].Reason != want[i].Reason {
				t.Fatalf("seed %d: got %v, want %v", seed, got, want)
			}
		}
		if open != 0 || fmt.Sprint(c.sequence) != "[1 2]" {
			t.Errorf("seed %d: %d forks are open, the source has %v", seed, open, c.sequence)
		}
	}
}

// TestBeamWidth compares narrow beams with the rule written down simply.
func TestBeamWidth(t *testing.T) {
	for seed := range uint64(30) {
		c := &chain{seed: seed, size: 9}
		o := BeamOptions{Width: 1 + int(seed%4), MaxTokens: 6}
		type beginning struct {
			tokens  []int64
			logProb float64
		}
		want := []beginning{{}}
		for range o.MaxTokens {
			var all []beginning
			for _, b := range want {
				scores := c.scores(append([]int64{3}, b.tokens...))
				total, _ := logTotal(scores)
				for id, x := range scores {
					all = append(all, beginning{append(slices.Clone(b.tokens), int64(id)), b.logProb + float64(x) - total})
				}
			}
			slices.SortFunc(all, func(a, b beginning) int { return cmp.Compare(b.logProb, a.logProb) })
			want = all[:o.Width]
		}
		got, err := Beam(context.Background(), c, []int64{3}, o)
		if err != nil || len(got) != o.Width {
			t.Fatal(got, err)
		}
		for i, w := range want {
			if fmt.Sprint(got[i].Tokens) != fmt.Sprint(w.tokens) || math.Abs(got[i].Score-w.logProb) > 1e-9 {
				t.Fatalf("seed %d: got %v, want %v", seed, got[i], w)
			}
		}
	}
}

// TestBeamTogether: beginnings that share steps are those of each alone, and give their memory back.
func TestBeamTogether(t *testing.T) {
	s := newSayer(t)
	g := s.group()
	m := g.NewMember()
	o := BeamOptions{Width: 4, MaxTokens: 50, Stop: []int64{0}, LengthPenalty: 0.6}
	want, err := Beam(context.Background(), s.decoder(), s.tokens("1969-07-21:"), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Next(context.Background(), s.tokens("1969-07-21:")); err != nil {
		t.Fatal(err)
	}
	if err := m.Truncate(0); err != nil {
		t.Fatal(err)
	}
	got, err := Beam(context.Background(), m, s.tokens("1969-07-21:"), o)
	if err != nil || len(got) != len(want) || len(got) == 0 {
		t.Fatal(got, want, err)
	}
	for i := range want {
		if a, b := s.text(got[i].Tokens), s.text(want[i].Tokens); a != b || math.Abs(got[i].LogProb-want[i].LogProb) > 1e-3 {
			t.Errorf("got %q, %g, want %q, %g", a, got[i].LogProb, b, want[i].LogProb)
		}
	}
	if m.sequence.Len() != len("1969-07-21:") {
		t.Errorf("the source has %d tokens", m.sequence.Len())
	}
}

func TestBeamEnds(t *testing.T) {
	open := 0
	c := &chain{size: 5, room: 4, open: &open}
	got, err := Beam(context.Background(), c, []int64{1, 2}, BeamOptions{Width: 3, MaxTokens: 9})
	if err != nil || len(got) != 3 || got[0].Reason != Full || len(got[0].Tokens) != 3 || open != 0 {
		t.Errorf("got %v, %v, %d forks are open", got, err, open)
	}
	for _, c := range []struct {
		o      BeamOptions
		prompt []int64
		want   string
	}{
		{BeamOptions{MaxTokens: 1}, []int64{1}, "takes Width and MaxTokens of 1 at least"},
		{BeamOptions{Width: 1, MaxTokens: 1, LengthPenalty: -1}, []int64{1}, "LengthPenalty must not be negative"},
		{BeamOptions{Width: 1, MaxTokens: 1}, []int64{1, 2, 3, 4, 5}, "5 positions are more than the limit of 4"},
	} {
		if _, err := Beam(context.Background(), &chain{size: 5, room: 4}, c.prompt, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want %q", err, c.want)
		}
	}
}
