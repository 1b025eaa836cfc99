package recurrent

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
)

// roundRows makes rows of s integers, and s what they stand for.
func roundRows(s []float32, rows, cols int) *Integers {
	b := &Integers{Q: make([]int8, rows*cols), Scale: make([]float32, rows)}
	for r := range rows {
		row, peak := s[r*cols:][:cols], float32(0)
		for _, x := range row {
			peak = max(peak, max(x, -x))
		}
		if b.Scale[r] = peak / 127; peak == 0 {
			b.Scale[r] = 1
		}
		for k, x := range row {
			q := int8(math.RoundToEven(float64(x / b.Scale[r])))
			b.Q[r*cols+k], row[k] = q, float32(q)*b.Scale[r]
		}
	}
	return b
}

// TestIntegers compares layers of integers with the reference on the numbers that they stand for: all numbers of rows that kernels take at once, all tails of
// units, with one of the matrices integers or both, and cells without a kernel.
func TestIntegers(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for _, kind := range []Kind{LSTM, GRU, RNN} {
		for i := range 40 {
			p := &problem{kind: kind, dirs: 1 + i%2, linearBeforeReset: kind == GRU && i%5 != 0, seq: 1 + r.IntN(4), batch: 1 + i%17, input: r.IntN(40), hidden: r.IntN(70)}
			if i%7 == 0 {
				p.clip = 0.5
			}
			p.fill(r, i)
			rows := kind.Gates() * p.hidden
			var w, rec []*Integers
			for d := range p.dirs {
				w = append(w, roundRows(p.w[d*rows*p.input:], rows, p.input))
				rec = append(rec, roundRows(p.r[d*rows*p.hidden:], rows, p.hidden))
			}
			want := p.reference(t)
			for _, l := range levels() {
				for _, threads := range pools {
					x := NewCtx(threads, gemm.NewCtx(threads, l))
					for which := 1; which < 4; which++ {
						for _, f := range []gemm.Format{gemm.Float32, gemm.Float16} {
							if f != gemm.Float32 && which != 3 {
								continue
							}
							a := p.args(x, l, f, false)
							for d := range a.Layers {
								weights := p.weights(d)
								if which&1 != 0 {
									weights.W, weights.IntegerW = nil, w[d]
								}
								if which&2 != 0 {
									weights.R, weights.IntegerR = nil, rec[d]
								}
								a.Layers[d] = NewLayer(p.cell(d), p.input, p.hidden, weights, f, l, nil)
							}
							Run(x, a)
							what := fmt.Sprintf("level %v, %d threads, integers %b: %v", l, threads.Threads(), which, p)
							compare(t, "Y of "+what, a.Y, want[0])
							compare(t, "Y_h of "+what, a.YH, want[1])
							compare(t, "Y_c of "+what, a.YC, want[2])
						}
					}
				}
			}
		}
	}
}
