package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gocompile/gocompile"
	"github.com/gocompile/gocompile/tensor"
)

const (
	sentences       = 300
	shortest        = 6
	longest         = 48
	firstWord       = 1000 // of the vocabulary; before it are marks and single letters
	words           = 28000
	beginning, last = 101, 102 // tokens around a sentence
)

// drawLists makes up sentences, as lists of tokens.
func drawLists() [][]int64 {
	r := rand.New(rand.NewPCG(1, 1))
	lists := make([][]int64, sentences)
	for i := range lists {
		list := []int64{beginning}
		for range shortest + r.IntN(longest-shortest) {
			list = append(list, int64(firstWord+r.IntN(words)))
		}
		lists[i] = append(list, last)
	}
	return lists
}

// embed is the embedding of each sentence.
func embed(ctx context.Context, m *gocompile.Model, lists [][]int64) ([][]float32, error) {
	session, result := m.NewSession(), ""
	for _, p := range m.Outputs() {
		if strings.Contains(p.Name, "sentence") {
			result = p.Name
		}
	}
	var all [][]float32
	for _, list := range lists {
		in := map[string]tensor.Value{}
		for _, p := range m.Inputs() {
			x := tensor.New(tensor.Int64, 1, len(list))
			for i, id := range list {
				switch p.Name {
				case "input_ids":
					x.SetInt64(i, id)
				case "attention_mask":
					x.SetInt64(i, 1)
				}
			}
			in[p.Name] = x
		}
		out, err := session.Run(ctx, in)
		if err != nil {
			return nil, err
		}
		y, ok := out[result].(*tensor.Tensor)
		if !ok {
			return nil, fmt.Errorf("the model gives no embedding of a sentence")
		}
		all = append(all, tensor.Data[float32](y))
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
