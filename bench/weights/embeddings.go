package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

const (
	sentences       = 300
	others          = 256 // sentences to calibrate on
	shortest        = 6
	longest         = 48
	firstWord       = 1000 // of the vocabulary; before it are marks and single letters
	words           = 28000
	beginning, last = 101, 102 // tokens around a sentence
)

// drawLists makes up n sentences, as lists of tokens.
func drawLists(seed uint64, n int) [][]int64 {
	r := rand.New(rand.NewPCG(seed, 1))
	lists := make([][]int64, n)
	for i := range lists {
		list := []int64{beginning}
		for range shortest + r.IntN(longest-shortest) {
			list = append(list, int64(firstWord+r.IntN(words)))
		}
		lists[i] = append(list, last)
	}
	return lists
}

// embeddings compares those of lists with those of the first model.
type embeddings struct {
	lists   [][]int64
	right   [][]float32
	moments moments
}

func (e *embeddings) measure(ctx context.Context, m *gocompile.Model) (cosines, error) {
	got, err := embed(ctx, m, e.lists)
	if err != nil {
		return cosines{}, err
	}
	if e.right == nil {
		e.right = got
		if e.moments, err = momentsOf(ctx, m, drawLists(2, others)); err != nil {
			return cosines{}, err
		}
	}
	return compareEmbeddings(got, e.right), nil
}

// embed is the embedding of each sentence.
func embed(ctx context.Context, m *gocompile.Model, lists [][]int64) ([][]float32, error) {
	session := m.NewSession()
	result := slices.IndexFunc(m.Outputs(), func(p gocompile.Port) bool { return strings.Contains(p.Name, "sentence") })
	if result < 0 {
		return nil, fmt.Errorf("the model gives no embedding of a sentence")
	}
	var all [][]float32
	for _, list := range lists {
		in, err := sentence(m, list)
		if err != nil {
			return nil, err
		}
		out, err := session.RunOrdered(ctx, in)
		if err != nil {
			return nil, err
		}
		all = append(all, tensor.Data[float32](out[result].(*tensor.Tensor)))
	}
	return all, nil
}

// cosines are those of embeddings and the right ones.
type cosines struct{ Mean, Least float64 }

func compareEmbeddings(got, right [][]float32) cosines {
	c := cosines{Least: 1}
	for i := range got {
		var dot, a, b float64
		for j, x := range got[i] {
			y := float64(right[i][j])
			dot, a, b = dot+float64(x)*y, a+float64(x)*float64(x), b+y*y
		}
		cosine := min(1, dot/math.Sqrt(a*b))
		c.Mean, c.Least = c.Mean+cosine/float64(len(got)), min(c.Least, cosine)
	}
	return c
}
