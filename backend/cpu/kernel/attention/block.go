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
	tile        int       // keys of a tile
	first, rows int       // rows [first, first+rows) of the group
	q           []float32 // [rows, Size], scaled; nil: the queries are read where they lie
	sums        []float32 // [rows, ValueSize], of values with weights, e^(score-vec.Reference(peak))
	peaks       []float32 // [rows], largest scores so far
	totals      []float32 // [rows], sums of weights
	scores      []float32 // [rows, tile] of a tile, then weights
	fades       []float32 // [rows], what sums and totals are to be multiplied by
	added       []float32 // [rows], sums of the weights of a tile
	bias        []float32 // [tile], what a mask adds to the scores of every row
	ramp        []float32 // [tile]: 0, 1, 2, …
	steps       []float32 // [tile]: from a query to the keys
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
	*b = block{p: p, tile: plan.tile, batch: pair / p.Groups, group: pair % p.Groups, first: index * plan.rows}
	b.rows = min(plan.rows, p.rows()-b.first)
	rest := t.buffer
	take := func(n int) []float32 {
		s := rest[:n:n]
		rest = rest[n:]
		return s
	}
	t.scaled.Scale = p.scale()
	t.shelf.open(k, pair)
	if !p.inPlace() {
		b.q = take(b.rows * p.Size)
	}
	b.scores, b.bias, b.ramp, b.steps = take(b.rows*plan.tile), take(plan.tile), take(plan.tile), take(plan.tile)
	b.fades, b.added = take(b.rows), take(b.rows)
	if plan.splits > 1 {
		size := plan.rows * (p.ValueSize + 2)
		rest = k.partial[(i*plan.splits+part)*size:][:size]
	}
	b.sums, b.peaks, b.totals = take(b.rows*p.ValueSize), take(b.rows), take(b.rows)
	b.begin(part == 0)
	lo, _ := p.visible(b.batch, b.first/p.share())
	_, hi := p.visible(b.batch, (b.first+b.rows-1)/p.share())
	if plan.splits > 1 {
		size := ((hi-lo+plan.splits-1)/plan.splits + splitStep - 1) / splitStep * splitStep
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
	clear(b.sums)
	for r := range b.rows {
		i, h := (b.first+r)/share, b.group*share+(b.first+r)%share
		if b.q != nil {
			vec.MulScalar(b.q[r*p.Size:(r+1)*p.Size], p.Q.Data[p.Q.at(b.batch, h, i):], p.scale())
		}
		b.peaks[r], b.totals[r] = none, 0
		if p.Sink != nil && sinks && p.Sink[h] != none {
			b.peaks[r], b.totals[r] = p.Sink[h], float32(math.Exp(float64(p.Sink[h])-vec.Reference(p.Sink[h])))
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
	for k := lo; k < hi; k += b.tile {
		t.tile(b, k, min(b.tile, hi-k))
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
	args := gemm.Args{M: to - from, N: n, K: p.Size, TransB: true, C: b.scores[from*b.tile:], LDC: b.tile}
	if b.q != nil {
		args.A, args.LDA = b.q[from*p.Size:], p.Size
	} else {
		args.A, args.LDA, args.Epilogue = p.Q.Data[p.Q.at(b.batch, b.group, b.first+from):], p.Q.Row, &t.scaled
	}
	if args.Packed = t.keysOf(b, k, n); args.Packed == nil {
		args.B, args.LDB = p.K.rows(t.wide, b.batch, b.group, k, n, p.Size)
	} else {
		args.TransB = false
	}
	gemm.MatMul(t.gemm, args)
	scores := b.scores[from*b.tile : to*b.tile]
	p.K.scale(scores, b.tile, n, b.batch, b.group, k)
	b.weigh(from, to, k, n)
	p.V.scale(scores, b.tile, n, b.batch, b.group, k)
	args = gemm.Args{M: to - from, N: p.ValueSize, K: n, A: b.scores[from*b.tile:], LDA: b.tile, C: b.sums[from*p.ValueSize:], LDC: p.ValueSize, Epilogue: &t.add}
	if args.Packed = t.valuesOf(b, k, n); args.Packed == nil {
		args.B, args.LDB = p.V.rows(t.wide, b.batch, b.group, k, n, p.ValueSize)
	}
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
