package recurrent

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	chunkFloats = 1 << 18 // products with W that are made at once, so that they stay in the second cache
	groupFloats = 1 << 14 // weights that a call of a kernel takes at least
	teamWork    = 1 << 15 // multiply-adds of a step that are worth a member of a team, which waits for the others at each step
	chunkWork   = 1 << 18 // multiply-adds of all steps of a chunk below which the caller does everything
	sideWork    = 1 << 17 // multiply-adds of all steps of a chunk that are worth a thread of their own
)

// Ctx is what an operator runs with: threads, and memory that grows to what is needed and is then kept. One operator at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	gemm    *gemm.Ctx
	dynamic [2]*Layer
	alone   [2]*gemm.Ctx // of one thread, one a direction; nil before the first use

	// The call in progress.
	args   Args
	dirs   [2]direction
	fast   []int // directions that have a kernel
	order  []int // sequences by descending length
	active []int // by step: sequences that are longer
	first  []int // by step: row of its first sequence among those of all steps, one after the other
	gather bool  // whether rows of X are copied together
	t0, t1 int   // steps of the chunk in progress
	x      []float32
	tiles  []paddedTile
	steps  func(member, size int, b *pool.Barrier)

	general func(direction int)
}

type paddedTile struct {
	tile
	wide []float32 // panels of R in a 16-bit format
	_    [64]byte
}

// direction is the state of one direction. Its sequences are in the order of Ctx.
type direction struct {
	layer *Layer
	bias  gemm.Epilogue
	xw    []float32    // products of the chunk
	h     [2][]float32 // [batch, padded] states before and after a step, changing places
	c     []float32    // [batch, padded]
	gemm  *gemm.Ctx    // of the general way
	extra []float32    // scratch of the general way
}

// NewCtx makes a context for p, which may be nil, and the products of g.
func NewCtx(p *pool.Pool, g *gemm.Ctx) *Ctx {
	x := &Ctx{pool: p, gemm: g, dynamic: [2]*Layer{new(Layer), new(Layer)}, tiles: make([]paddedTile, p.Threads())}
	x.steps, x.general = x.runSteps, x.generalDirection
	return x
}

// Dynamic is layers of the context, one or two, for weights that change from run to run.
func (x *Ctx) Dynamic(dirs int) []*Layer { return x.dynamic[:dirs] }

// Run computes all results.
func Run(x *Ctx, args Args) {
	args.check()
	x.args = args
	a := &x.args
	x.prepare()
	x.begin()
	if len(x.active) > 0 {
		most := max(1, chunkFloats/max(1, a.Layers[0].columns()*x.active[0]))
		for x.t0 = 0; x.t0 < len(x.active); x.t0 = x.t1 {
			x.t1 = min(len(x.active), x.t0+most)
			for d := range a.Layers {
				x.project(d)
			}
			x.runGeneral()
			switch n := x.members(); n {
			case 0:
			case 1:
				x.runSteps(0, 1, nil)
			default:
				x.pool.Team(n, x.steps)
			}
		}
	}
	x.args = Args{}
	for d := range x.dirs {
		x.dirs[d].layer, x.dirs[d].bias.ColumnBias = nil, nil
	}
}

// prepare orders the sequences and finds out which are active at which step.
func (x *Ctx) prepare() {
	a := &x.args
	x.order = growInts(x.order, a.Batch)
	longest := 0
	for b := range x.order {
		x.order[b] = b
		longest = max(longest, a.length(b))
	}
	x.active, x.first = growInts(x.active, longest), growInts(x.first, longest+1)
	if a.Lengths == nil {
		for t := range x.active {
			x.active[t], x.first[t] = a.Batch, t*a.Batch
		}
		x.first[longest] = longest * a.Batch
		x.gather = a.BatchFirst && a.Batch > 1
		return
	}
	// How many sequences end at which step is where each group of equal lengths begins in the order.
	clear(x.active)
	for _, n := range a.Lengths {
		if n > 0 {
			x.active[n-1]++
		}
	}
	for t := longest - 2; t >= 0; t-- {
		x.active[t] += x.active[t+1]
	}
	for t := range longest {
		x.first[t] = 0 // filled so far of the group that ends there
	}
	none := 0
	for b, n := range a.Lengths {
		if n == 0 {
			x.order[a.Batch-1-none] = b
			none++
			continue
		}
		at := 0
		if int(n) < longest {
			at = x.active[n]
		}
		x.order[at+x.first[n-1]] = b
		x.first[n-1]++
	}
	total := 0
	for t, n := range x.active {
		x.first[t] = total
		total += n
	}
	x.first[longest] = total
	x.gather = a.Batch > 1 && (a.BatchFirst || total < longest*a.Batch)
}

