package attention

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

var none = float32(math.Inf(-1)) // the score of a masked key

// weigh turns the scores of rows [from, to) for keys [k, k+n) into weights relative to the rows' peaks, which may grow.
func (b *block) weigh(from, to, k, n int) {
	bias := b.prepare(from, to, k, n)
	peaks, totals := b.peaks[from:to], b.totals[from:to]
	fades, added := b.fades[:to-from], b.added[:to-from]
	copy(fades, peaks)
	vec.ExpSumRows(b.scores[from*b.tile:], b.tile, n, bias, peaks, added)
	fading := false
	for r, before := range fades {
		fades[r] = 1
		if before != peaks[r] && totals[r] != 0 {
			if by := vec.Reference(before) - vec.Reference(peaks[r]); by != 0 {
				fades[r], fading = float32(math.Exp(by)), true
				totals[r] *= fades[r]
			}
		}
		totals[r] += added[r]
	}
	if size := b.p.ValueSize; fading {
		sums := b.sums[from*size : to*size]
		vec.ScaleRows(sums, size, sums, size, size, fades)
	}
}

// prepare caps the scores of rows [from, to), adds to them what depends on the row, and hides keys that a row does not see. It returns what is still to be added to every
// row, nil if that is nothing.
func (b *block) prepare(from, to, k, n int) []float32 {
	p, share := b.p, b.p.share()
	common := p.masked() && p.Mask.Steps[2] == 0 && (share == 1 || p.Mask.Steps[1] == 0)
	window := p.Left > 0 || p.Right > 0
	if p.Softcap > 0 || p.Slopes != nil || p.masked() && !common || window {
		for r := from; r < to; r++ {
			row, i, h := b.scores[r*b.tile:][:n], (b.first+r)/share, b.group*share+(b.first+r)%share
			lo, hi := 0, n
			if window {
				lo, hi = p.visible(b.batch, i)
				lo, hi = min(max(lo-k, 0), n), min(max(hi-k, 0), n)
				vec.Fill(row[:lo], none)
				vec.Fill(row[max(lo, hi):], none)
			}
			if lo < hi {
				b.change(row[lo:hi], h, i, k+lo, !common)
			}
		}
	}
	if !common {
		return nil
	}
	return b.maskOf(k, n)
}

// change caps scores of one row, for the keys from k on, and adds slopes, and the mask if asked to.
func (b *block) change(scores []float32, h, i, k int, mask bool) {
	p := b.p
	if p.Softcap > 0 {
		vec.Tanh(scores, scores)
		vec.MulScalar(scores, scores, p.Softcap)
	}
	if p.Slopes != nil && p.Slopes[h] != 0 {
		b.distance(scores, k-i, p.Slopes[h])
	}
	if mask && p.masked() {
		b.mask(scores, h, i, k)
	}
}

// maskOf is what a mask that all rows have in common adds to the scores of keys [k, k+n), nil if that is nothing.
func (b *block) maskOf(k, n int) []float32 {
	m, bias := &b.p.Mask, b.bias[:n]
	at, step := m.First+b.batch*m.Steps[0]+b.group*m.Steps[1]+k*m.Steps[3], m.Steps[3]
	any := false
	for j := range bias {
		switch bias[j] = 0; {
		case m.Bool == nil:
			bias[j] = m.Float[at+j*step]
		case !m.Bool[at+j*step]:
			bias[j] = none
		}
		any = any || bias[j] != 0
	}
	if !any {
		return nil
	}
	return bias
}

// distance adds -slope·|position of the query - key| to scores, of which the first is for the key at position first beyond the query's number.
func (b *block) distance(scores []float32, first int, slope float32) {
	if b.p.Starts != nil {
		first -= b.p.Starts[b.batch]
	}
	steps := b.steps[:len(scores)]
	vec.AddScalar(steps, b.ramp, float32(first))
	left := min(max(-first, 0), len(scores)) // keys before the query
	vec.AddScaled(scores[:left], scores[:left], slope, steps)
	vec.AddScaled(scores[left:], scores[left:], -slope, steps[left:])
}

// mask adds what the mask says for the keys from k on. A masked score becomes -Inf even where it was NaN.
func (b *block) mask(scores []float32, h, i, k int) {
	m := &b.p.Mask
	at, step := m.First+b.batch*m.Steps[0]+h*m.Steps[1]+i*m.Steps[2]+k*m.Steps[3], m.Steps[3]
	if m.Bool != nil {
		for j := range scores {
			if !m.Bool[at+j*step] {
				scores[j] = none
			}
		}
		return
	}
	if step == 0 {
		vec.AddScalar(scores, scores, m.Float[at])
	} else {
		vec.Add(scores, scores, m.Float[at:])
	}
	if peak := vec.MaxOf(scores); peak != peak {
		for j := range scores {
			if m.Float[at+j*step] == none {
				scores[j] = none
			}
		}
	}
}
