package attention

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// finish divides the sums by the totals and stores them.
func (b *block) finish() {
	p, share := b.p, b.p.share()
	factors := b.totals // which are 0, or the largest weight, about ½, at least
	for r, total := range b.totals {
		if total != 0 {
			factors[r] = 1 / total
		}
	}
	if share == 1 {
		vec.ScaleRows(p.Y.Data[p.Y.at(b.batch, b.group, b.first):], p.Y.Row, b.sums, p.ValueSize, p.ValueSize, factors)
	}
	for r, f := range factors {
		if share == 1 && f != 0 {
			continue
		}
		i, h := (b.first+r)/share, b.group*share+(b.first+r)%share
		y := p.Y.Data[p.Y.at(b.batch, h, i):][:p.ValueSize]
		if f == 0 {
			p.empty(y, b.batch, b.group)
			continue
		}
		vec.MulScalar(y, b.sums[r*p.ValueSize:(r+1)*p.ValueSize], f)
	}
}

// empty is the result of a row without keys.
func (p *Problem) empty(y []float32, b, g int) {
	clear(y)
	switch {
	case p.Keys == 0:
	case p.Empty == NaN:
		vec.Fill(y, float32(math.NaN()))
	case p.Empty == Mean:
		var memory [64]float32
		for k := range p.Keys {
			for e := 0; e < len(y); e += len(memory) {
				n := min(len(memory), len(y)-e)
				p.V.add(y[e:e+n], memory[:n], b, g, k, e)
			}
		}
		vec.MulScalar(y, y, 1/float32(p.Keys))
	}
}

// join adds all parts of a block to the first.
func (t *thread) join(k *task, i int) {
	p, plan := &k.Problem, &k.plan
	index, pair := i%plan.blocks, i/plan.blocks
	size := plan.rows * (p.ValueSize + 2)
	view := func(part int) block {
		b := block{p: p, batch: pair / p.Groups, group: pair % p.Groups, first: index * plan.rows}
		b.rows = min(plan.rows, p.rows()-b.first)
		data, n := k.partial[(i*plan.splits+part)*size:][:size], b.rows*p.ValueSize
		b.sums, b.peaks, b.totals = data[:n], data[n:n+b.rows], data[n+b.rows:n+2*b.rows]
		return b
	}
	all := view(0)
	for part := 1; part < plan.splits; part++ {
		one := view(part)
		for r := range all.rows {
			all.absorb(&one, r)
		}
	}
	all.finish()
}

// absorb adds a row of another part.
func (b *block) absorb(o *block, r int) {
	peak := max(b.peaks[r], o.peaks[r])
	if peak == none {
		return
	}
	reference := vec.Reference(peak)
	mine := float32(math.Exp(vec.Reference(b.peaks[r]) - reference))
	theirs := float32(math.Exp(vec.Reference(o.peaks[r]) - reference))
	n := b.p.ValueSize
	sums := b.sums[r*n : (r+1)*n]
	vec.MulScalar(sums, sums, mine)
	vec.AddScaled(sums, sums, theirs, o.sums[r*n:(r+1)*n])
	b.totals[r] = b.totals[r]*mine + o.totals[r]*theirs
	b.peaks[r] = peak
}
