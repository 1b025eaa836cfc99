package gocompile_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// zooModel loads a model of the zoo, or skips the test or benchmark.
func zooModel(t testing.TB, name string, options ...gocompile.Option) *gocompile.Model {
	t.Helper()
	zoo := os.Getenv("GOCOMPILE_ZOO")
	if zoo == "" {
		t.Skip("GOCOMPILE_ZOO is not set")
	}
	file := filepath.Join(zoo, name, "model.onnx")
	if _, err := os.Stat(file); err != nil {
		t.Skip("was not built")
	}
	m, err := gocompile.Load(file, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// TestZooCacheTypes has a language model write greedily from a cache in float32, and compares what it would have chosen with the same text in caches of
// fewer bits: how many tokens are the same, and the mean divergence of the distributions, in nats.
func TestZooCacheTypes(t *testing.T) {
	const tokens = 256
	m := zooModel(t, "smollm2_135m_dynamo")
	wide, err := m.NewStateful()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kept       tensor.DType
		divergence float64
	}{{tensor.Float16, 1e-6}, {tensor.Int8, 1e-3}} {
		narrow, err := m.NewStateful(gocompile.WithCache(c.kept))
		if err != nil {
			t.Fatal(err)
		}
		wide.Reset()
		next, same, divergence := int64(1), 0, 0.0
		scores := func(s *gocompile.Stateful) []float32 {
			out, err := s.Step(context.Background(), map[string]tensor.Value{"input_ids": tensor.Must([]int64{next}, 1, 1)}, gocompile.LastOnly)
			if err != nil {
				t.Fatal(err)
			}
			return tensor.Data[float32](out["logits"].(*tensor.Tensor))
		}
		for range tokens {
			p, q := scores(wide), scores(narrow)
			divergence += klDivergence(p, q) / tokens
			next = int64(greatest(p))
			if greatest(q) == greatest(p) {
				same++
			}
		}
		t.Logf("%v: %d of %d tokens are the same, the divergence is %.2g", c.kept, same, tokens, divergence)
		if same < tokens-4 || !(divergence < c.divergence) {
			t.Errorf("%v: the limit of the divergence is %g", c.kept, c.divergence)
		}
	}
}

func greatest(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// klDivergence is that of Kullback and Leibler, of the distributions that have these logits.
func klDivergence(p, q []float32) float64 {
	total := func(x []float32) float64 {
		peak, sum := float64(x[greatest(x)]), 0.0
		for _, v := range x {
			sum += math.Exp(float64(v) - peak)
		}
		return peak + math.Log(sum)
	}
	a, b, sum := total(p), total(q), 0.0
	for i := range p {
		log := float64(p[i]) - a
		sum += math.Exp(log) * (log - (float64(q[i]) - b))
	}
	return sum
}
