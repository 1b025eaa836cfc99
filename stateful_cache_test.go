package gocompile_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

// cacheTypes are what keys and values can be kept in beside float32, with the error of a number relative to the largest of its row, and of results.
var cacheTypes = []struct {
	kept           tensor.DType
	number, result float64
	shrinks        float64 // to which part of the memory
}{{tensor.Float16, 1.0 / 2048, 3e-3, 0.5}, {tensor.Int8, 1.0 / 254, 3e-2, 0.25 + 1.0/8}} // rows are of 8 numbers

// TestCacheTypes compares decoders that keep keys and values in fewer bits with the same in float32, back and forth.
func TestCacheTypes(t *testing.T) {
	for _, kind := range decoders {
		for _, c := range cacheTypes {
			t.Run(fmt.Sprint(kind, c.kept), func(t *testing.T) {
				m := decoder(t, kind).compile()
				wide, err := m.NewStateful()
				if err != nil {
					t.Fatal(err)
				}
				narrow, err := m.NewStateful(gocompile.WithCache(c.kept))
				if err != nil {
					t.Fatal(err)
				}
				r := rand.New(rand.NewPCG(1, 2))
				for wide.Len() < 150 {
					in := tokens(m, r, 2, 0, 1+r.IntN(2)*r.IntN(30), false)
					want, err := wide.Step(context.Background(), in)
					if err != nil {
						t.Fatal(err)
					}
					got, err := narrow.Step(context.Background(), in)
					if err != nil {
						t.Fatal(err)
					}
					near(t, "logits", got["logits"], want["logits"], c.result)
					if r.IntN(5) == 0 {
						n := r.IntN(wide.Len())
						for _, s := range []*gocompile.Stateful{wide, narrow} {
							if err := s.Truncate(n); err != nil {
								t.Fatal(err)
							}
						}
					}
					if r.IntN(5) == 0 {
						if narrow, err = narrow.Fork(); err != nil {
							t.Fatal(err)
						}
					}
				}
				sameCache(t, narrow, wide, c.number, c.result)
			})
		}
	}
}

// sameCache compares the keys and values of the first layer, which do not depend on what attention rounds, number by number, and sets them.
func sameCache(t *testing.T, narrow, wide *gocompile.Stateful, number, result float64) {
	t.Helper()
	for i, p := range wide.States() {
		a, err := narrow.State(p.Input)
		if err != nil {
			t.Fatal(err)
		}
		b, err := wide.State(p.Input)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(p.Input, "1") {
			near(t, p.Input, a, b, result)
			continue
		}
		near(t, p.Input, a, b, number+1e-6)
		if err := narrow.SetState(p.Input, b); err != nil {
			t.Fatal(err)
		}
		again, err := narrow.State(p.Input)
		if err != nil {
			t.Fatal(err)
		}
		near(t, fmt.Sprintf("state %d, set", i), again, b, number+1e-6)
	}
}

// TestCacheBytes: the memory of states is as small as it should be, and counts against the limit.
func TestCacheBytes(t *testing.T) {
	m := decoder(t, "plain").compile()
	in := tokens(m, rand.New(rand.NewPCG(1, 2)), 1, 0, 1024, true)
	held := func(options ...gocompile.StatefulOption) float64 {
		s, err := m.NewStateful(options...)
		if err != nil {
			t.Fatal(err)
		}
		empty, err := s.Fork()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step(context.Background(), in); err != nil {
			t.Fatal(err)
		}
		f, err := s.Fork() // without intermediate values
		if err != nil {
			t.Fatal(err)
		}
		return float64(f.Bytes() - empty.Bytes())
	}
	all := held()
	for _, c := range cacheTypes {
		if got := held(gocompile.WithCache(c.kept)) / all; math.Abs(got-c.shrinks) > 0.01 {
			t.Errorf("%v takes %g of the memory of float32, want %g", c.kept, got, c.shrinks)
		}
	}
	if got := held(gocompile.WithCache(tensor.Float32)); got != all {
		t.Errorf("float32 takes %g bytes if it is asked for, else %g", got, all)
	}
}

func TestCacheErrors(t *testing.T) {
	for _, c := range []struct {
		n    *net
		kept tensor.DType
		want string
	}{
		{decoder(t, "plain"), tensor.Int4, "keys and values cannot be kept in i4: want f32, f16 or i8"},
		{recurrent(t), tensor.Float16, "there are no keys and values that steps append to, to be kept in f16"},
	} {
		if _, err := c.n.compile().NewStateful(gocompile.WithCache(c.kept)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got error %v, want %q", err, c.want)
		}
	}
}

// TestBatchCacheTypes: sequences of a batch keep the same as alone.
func TestBatchCacheTypes(t *testing.T) {
	for _, c := range cacheTypes {
		for _, kind := range []string{"mask", "slopes"} {
			t.Run(fmt.Sprint(kind, c.kept), func(t *testing.T) {
				w := newTogether(t, decoder(t, kind).compile(), vocabulary, gocompile.WithCache(c.kept))
				w.tolerance = c.result // sums in another order may round a key to its other neighbour
				w.live(60)
			})
		}
	}
}
