package generate

import (
	"context"
	"errors"
	"slices"

	"github.com/gocompile/gocompile"
)

// Scorer is a [Source] that scores what follows each of several tokens at once, as a [Decoder] of a model with scores for every position does.
type Scorer interface {
	Source
	// Score appends tokens to the sequence and returns the scores behind each of the last n, one behind the other. They are as those of Next.
	Score(ctx context.Context, tokens []int64, n int) ([]float32, error)
}

// draft proposes tokens of a generator.
type draft struct {
	source  Source
	most    int
	fed     int // tokens of the sequence that the source has
	chosen  []proposal
	ready   []Token // accepted and not handed out
	weights []float64
	longer  []int64 // the sequence with proposals
}

// proposal is a token of the draft with what it was drawn from.
type proposal struct {
	id   int64
	from []candidate
}

// NewSpeculative is [New] for a generator whose tokens a second model, smaller than the target and with the same tokens, proposes up to n at a time; the
// target scores all of them in one step, which takes little longer than one token does, and accepts or replaces them. What is written is what the
// target would write alone: the same tokens at temperature 0 (scores of several positions at once differ by rounding), and else tokens of the same
// distribution, though other ones for the same seed. Both sources must be able to go back.
//
// Source: Leviathan et al., Fast Inference from Transformers via Speculative Decoding.
func NewSpeculative(target Scorer, second Source, n int, o Options) *Generator {
	g := New(target, o)
	g.draft = &draft{source: second, most: max(0, n)}
	return g
}

// drafted is the next token of those that were accepted, or of another round.
func (g *Generator) drafted(ctx context.Context) (Token, error) {
	d := g.draft
	if len(d.ready) == 0 {
		if err := g.round(ctx); err != nil {
			return Token{}, errors.Join(err, d.back(len(g.history)))
		}
	}
	t := d.ready[0]
	d.ready = d.ready[1:]
	return t, nil
}

// round has tokens proposed and scored, and takes what may be taken: at least one.
func (g *Generator) round(ctx context.Context) error {
	d, s := g.draft, &g.sampler
	if err := g.propose(ctx); err != nil {
		return err
	}
	target := g.source.(Scorer)
	scores, err := target.Score(ctx, d.longer[g.fed:], len(d.chosen)+1)
	var full *gocompile.FullError
	if errors.As(err, &full) && len(d.chosen) > 0 { // there may be room for one
		d.chosen, d.longer = d.chosen[:0], d.longer[:len(g.history)]
		scores, err = target.Score(ctx, d.longer[g.fed:], 1)
	}
	if err != nil {
		return err
	}
	g.fed = len(d.longer)
	size := len(scores) / (len(d.chosen) + 1)
	d.ready = d.ready[:0]
	for i := range len(d.chosen) + 1 {
		t, accepted, err := g.judge(scores[i*size:(i+1)*size], i)
		if err != nil {
			return errors.Join(err, g.back(len(g.history)))
		}
		if d.ready = append(d.ready, t); !accepted || slices.Contains(s.Stop, t.ID) {
			break
		}
	}
	return g.back(len(g.history) + len(d.ready) - 1)
}

// propose has the draft draw tokens, each behind the ones before.
func (g *Generator) propose(ctx context.Context) error {
	d, s := g.draft, &g.sampler
	d.longer, d.chosen = append(d.longer[:0], g.history...), d.chosen[:0]
	for len(d.chosen) < d.most && !slices.Contains(s.Stop, d.longer[len(d.longer)-1]) {
		scores, err := d.source.Next(ctx, d.longer[d.fed:])
		var full *gocompile.FullError
		if errors.As(err, &full) {
			return nil
		}
		if err != nil {
			return err
		}
		d.fed = len(d.longer)
		list, err := s.candidates(scores, d.longer)
		if err != nil {
			return err
		}
		id := s.draw(list)
		if len(d.chosen) < cap(d.chosen) { // with the memory of its list
			d.chosen = d.chosen[:len(d.chosen)+1]
		} else {
			d.chosen = append(d.chosen, proposal{})
		}
		p := &d.chosen[len(d.chosen)-1]
		p.id, p.from = id, append(p.from[:0], list...)
		d.longer = append(d.longer, id)
	}
	return nil
}

// judge takes the token at place i of a round by the scores of the target: a proposal as often as its probability there is to that where it was
// drawn, else one of what the probabilities of the target are greater by; behind all proposals any.
func (g *Generator) judge(scores []float32, i int) (t Token, accepted bool, err error) {
	d, s := g.draft, &g.sampler
	if len(scores) == 0 {
		return t, false, errors.New("the source gives no scores")
	}
	if s.LogProbs {
		g.scores = append(g.scores[:0], scores...)
		defer func() {
			if err == nil {
				t.LogProb = logProb(g.scores, t.ID)
			}
		}()
	}
	list, err := s.candidates(scores, d.longer[:len(g.history)+i])
	if err != nil {
		return t, false, err
	}
	if i == len(d.chosen) {
		return Token{ID: s.draw(list)}, false, nil
	}
	p := &d.chosen[i]
	had, has := share(p.from, p.id), share(list, p.id)
	if s.rand.Float64()*had < has {
		return Token{ID: p.id}, true, nil
	}
	return Token{ID: s.draw(d.excess(list, p.from))}, false, nil
}

// share is the probability of a token by the weights of candidates.
func share(list []candidate, id int64) float64 {
	total, mine := 0.0, 0.0
	for _, c := range list {
		if total += c.weight; c.id == id {
			mine = c.weight
		}
	}
	return mine / total
}

// excess leaves of candidates what their probabilities are greater by than those of others; all of them if rounding leaves nothing.
func (d *draft) excess(list, others []candidate) []candidate {
	sum := func(list []candidate) (total float64) {
		for _, c := range list {
			total += c.weight
			if n := int(c.id) + 1; n > len(d.weights) {
				d.weights = append(d.weights, make([]float64, n-len(d.weights))...)
			}
		}
		return total
	}
	total, otherTotal := sum(list), sum(others)
	for _, c := range others {
		d.weights[c.id] = c.weight / otherTotal
	}
	left := 0.0
	for i := range list {
		left += max(0, list[i].weight/total-d.weights[list[i].id])
	}
	if left > 0 {
		for i := range list {
			list[i].weight = max(0, list[i].weight/total-d.weights[list[i].id])
		}
	}
	for _, c := range others {
		d.weights[c.id] = 0
	}
	return list
}

// settle forgets what was accepted and not handed out.
func (g *Generator) settle() error {
	if g.draft == nil || len(g.draft.ready) == 0 {
		return nil
	}
	if err := g.back(max(0, len(g.history)-1)); err != nil {
		return err
	}
	g.draft.ready = g.draft.ready[:0]
	return nil
}

// back takes the source of the draft, if there is one, back to the first n tokens.
func (d *draft) back(n int) error {
	if d == nil || d.fed <= n {
		return nil
	}
	if err := d.source.Truncate(n); err != nil {
		return err
	}
	d.fed = n
	return nil
}

// fork is a draft that goes on from a copy; nil for none.
func (d *draft) fork() (*draft, error) {
	if d == nil {
		return nil, nil
	}
	s, err := d.source.Fork()
	return &draft{source: s, most: d.most, fed: d.fed}, err
}
