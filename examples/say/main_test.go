package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/generate"
	"github.com/gocompile/gocompile/tensor"
)

// TestSay says dates in many ways, and has them read by a model of the example dates.
func TestSay(t *testing.T) {
	model, err := gocompile.LoadFS(files, "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	s, err := newSpeaker(model)
	if err != nil {
		t.Fatal(err)
	}
	reader := newReader(t)
	ways, right, all := map[string]bool{}, 0, 0
	for day := range 60 {
		date := time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 1201*day).Format(time.DateOnly)
		prompt := s.ids(date + ":")
		for seed := range uint64(3) {
			g := generate.New(s.source, generate.Options{Stop: []int64{0}, MaxTokens: 100, Seed: seed, Temperature: float64(min(seed, 1))})
			var text strings.Builder
			for token, err := range g.Tokens(context.Background(), prompt) {
				if err != nil {
					t.Fatal(err)
				}
				text.WriteByte(s.alphabet[token.ID])
			}
			if g.Reason() != generate.StopToken {
				t.Errorf("%s: %q does not end", date, text.String())
			}
			if all++; reader.read(t, text.String()) == date {
				right++
			}
			ways[text.String()] = true
			if err := s.source.Truncate(0); err != nil {
				t.Fatal(err)
			}
		}
	}
	if right < all*95/100 {
		t.Errorf("%d of %d ways of saying a date are understood", right, all)
	}
	if len(ways) < all*2/3 {
		t.Errorf("%d different ways in %d draws", len(ways), all)
	}
}

// reader reads dates, all characters at once.
type reader struct {
	session          *gocompile.Session
	alphabet, digits string
}

func newReader(t *testing.T) *reader {
	m, err := gocompile.Load("../dates/lstm/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	about := m.Info().Metadata
	return &reader{m.NewSession(), about["alphabet"], about["digits"]}
}

func (r *reader) read(t *testing.T, text string) string {
	ids := make([]int64, len(text))
	for i := range text {
		ids[i] = int64(max(0, strings.IndexByte(r.alphabet, text[i])))
	}
	if len(ids) == 0 {
		return ""
	}
	out, err := r.session.Run(context.Background(), map[string]tensor.Value{"text": tensor.Must(ids, 1, len(ids))})
	if err != nil {
		t.Fatal(err)
	}
	scores, date := tensor.Data[float32](out["scores"].(*tensor.Tensor)), make([]byte, 10)
	for i := range date {
		best := 0
		for c := range r.digits {
			if scores[i*len(r.digits)+c] > scores[i*len(r.digits)+best] {
				best = c
			}
		}
		date[i] = r.digits[best]
	}
	return string(date)
}
