package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

const (
	documents = 4
	learned   = 16  // documents to calibrate on
	length    = 256 // tokens of a document, and of a greedy continuation
	prompt    = 32  // tokens of a document that are continued
	start     = 0   // the token before a document
	timed     = 48  // steps that are measured
)

// texts are what the language model writes with its weights as they are.
type texts struct {
	drawn  [][]int64 // each token drawn by its probability
	greedy [][]int64 // each token the most probable one, after the prompt
}

// write has the model write texts.
func write(ctx context.Context, m *gocompile.Model) (*texts, error) {
	t := &texts{}
	for i := range documents {
		drawn, err := document(ctx, m, uint64(i))
		if err != nil {
			return nil, err
		}
		greedy, err := continued(ctx, m, drawn[:prompt], length, func(logits []float32) int64 { return int64(largest(logits)) })
		if err != nil {
			return nil, err
		}
		t.drawn, t.greedy = append(t.drawn, drawn), append(t.greedy, greedy)
	}
	return t, nil
}

// document is a text that the model draws.
func document(ctx context.Context, m *gocompile.Model, seed uint64) ([]int64, error) {
	r := rand.New(rand.NewPCG(2, seed))
	return continued(ctx, m, []int64{start}, length, func(logits []float32) int64 { return draw(r, logits) })
}

// reader measures how models read what the first of them writes.
type reader struct {
	texts   *texts
	moments moments // of other texts of the first one
}

func (r *reader) measure(ctx context.Context, m *gocompile.Model) (language, error) {
	if r.texts == nil {
		var err error
		if r.texts, err = write(ctx, m); err != nil {
			return language{}, err
		}
		var more [][]int64
		for i := range learned {
			text, err := document(ctx, m, uint64(documents+i))
			if err != nil {
				return language{}, err
			}
			more = append(more, text)
		}
		if r.moments, err = momentsOf(ctx, m, more); err != nil {
			return language{}, err
		}
	}
	return read(ctx, m, r.texts)
}

// continued is a text and n tokens more, each of which is chosen by what the model makes of those before.
func continued(ctx context.Context, m *gocompile.Model, text []int64, n int, choose func(logits []float32) int64) ([]int64, error) {
	s, err := m.NewStateful()
	if err != nil {
		return nil, err
	}
	text = slices.Clone(text)
	for next := text; n > 0; n-- {
		logits, err := step(ctx, s, next, gocompile.LastOnly)
		if err != nil {
			return nil, err
		}
		text = append(text, choose(tensor.Data[float32](logits)))
		next = text[len(text)-1:]
	}
	return text, nil
}

// step is the logits [1, n, vocabulary] of tokens, or of the last one.
func step(ctx context.Context, s *gocompile.Stateful, tokens []int64, options ...gocompile.StepOption) (*tensor.Tensor, error) {
	out, err := s.Step(ctx, map[string]tensor.Value{"input_ids": tensor.Must(slices.Clone(tokens), 1, len(tokens))}, options...)
	if err != nil {
		return nil, err
	}
	logits, ok := out["logits"].(*tensor.Tensor)
	if !ok || logits.Rank() != 3 {
		return nil, fmt.Errorf("the model gives no logits")
	}
	return logits, nil
}

// language says how well a model reads texts.
type language struct {
	Perplexity float64 // of the drawn texts
	Same       float64 // share of the greedy tokens that are the most probable ones here too, after the same tokens before
	Step       time.Duration
	Bytes      int64 // of the matrices that become integers
	Elements   int64 // of the same
}

// read measures the model on texts, each of which it reads in one go.
func read(ctx context.Context, m *gocompile.Model, t *texts) (l language, err error) {
	sum, n := 0.0, 0
	for _, text := range t.drawn {
		if err := follow(ctx, m, text, func(i int, logits []float32) {
			sum, n = sum+surprise(logits, text[i]), n+1
		}); err != nil {
			return l, err
		}
	}
	l.Perplexity = math.Exp(sum / float64(n))
	same, all := 0, 0
	for _, text := range t.greedy {
		if err := follow(ctx, m, text, func(i int, logits []float32) {
			if i >= prompt {
				all++
				if int64(largest(logits)) == text[i] {
					same++
				}
			}
		}); err != nil {
			return l, err
		}
	}
	l.Same = float64(same) / float64(all)
	if l.Step, err = stepTime(ctx, m, t.greedy[0]); err != nil {
		return l, err
	}
	for _, w := range m.RoundedWeights() {
		l.Bytes += int64(w.Bytes)
		n := int64(1)
		for _, d := range w.Shape {
			n *= int64(d)
		}
		l.Elements += n
	}
	return l, nil
}

// follow tells of the logits before each token of a text but the first.
func follow(ctx context.Context, m *gocompile.Model, text []int64, tell func(i int, logits []float32)) error {
	s, err := m.NewStateful()
	if err != nil {
		return err
	}
	logits, err := step(ctx, s, text[:len(text)-1])
	if err != nil {
		return err
	}
	all, size := tensor.Data[float32](logits), logits.Dim(2)
	for i := 1; i < len(text); i++ {
		tell(i, all[(i-1)*size:][:size])
	}
	return nil
}

// stepTime is the median time of a token after many.
func stepTime(ctx context.Context, m *gocompile.Model, text []int64) (time.Duration, error) {
	s, err := m.NewStateful()
	if err != nil {
		return 0, err
	}
	if _, err := step(ctx, s, text[:len(text)-timed], gocompile.LastOnly); err != nil {
		return 0, err
	}
	var times []time.Duration
	for i := len(text) - timed; i < len(text); i++ {
		begin := time.Now()
		if _, err := step(ctx, s, text[i:i+1], gocompile.LastOnly); err != nil {
			return 0, err
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

// total is the logarithm of the sum of the exponentials of logits.
func total(logits []float32) float64 {
	peak, sum := float64(slices.Max(logits)), 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x) - peak)
	}
	return math.Log(sum) + peak
}

// surprise is the logarithm of one over the probability of a token.
func surprise(logits []float32, token int64) float64 { return total(logits) - float64(logits[token]) }

// draw is a token, by its probability.
func draw(r *rand.Rand, logits []float32) int64 {
	u, all := r.Float64(), total(logits)
	for i, x := range logits {
		if u -= math.Exp(float64(x) - all); u < 0 {
			return int64(i)
		}
	}
	return int64(len(logits) - 1)
}

// largest is the place of the largest number.
func largest(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}