// begin makes memory, sets the initial states and clears what of the results no step writes.
func (x *Ctx) begin() {
	a := &x.args
	hidden := a.Layers[0].hidden
	x.fast = x.fast[:0]
	for d, l := range a.Layers {
		if l.kernel != nil {
			x.fast = append(x.fast, d)
		}
		dir := &x.dirs[d]
		dir.layer = l
		for i := range dir.h {
			dir.h[i] = grow(dir.h[i], a.Batch*l.padded)
		}
		dir.c = grow(dir.c, a.Batch*l.padded)
		clear(dir.h[0])
		clear(dir.c)
		for r, b := range x.order {
			row := a.rowState(d, b)
			if a.H0 != nil {
				copy(dir.h[0][r*l.padded:], a.H0[row*hidden:][:hidden])
			}
			if a.C0 != nil {
				copy(dir.c[r*l.padded:], a.C0[row*hidden:][:hidden])
			}
			if a.length(b) == 0 {
				x.finish(d, r, dir.h[0], 0, hidden)
			}
			if a.Y == nil {
				continue
			}
			for t := a.length(b); t < a.Seq; t++ {
				clear(a.Y[a.rowY(t, d, b)*hidden:][:hidden])
			}
		}
	}
}

// time is when step t of the sequence in row r is.
func (x *Ctx) time(d, r, t int) int {
	if x.args.Reverse[d] {
		return x.args.length(x.order[r]) - 1 - t
	}
	return t
}

// project computes the products of the chunk with W.
func (x *Ctx) project(d int) {
	a, dir := &x.args, &x.dirs[d]
	l := dir.layer
	rows := x.first[x.t1] - x.first[x.t0]
	dir.xw = grow(dir.xw, rows*l.columns())
	var in []float32
	if x.gather {
		in = grow(x.x, rows*l.input)
		x.x = in
		at := 0
		for t := x.t0; t < x.t1; t++ {
			for r := range x.active[t] {
				copy(in[at:][:l.input], a.X[a.rowX(x.time(d, r, t), x.order[r])*l.input:])
				at += l.input
			}
		}
	} else {
		time := x.t0
		if a.Reverse[d] {
			time = x.time(d, 0, x.t1-1)
		}
		in = a.X[time*a.Batch*l.input:]
	}
	dir.bias.ColumnBias = l.bias
	gemm.MatMul(x.gemm, l.w.args(rows, in, l.input, dir.xw, l.columns(), &dir.bias))
}

// products is the rows of step t with W.
func (x *Ctx) products(d, t int) []float32 {
	row := x.first[t] - x.first[x.t0]
	if x.args.Reverse[d] && !x.gather {
		row = x.first[x.t1] - x.first[t+1]
	}
	return x.dirs[d].xw[row*x.dirs[d].layer.columns():]
}

// members is how many threads the steps of the chunk are worth, 0 if there are none.
func (x *Ctx) members() int {
	if len(x.fast) == 0 {
		return 0
	}
	l := x.args.Layers[x.fast[0]]
	step := len(x.fast) * l.cell.Kind.Gates() * l.hidden * l.hidden * x.active[x.t0]
	if step*(x.t1-x.t0) < chunkWork {
		return 1
	}
	n := 1 + step/teamWork
	if n == 1 && step*(x.t1-x.t0) > len(x.fast)*sideWork {
		n = len(x.fast)
	}
	return min(n, len(x.tiles))
}

