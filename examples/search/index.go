package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// index holds the vector of each line.
type index struct {
	lines   []line
	vectors [][]float32
}

// newIndex reads lines in batches, and tells of each how many lines it was.
func newIndex(ctx context.Context, e *encoder, lines []line, batch int, done func(int)) (*index, error) {
	x := &index{lines: lines, vectors: make([][]float32, len(lines))}
	tokens, order := make([][]int64, len(lines)), make([]int, len(lines))
	for i, l := range lines {
		var err error
		if tokens[i], err = e.tokenizer.tokens(l.text); err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
		order[i] = i
	}
	// Lines of about the same length need little padding.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(tokens[a]), len(tokens[b])) })
	for part := range slices.Chunk(order, batch) {
		texts := make([][]int64, len(part))
		for k, i := range part {
			texts[k] = tokens[i]
		}
		vectors, err := e.vectors(ctx, texts)
		if err != nil {
			return nil, err
		}
		for k, i := range part {
			x.vectors[i] = vectors[k]
		}
		done(len(part))
	}
	return x, nil
}

// hit is a line and the cosine of the angle between its vector and that of a question.
type hit struct {
	line       line
	similarity float32
}

// search returns the lines most similar to a vector, at most top of them and the most similar first.
func (x *index) search(v []float32, top int) []hit {
	hits := make([]hit, len(x.lines))
	for i, l := range x.lines {
		hits[i].line = l
		for k, y := range x.vectors[i] {
			hits[i].similarity += y * v[k]
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.similarity, a.similarity) })
	return hits[:min(top, len(hits))]
}
