package attention

import "slices"

// finite is a copy of n rows of values, [n, size], with 0 in the place of what is not finite.
func (t *thread) finite(values []float32, step, n, size int) []float32 {
	if len(t.values) < n*size {
		t.values = make([]float32, n*size)
	}
	for j := range n {
		row := t.values[j*size : (j+1)*size]
		for e, x := range values[j*step:][:size] {
			if !isFinite(x) {
				x = 0
			}
			row[e] = x
		}
	}
	return t.values
}

// addInfinite adds what finite left out to the sums of [from, to), where it has a weight other than 0.
func (b *block) addInfinite(rows []float32, step, from, to, n int) {
	size := b.p.ValueSize
	for j := range n {
		values := rows[j*step:][:size]
		if !slices.ContainsFunc(values, func(x float32) bool { return !isFinite(x) }) {
			continue
		}
		for r := from; r < to; r++ {
			w := b.scores[r*b.tile+j]
			if w == 0 {
				continue
			}
			sums := b.sums[r*size : (r+1)*size]
			for e, x := range values {
				if !isFinite(x) {
					sums[e] += w * x
				}
			}
		}
	}
}

func isFinite(x float32) bool { return x-x == 0 }
