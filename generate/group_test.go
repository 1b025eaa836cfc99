package generate

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
)

// sayer is the model of examples/say, whose tokens are characters.
type sayer struct {
	tb       testing.TB
	model    *gocompile.Model
	alphabet string
}

func newSayer(tb testing.TB, options ...gocompile.Option) *sayer {
	tb.Helper()
	m, err := gocompile.Load("../examples/say/model.onnx", options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { m.Close() })
	return &sayer{tb, m, m.Info().Metadata["alphabet"]}
}

func (s *sayer) tokens(text string) []int64 {
	var ids []int64
	for _, c := range text {
		ids = append(ids, int64(strings.IndexRune(s.alphabet, c)))
	}
	return ids
}

func (s *sayer) text(ids []int64) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteByte(s.alphabet[id])
	}
	return b.String()
}

func (s *sayer) decoder() *Decoder {
	s.tb.Helper()
	steps, err := s.model.NewStateful()
	if err != nil {
		s.tb.Fatal(err)
	}
	d, err := NewDecoder(steps)
	if err != nil {
		s.tb.Fatal(err)
	}
	return d
}

func (s *sayer) group(options ...gocompile.StatefulOption) *Group {
	s.tb.Helper()
	b, err := s.model.NewBatch(options...)
	if err != nil {
		s.tb.Fatal(err)
	}
	g, err := NewGroup(b)
	if err != nil {
		s.tb.Fatal(err)
	}
	return g
}

// TestGroup: sequences that join at any step, with prompts in one step or in parts, are what each is alone.
func TestGroup(t *testing.T) {
	s := newSayer(t)
	for _, rows := range []int{0, 1, 3, 12} {
		g := s.group()
		g.MaxRows = rows
		written, started := map[*Generator][]int64{}, []*Generator{}
		options := func(i int) Options {
			return Options{Temperature: float64(i % 2), TopP: 0.9, Seed: uint64(i), Stop: []int64{0}, MaxTokens: 10 + 7*(i%4), LogProbs: i%3 == 0}
		}
		prompt := func(i int) []int64 { return s.tokens(fmt.Sprintf("19%02d-%02d-%02d:", i, 1+i%12, 1+i)) }
		join := func() {
			w := New(g.NewMember(), options(len(started)))
			if err := g.Join(w, prompt(len(started))); err != nil {
				t.Fatal(err)
			}
			started = append(started, w)
		}
		join()
		join()
		for steps := 0; ; { // the loop is left and entered again
			for e, err := range g.Tokens(context.Background()) {
				if err != nil {
					t.Fatal(err)
				}
				if !e.Silent {
					written[e.Generator] = append(written[e.Generator], e.Token.ID)
				}
				if steps++; len(started) < 9 && steps%5 == 0 {
					join()
				}
				if steps%7 == 0 {
					break
				}
			}
			if len(g.active) == 0 && len(g.ready) == 0 {
				break
			}
		}
		if len(started) != 9 {
			t.Errorf("%d joined", len(started))
		}
		for i, w := range started {
			alone := New(s.decoder(), options(i))
			want := collect(t, alone, 0, prompt(i)...)
			if got := written[w]; fmt.Sprint(got) != fmt.Sprint(want) || w.Reason() != alone.Reason() || fmt.Sprint(w.History()) != fmt.Sprint(alone.History()) {
				t.Errorf("%d rows: %d wrote %q, ended by %v, want %q and %v", rows, i, s.text(got), w.Reason(), s.text(want), alone.Reason())
			}
		}
	}
}

// TestGroupEnds: a generator without room ends, and one whose prompt has none fails, while the others go on.
func TestGroupEnds(t *testing.T) {
	s := newSayer(t)
	g := s.group(gocompile.WithMaxLen(16))
	var all []*Generator
	for i, prompt := range []string{"1969-07-21:", "1969-07-21:1969-07-21:", "1969-07-21:on"} {
		w := New(g.NewMember(), Options{MaxTokens: 4 + 96*(i%2) + 96*(i/2)})
		if err := g.Join(w, s.tokens(prompt)); err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
	}
	count, failed := map[*Generator]int{}, 0
	for e, err := range g.Tokens(context.Background()) {
		var full *gocompile.FullError
		switch {
		case err != nil && (e.Generator != all[1] || !errors.As(err, &full)):
			t.Fatal(err)
		case err != nil:
			failed++
		case !e.Silent:
			count[e.Generator]++
		}
	}
	if failed != 1 || count[all[0]] != 4 || all[0].Reason() != Length || count[all[2]] != 4 || all[2].Reason() != Full {
		t.Errorf("%d failed; others wrote %d and %d, ended by %v and %v", failed, count[all[0]], count[all[2]], all[0].Reason(), all[2].Reason())
	}
}

func TestGroupErrors(t *testing.T) {
	s := newSayer(t)
	g, other := s.group(), s.group()
	w := New(g.NewMember(), Options{})
	if err := g.Join(w, s.tokens("1969")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{"takes part already", g.Join(w, nil)},
		{"no member of this group", g.Join(New(other.NewMember(), Options{}), []int64{1})},
		{"no member of this group", g.Join(New(s.decoder(), Options{}), []int64{1})},
		{"the prompt is empty", g.Join(New(g.NewMember(), Options{}), nil)},
		{"TopP must be from 0 to 1", g.Join(New(g.NewMember(), Options{TopP: 2}), []int64{1})},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got error %v, want %q", c.err, c.want)
		}
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range g.Tokens(cancelled) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v", err)
		}
	}
	if len(w.History()) != 4 || len(g.active) != 1 {
		t.Errorf("after it there are %v, %d active", w.History(), len(g.active))
	}
	g.Leave(w)
	for e, err := range g.Tokens(context.Background()) {
		t.Errorf("after all have left there are %v, %v", e, err)
	}
	if got := collect(t, w, 3); len(got) != 3 { // alone, from where it is
		t.Errorf("wrote %v", got)
	}
}
