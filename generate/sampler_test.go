package generate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"
)

// kept are the tokens that the options leave, computed the obvious way: sorted by probability, with the probabilities after the penalty and temperature.
func kept(o Options, scores []float32, history []int64) (ids []int64, p []float64) {
	type token struct {
		id int64
		p  float64
	}
	var list []token
	total := 0.0
	for i, x := range scores {
		y := float64(x)
		if slices.Contains(history, int64(i)) && o.RepetitionPenalty > 0 {
			if y > 0 {
				y = float64(x / float32(o.RepetitionPenalty))
			} else {
				y = float64(x * float32(o.RepetitionPenalty))
			}
		}
		w := math.Exp(y / o.Temperature)
		total += w
		list = append(list, token{int64(i), w})
	}
	sort.SliceStable(list, func(a, b int) bool { return list[a].p > list[b].p })
	normalise := func() {
		sum := 0.0
		for _, t := range list {
			sum += t.p
		}
		for i := range list {
			list[i].p /= sum
		}
	}
	normalise()
	if o.TopK > 0 && o.TopK < len(list) {
		list = list[:o.TopK]
		normalise()
	}
	if o.TopP > 0 && o.TopP < 1 {
		sum := 0.0
		for i, t := range list {
			if sum += t.p; sum >= o.TopP-1e-12 {
				list = list[:i+1]
				break
			}
		}
		normalise()
	}
	for i, t := range list {
		if t.p < o.MinP*list[0].p {
			list = list[:i]
			break
		}
	}
	normalise()
	for _, t := range list {
		ids, p = append(ids, t.id), append(p, t.p)
	}
	return ids, p
}

func newSampler(o Options) *sampler {
	return &sampler{Options: o, rand: rand.New(rand.NewPCG(o.Seed, ^o.Seed))}
}

// TestChoose compares how often tokens are drawn with their probabilities.
func TestChoose(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const draws = 20000
	for _, o := range []Options{
		{Temperature: 1}, {Temperature: 0.5}, {Temperature: 3}, {Temperature: 1, TopK: 3}, {Temperature: 1, TopK: 100}, {Temperature: 1, TopP: 0.7},
		{Temperature: 1, TopP: 1}, {Temperature: 2, MinP: 0.3}, {Temperature: 1, TopK: 6, TopP: 0.8}, {Temperature: 1.5, TopK: 8, TopP: 0.9, MinP: 0.2},
		{Temperature: 1, RepetitionPenalty: 1.5}, {Temperature: 1, TopK: 4, RepetitionPenalty: 3}, {Temperature: 1, TopP: 1e-9},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			scores := make([]float32, 12)
			for i := range scores {
				scores[i] = float32(r.NormFloat64() * 2)
			}
			history := []int64{2, 5, 5, 7, 99}
			ids, p := kept(o, scores, history)
			s, count := newSampler(o), map[int64]int{}
			for range draws {
				id, err := s.choose(slices.Clone(scores), history)
				if err != nil {
					t.Fatal(err)
				}
				count[id]++
			}
			for i, id := range ids {
				deviation := math.Sqrt(draws*p[i]*(1-p[i])) + 1
				if n := count[id]; math.Abs(float64(n)-draws*p[i]) > 5*deviation {
					t.Errorf("token %d was drawn %d times of %d, want about %.0f", id, n, draws, draws*p[i])
				}
				delete(count, id)
			}
			if len(count) > 0 {
				t.Errorf("drawn too: %v, though only %v are left", count, ids)
			}
		})
	}
}

func TestGreedy(t *testing.T) {
	s := newSampler(Options{RepetitionPenalty: 2})
	for _, c := range []struct {
		scores  []float32
		history []int64
		want    int64
	}{
		{[]float32{1, 3, 2}, nil, 1}, {[]float32{1, 3, 3}, nil, 1}, {[]float32{1, 3, 2}, []int64{1}, 2}, {[]float32{-1, -3, -2}, []int64{0}, 0},
		{[]float32{-1.5, -3, -2}, []int64{0}, 2}, {[]float32{float32(math.Inf(-1)), -5}, nil, 1},
	} {
		if got, err := s.choose(c.scores, c.history); got != c.want || err != nil {
			t.Errorf("%v after %v: %d, %v, want %d", c.scores, c.history, got, err, c.want)
		}
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, scores := range [][]float32{{1, nan, 2}, {1, inf}, {-inf, -inf}} {
		if id, err := s.choose(scores, nil); err == nil || !strings.Contains(err.Error(), "cannot be compared") {
			t.Errorf("%v gives %d, %v", scores, id, err)
		}
	}
}

// TestChooseAllocations: a sampler allocates nothing once it has its lists.
func TestChooseAllocations(t *testing.T) {
	scores := make([]float32, 5000)
	for _, o := range []Options{{}, {Temperature: 1}, {Temperature: 1, TopK: 50, TopP: 0.9, MinP: 0.05, RepetitionPenalty: 1.1}} {
		s, r := newSampler(o), rand.New(rand.NewPCG(1, 2))
		history := []int64{1, 2, 3}
		step := func() {
			for i := range scores {
				scores[i] = float32(r.NormFloat64())
			}
			if _, err := s.choose(scores, history); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if n := testing.AllocsPerRun(20, step); n > 0 {
			t.Errorf("%+v: %v allocations", o, n)
		}
	}
}

func TestLogProb(t *testing.T) {
	if got, want := logProb([]float32{1, 2, 3}, 1), math.Log(math.Exp(2)/(math.Exp(1)+math.Exp(2)+math.Exp(3))); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %g, want %g", got, want)
	}
}

// BenchmarkChoose draws from as many tokens as language models have.
func BenchmarkChoose(b *testing.B) {
	scores, work := make([]float32, 50000), make([]float32, 50000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range scores {
		scores[i] = float32(3 * r.NormFloat64())
	}
	for _, o := range []Options{{}, {Temperature: 1}, {Temperature: 0.8, TopK: 40, TopP: 0.9}, {Temperature: 0.8, TopP: 0.9}} {
		b.Run(fmt.Sprintf("T=%g,k=%d,p=%g", o.Temperature, o.TopK, o.TopP), func(b *testing.B) {
			s := newSampler(o)
			for b.Loop() {
				copy(work, scores)
				if _, err := s.choose(work, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
