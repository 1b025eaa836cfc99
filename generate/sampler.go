package generate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
)

// Options choose how tokens are chosen, and when to end. The zero value takes the most probable token each time, without end.
//
// Scores go through RepetitionPenalty, Temperature, TopK, TopP and MinP in this order; each of the latter three looks at the probabilities of what
// is left.
type Options struct {
	// RepetitionPenalty > 1 makes tokens that the sequence has already less probable: positive scores are divided by it, negative ones multiplied. 0 and
	// 1 change nothing. Source: Keskar et al., CTRL.
	RepetitionPenalty float64
	// Temperature divides the scores: below 1, probable tokens become more probable. At 0 the most probable one is taken, and what follows here does
	// not matter.
	Temperature float64
	// TopK leaves the k most probable tokens; 0 leaves all.
	TopK int
	// TopP leaves the most probable tokens that together have at least this probability; 0 and 1 leave all. Source: Holtzman et al., The Curious
	// Case of Neural Text Degeneration.
	TopP float64
	// MinP leaves tokens that have at least this share of the probability of the most probable one. Source: Nguyen et al., Min-p Sampling.
	MinP float64
	// Seed of the draws: the same seed, options and scores give the same tokens.
	Seed uint64

	// MaxTokens ends a call of Tokens after that many; 0: no limit.
	MaxTokens int
	// Stop are tokens that end a sequence. They are part of it, and not handed out.
	Stop []int64
	// StopSequences end when their last token was handed out.
	StopSequences [][]int64
	// Until ends when it returns true; it is called after each token that was handed out with all of the call so far.
	Until func(tokens []int64) bool

	// Constraint leaves only tokens that may follow what was written in the call so far; nil leaves all. It comes before everything else.
	Constraint Constraint

	// LogProbs asks for the logarithms of probabilities, see [Token].
	LogProbs bool
}

// check says which option cannot be.
func (o *Options) check() error {
	within := func(name string, x, most float64) error {
		if !(x >= 0 && x <= most) {
			return fmt.Errorf("%s must be from 0 to %g, got %g", name, most, x)
		}
		return nil
	}
	for _, err := range []error{within("TopP", o.TopP, 1), within("MinP", o.MinP, 1), within("Temperature", o.Temperature, math.MaxFloat32),
		within("RepetitionPenalty", o.RepetitionPenalty, math.MaxFloat32)} {
		if err != nil {
			return err
		}
	}
	if o.TopK < 0 || o.MaxTokens < 0 {
		return fmt.Errorf("TopK and MaxTokens must not be negative, got %d and %d", o.TopK, o.MaxTokens)
	}
	return nil
}

var negativeInfinity = float32(math.Inf(-1))

// sampler chooses tokens.
type sampler struct {
	Options
	rand  *rand.Rand
	first int // where the tokens of the call begin in the history
	heap  heap
	left  []candidate
	seen  map[int64]bool
}

// choose returns a token of scores, which it changes. history are the tokens that the repetition penalty is for.
func (s *sampler) choose(scores []float32, history []int64) (int64, error) {
	list, err := s.candidates(scores, history)
	if err != nil {
		return 0, err
	}
	return s.draw(list), nil
}

// candidates are the tokens of scores, which it changes, that may be chosen, with their weights. The list is good until the next call.
func (s *sampler) candidates(scores []float32, history []int64) ([]candidate, error) {
	if s.Constraint != nil {
		if err := s.Constraint.Restrict(history[s.first:], scores); err != nil {
			return nil, err
		}
	}
	s.penalise(scores, history)
	best := 0
	for i, x := range scores {
		if x > scores[best] || x != x {
			best = i
		}
	}
	peak := float64(scores[best])
	if s.Constraint != nil && math.IsInf(peak, -1) {
		return nil, errors.New("no token may follow by the constraint")
	}
	if peak != peak || math.IsInf(peak, 0) {
		return nil, fmt.Errorf("scores cannot be compared: that of token %d is %g", best, peak)
	}
	if s.Temperature == 0 {
		s.left = append(s.left[:0], candidate{int64(best), 1})
		return s.left, nil
	}
	weight := func(x float64) float64 { return math.Exp((x - peak) / s.Temperature) }
	k := len(scores)
	if s.TopK > 0 {
		k = min(k, s.TopK)
	}
	list := s.list(scores, k)
	for i := range list {
		list[i].weight = weight(list[i].weight)
	}
	return s.atLeast(s.together(list)), nil
}

// penalise makes tokens less probable that have been there.
func (s *sampler) penalise(scores []float32, history []int64) {
	penalty := float32(s.RepetitionPenalty)
	if penalty == 0 || penalty == 1 {
		return
	}
	if s.seen == nil {
		s.seen = map[int64]bool{}
	}
	clear(s.seen)
	for _, id := range history {
		if id < 0 || id >= int64(len(scores)) || s.seen[id] {
			continue
		}
		s.seen[id] = true
		if scores[id] > 0 {
			scores[id] /= penalty
		} else {
			scores[id] *= penalty
		}
	}
}

// list returns the k greatest scores, with their tokens, in any order.
func (s *sampler) list(scores []float32, k int) []candidate {
	s.heap.list, s.heap.before = s.heap.list[:0], lessProbable
	h := &s.heap
	for i, x := range scores {
		switch c := (candidate{int64(i), float64(x)}); {
		case len(h.list) < k:
			if h.list = append(h.list, c); len(h.list) == k && k < len(scores) {
				h.arrange()
			}
		case lessProbable(h.list[0], c):
			h.list[0] = c
			h.sink(0)
		}
	}
	return h.list
}

// together leaves the most probable candidates that TopP asks for.
func (s *sampler) together(list []candidate) []candidate {
	if s.TopP == 0 || s.TopP == 1 {
		return list
	}
	total, sum := 0.0, 0.0
	for _, c := range list {
		total += c.weight
	}
	h := &s.heap // of the whole list, from which few have to be taken
	h.list, h.before = list, moreProbable
	h.arrange()
	s.left = s.left[:0]
	for len(h.list) > 0 && (sum < s.TopP*total || len(s.left) == 0) {
		c := h.pop()
		sum += c.weight
		s.left = append(s.left, c)
	}
	return s.left
}

// atLeast leaves what MinP does; the greatest weight is 1.
func (s *sampler) atLeast(list []candidate) []candidate {
	if s.MinP == 0 {
		return list
	}
	kept := list[:0]
	for _, c := range list {
		if c.weight >= s.MinP {
			kept = append(kept, c)
		}
	}
	return kept
}

// draw takes one of the candidates by their weights.
func (s *sampler) draw(list []candidate) int64 {
	if s.Temperature == 0 {
		return list[0].id
	}
	total := 0.0
	for _, c := range list {
		total += c.weight
	}
	x := s.rand.Float64() * total
	for _, c := range list {
		if x -= c.weight; x < 0 {
			return c.id
		}
	}
	return list[len(list)-1].id
}

// logarithms replaces probabilities by their logarithms.
func logarithms(p []float32) {
	for i, x := range p {
		p[i] = float32(math.Log(float64(x)))
	}
}

// logProb is the logarithm of the probability of a token.
func logProb(scores []float32, id int64) float64 {
	total, _ := logTotal(scores) // of scores that a token was chosen by
	return float64(scores[id]) - total
}
