//go:build !race

package gocompile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// TestReusedOutputs: with outputs of its own a step is what it is without, and allocates nothing; so do steps of several sequences, and of narrow caches. The
// models are those that compute no masks from lengths.
func TestReusedOutputs(t *testing.T) {
	for _, kind := range []string{"plain", "rows", "first", "turned", "stacked"} {
		for _, kept := range []tensor.DType{tensor.Float32, tensor.Float16, tensor.Int8} {
			m := decoder(t, kind).compile(gocompile.WithThreads(1))
			s, err := m.NewStateful(gocompile.WithReusedOutputs(), gocompile.WithCache(kept))
			if err != nil {
				t.Fatal(err)
			}
			plain, err := m.NewStateful(gocompile.WithCache(kept))
			if err != nil {
				t.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for _, rows := range []int{5, 1, 1, 3, 1, 1} {
				in := tokens(m, r, 1, 0, rows, false)
				got, err := s.Step(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				want, err := plain.Step(context.Background(), in)
				if err != nil {
					t.Fatal(err)
				}
				sameResults(t, got, want)
			}
			in := tokens(m, r, 1, 0, 1, false)
			allocatesNothing(t, fmt.Sprint(kind, kept), func() error {
				_, err := s.Step(context.Background(), in, gocompile.LastOnly)
				return err
			}, s.Truncate)
		}
		b, err := decoder(t, kind).compile(gocompile.WithThreads(1)).NewBatch(gocompile.WithReusedOutputs())
		if err != nil {
			t.Fatal(err)
		}
		turns := []gocompile.Turn{{Sequence: b.NewSequence(), Rows: 1}, {Sequence: b.NewSequence(), Rows: 1}, {Sequence: b.NewSequence(), Rows: 1}}
		in := map[string]tensor.Value{"input_ids": tensor.Must([]int64{1, 2, 3}, 3, 1)}
		allocatesNothing(t, kind+" together", func() error {
			_, err := b.Step(context.Background(), turns, in, gocompile.LastOnly)
			return err
		}, func(n int) error {
			for _, turn := range turns {
				if err := turn.Sequence.Truncate(n); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// allocatesNothing checks that steps, as few more than there is room for, do not allocate once they have been made.
func allocatesNothing(t *testing.T, what string, step func() error, truncate func(int) error) {
	t.Helper()
	several := func() {
		for range 20 {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}
	}
	several()
	several()
	if err := truncate(8); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1, several); n > 0 {
		t.Errorf("%s: %v allocations in 20 steps", what, n)
	}
}

// TestZooAllocations: steps of real models, each behind one position more than the one before, allocate nothing.
func TestZooAllocations(t *testing.T) {
	for name := range zooStates {
		if name == "silero_vad" { // which has branches
			continue
		}
		t.Run(name, func(t *testing.T) {
			m := zooModel(t, name)
			s, err := m.NewStateful(gocompile.WithReusedOutputs())
			if err != nil {
				t.Fatal(err)
			}
			in := zooInputs(m, 1, 0, 1, false)
			allocatesNothing(t, name, func() error {
				_, err := s.Step(context.Background(), in, gocompile.LastOnly)
				return err
			}, func(n int) error {
				if s.Len() == 0 {
					return nil
				}
				return s.Truncate(n)
			})
		})
	}
}