// runSteps is what each member of a team does: all steps of the chunk for a direction, or for its share of the hidden units of all
// directions.
func (x *Ctx) runSteps(member, size int, b *pool.Barrier) {
	tile := &x.tiles[member]
	panels := x.args.Layers[x.fast[0]].panels()
	if size == 1 || size == len(x.fast) {
		for i := member; i < len(x.fast); i += size {
			for t := x.t0; t < x.t1; t++ {
				x.step(tile, x.fast[i], t, 0, panels)
			}
		}
	} else {
		all := panels * len(x.fast)
		lo, hi := member*all/size, (member+1)*all/size
		for t := x.t0; t < x.t1; t++ {
			for i, d := range x.fast {
				x.step(tile, d, t, max(0, lo-i*panels), min(panels, hi-i*panels))
			}
			b.Wait()
		}
	}
	tile.tile = emptyTile
}

var emptyTile tile

// step computes panels [p0, p1) of step t. Every other step takes them backwards, so that what of R is in the second cache is used
// before it is displaced.
func (x *Ctx) step(t *paddedTile, d, at, p0, p1 int) {
	if p0 >= p1 {
		return
	}
	dir := &x.dirs[d]
	l := dir.layer
	gates, lanes, rows := l.cell.Kind.Gates(), l.kernel.Lanes, x.active[at]
	h, next, xw := dir.h[at&1], dir.h[(at+1)&1], x.products(d, at)
	kernels := l.kernel.of(l.cell.Kind)
	t.k, t.stride, t.xwRow = l.hidden, l.padded, l.columns()
	group := 1
	panel := l.hidden * gates * lanes
	if rows == 1 {
		group = max(1, groupFloats/max(1, panel))
	}
	alone := l.kernel.narrow[l.format][l.cell.Kind]
	for done := 0; done < p1-p0; done += group {
		p := p0 + done
		t.panels = min(group, p1-p)
		if at&1 != 0 {
			p = p1 - done - t.panels
		}
		t.bias, t.narrow = l.candidate[p*lanes:], nil
		switch narrow := l.format != gemm.Float32; {
		case !narrow:
			t.r = l.r[p*panel:]
		case rows == 1 && alone != nil:
			t.narrow = l.narrow[p*panel:]
		default:
			t.wide = grow(t.wide, t.panels*panel)
			l.format.Widen(t.wide, l.narrow[p*panel:][:t.panels*panel])
			t.r = t.wide
		}
		for r := 0; r < rows; {
			n := strip(rows-r, len(kernels))
			row := r*l.padded + p*lanes
			t.h, t.own, t.next, t.c = h[r*l.padded:], h[row:], next[row:], dir.c[row:]
			t.xw = xw[r*t.xwRow+p*gates*lanes:]
			if len(t.narrow) > 0 {
				alone(&t.tile)
			} else {
				kernels[n-1](&t.tile)
			}
			r += n
		}
	}
	x.leave(d, at, next, p0*lanes, min(p1*lanes, l.hidden))
}

// strip is how many of the remaining rows are done at once: all but the last two strips are as high as can be.
func strip(rows, most int) int {
	if rows > most && rows < 2*most {
		return (rows + 1) / 2
	}
	return min(rows, most)
}

// leave copies units [u0, u1) of the states after a step to the results.
func (x *Ctx) leave(d, t int, next []float32, u0, u1 int) {
	a := &x.args
	hidden, padded := x.dirs[d].layer.hidden, x.dirs[d].layer.padded
	ends := 0
	if t+1 < len(x.active) {
		ends = x.active[t+1]
	}
	for r := range x.active[t] {
		if a.Y != nil {
			row := a.rowY(x.time(d, r, t), d, x.order[r])
			copy(a.Y[row*hidden+u0:row*hidden+u1], next[r*padded+u0:])
		}
		if r >= ends {
			x.finish(d, r, next, u0, u1)
		}
	}
}

// finish copies units [u0, u1) of the states of the sequence in row r to the last states.
func (x *Ctx) finish(d, r int, h []float32, u0, u1 int) {
	a, dir := &x.args, &x.dirs[d]
	row, from := a.rowState(d, x.order[r])*dir.layer.hidden, r*dir.layer.padded
	if a.YH != nil {
		copy(a.YH[row+u0:row+u1], h[from+u0:])
	}
	if a.YC != nil {
		copy(a.YC[row+u0:row+u1], dir.c[from+u0:])
	}
}

func growInts(s []int, n int) []int {
	if cap(s) < n {
		return make([]int, n)
	}
	return s[:n]
}
