package attention

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// block is a number of rows on their way over the keys.
type block struct {
	p           *Problem
	batch       int
	group       int
	first, rows int       // rows [first, first+rows) of the group
	q           []float32 // [rows, Size], scaled
	sums        []float32 // [rows, ValueSize], of values with weights relative to the peaks
	peaks       []float32 // [rows], largest scores so far
	totals      []float32 // [rows], sums of weights relative to the peaks
	scores      []float32 // [rows, tileKeys] of a tile, then weights
	ramp        []float32 // [tileKeys]: 0, 1, 2, …
	steps       []float32 // [tileKeys]: from a query to the keys
	careful     bool      // values that are not finite may have the weight 0
}

// item solves one part of a block.
func (t *thread) item(x *Ctx, i int) {
	k := x.task(i)
	p, plan := &k.Problem, &k.plan
	i -= k.first
	part, i := i%plan.splits, i/plan.splits
	index, pair := i%plan.blocks, i/plan.blocks
	b := &t.block
	*b = block{p: p, batch: pair / p.Groups, group: pair % p.Groups, first: index * plan.rows}
	b.rows = min(plan.rows, p.rows()-b.first)
	rest := t.buffer
	take := func(n int) []float32 {
		s := rest[:n:n]
		rest = rest[n:]
		return s
	}
	b.q, b.scores, b.ramp, b.steps = take(b.rows*p.Size), take(b.rows*tileKeys), take(tileKeys), take(tileKeys)
	if plan.splits > 1 {
		size := plan.rows * (p.ValueSize + 2)
		rest = k.partial[(i*plan.splits+part)*size:][:size]
	}
	b.sums, b.peaks, b.totals = take(b.rows*p.ValueSize), take(b.rows), take(b.rows)
	b.begin(part == 0)
	lo, _ := p.visible(b.batch, b.first/p.share())
	_, hi := p.visible(b.batch, (b.first+b.rows-1)/p.share())
	if plan.splits > 1 {
		size := ((hi-lo+plan.splits-1)/plan.splits + tileKeys - 1) / tileKeys * tileKeys
		lo = min(hi, lo+part*size)
		hi = min(hi, lo+size)
	}
	t.tiles(b, lo, hi)
	if sum := vec.MaxOf(b.sums); sum != sum && p.hides() {
		// A value that is not finite made NaN of sums in which it has the weight 0.
		b.begin(part == 0)
		b.careful = true
		t.tiles(b, lo, hi)
	}
	if plan.splits == 1 {
		b.finish()
	}
}

// begin loads the queries and clears the sums; only one part of a block counts the sinks.
func (b *block) begin(sinks bool) {
	p, share := b.p, b.p.share()
	scale := p.Scale
	if p.Softcap > 0 {
		scale /= p.Softcap
	}
	clear(b.sums)
	for r := range b.rows {
		i, h := (b.first+r)/share, b.group*share+(b.first+r)%share
		vec.MulScalar(b.q[r*p.Size:(r+1)*p.Size], p.Q.Data[p.Q.at(b.batch, h, i):], scale)
		b.peaks[r], b.totals[r] = float32(math.Inf(-1)), 0
		if p.Sink != nil && sinks && p.Sink[h] != float32(math.Inf(-1)) {
			b.peaks[r], b.totals[r] = p.Sink[h], 1
		}
	}
	if p.Slopes != nil {
		for j := range b.ramp {
			b.ramp[j] = float32(j)
		}
	}
}

// tiles takes the keys [lo, hi) into account.
func (t *thread) tiles(b *block, lo, hi int) {
	for k := lo; k < hi; k += tileKeys {
		t.tile(b, k, min(tileKeys, hi-k))
	}
}

// tile takes the keys [k, k+n) into account.
func (t *thread) tile(b *block, k, n int) {
	p, share := b.p, b.p.share()
	// Rows before from see none of these keys yet, rows from to on none any more.
	from, to := 0, b.rows
	for from < to && b.end(from) <= k {
		from += share - (b.first+from)%share
	}
	for to > from && b.begins(to-1) >= k+n {
		to--
	}
	if from >= to {
		return
	}
	t.work += int64(to-from) * int64(n) * int64(p.Size+p.ValueSize)
	args := gemm.Args{M: to - from, N: n, K: p.Size, A: b.q[from*p.Size:], LDA: p.Size, TransB: true, C: b.scores[from*tileKeys:], LDC: tileKeys}
	args.B, args.LDB = p.K.rows(t.wide, b.batch, b.group, k, n, p.Size)
	gemm.MatMul(t.gemm, args)
	for r := from; r < to; r++ {
		p.K.scale(b.scores[r*tileKeys:][:n], b.batch, b.group, k)
		b.weigh(r, k, n)
		p.V.scale(b.scores[r*tileKeys:][:n], b.batch, b.group, k)
	}
	args = gemm.Args{M: to - from, N: p.ValueSize, K: n, A: b.scores[from*tileKeys:], LDA: tileKeys, C: b.sums[from*p.ValueSize:], LDC: p.ValueSize, Epilogue: &t.add}
	args.B, args.LDB = p.V.rows(t.wide, b.batch, b.group, k, n, p.ValueSize)
	if b.careful {
		values, row := args.B, args.LDB
		args.B, args.LDB = t.finite(values, row, n, p.ValueSize), p.ValueSize
		defer b.addInfinite(values, row, from, to, n)
	}
	gemm.MatMul(t.gemm, args)
}

func (b *block) begins(r int) int {
	lo, _ := b.p.visible(b.batch, (b.first+r)/b.p.share())
	return lo
}

func (b *block) end(r int) int {
	_, hi := b.p.visible(b.batch, (b.first+r)/b.p.share())
	return hi
}

// weigh turns the scores of row r for keys [k, k+n) into weights relative to the row's peak, which may grow.
func (b *block) weigh(r, k, n int) {
	p, share := b.p, b.p.share()
	row := b.scores[r*tileKeys:][:n]
	i, h := (b.first+r)/share, b.group*share+(b.first+r)%share
	lo, hi := p.visible(b.batch, i)
	lo, hi = min(max(lo-k, 0), n), min(max(hi-k, 0), n)
	clear(row[:lo])
	clear(row[max(lo, hi):])
	if lo >= hi {
		return
	}
	seen := row[lo:hi]
	if p.Softcap > 0 {
		vec.Tanh(seen, seen)
		vec.MulScalar(seen, seen, p.Softcap)
	}
	if p.Slopes != nil && p.Slopes[h] != 0 {
		b.distance(seen, k+lo-i, p.Slopes[h])
	}
	if p.masked() {
		b.mask(seen, h, i, k+lo)
	}
	peak := max(b.peaks[r], vec.MaxOf(seen)) // NaN if any score is
	if peak == float32(math.Inf(-1)) {
		clear(seen)
		return
	}
	sum := vec.ExpSum(seen, seen, peak)
	if peak != b.peaks[r] {
		fade := float32(math.Exp(float64(b.peaks[r]) - float64(peak)))
		b.totals[r] *= fade
		vec.MulScalar(b.sums[r*p.ValueSize:(r+1)*p.ValueSize], b.sums[r*p.ValueSize:(r+1)*p.ValueSize], fade)
		b.peaks[r] = peak
	}
	b.totals[r] += sum
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
	none := float32(math.Inf(-1))
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
