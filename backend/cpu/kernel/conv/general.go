package conv

import (
	"math"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
)

// general computes image after image: its planes, then block after block.
func (x *Ctx) general() {
	a, l := &x.args, &x.layout
	x.prepare()
	x.divide()
	channels := l.Groups * l.In
	for x.image = range a.Batch {
		if !l.inPlace && !l.open {
			x.planes = grow(x.planes, channels*l.plane+x.kernels.panel())
			x.spread(channels, channels*l.plane*4, x.copyPlanes)
		}
		x.spread(l.Groups*x.blocks*x.split, l.Groups*l.Out*l.positions*l.depth, x.multiply)
	}
}

// prepare sets up weights and bias.
func (x *Ctx) prepare() {
	a, l := &x.args, &x.layout
	if a.Weights == nil {
		x.strips = grow(x.strips, stripsLen(l.Groups, l.Out, l.depth))
		packStrips(x.strips, a.W, l.Groups, l.Out, l.depth)
	}
	per := stripsOf(l.Out)*stripRows + stripRows
	x.bias = grow(x.bias, l.Groups*per)
	for g := range l.Groups {
		b := x.bias[g*per:][:per]
		clear(b)
		if a.Bias != nil {
			copy(b, a.Bias[g*l.Out:][:l.Out])
		}
	}
}

// divide decides how large the pieces of work are.
func (x *Ctx) divide() {
	l := &x.layout
	cols := x.kernels.panel()
	x.panels = (l.positions + cols - 1) / cols
	x.block = min(x.panels, max(1, panelFloats/(cols*l.depth)))
	threads := len(x.slots)
	for x.block > 1 && l.Groups*((x.panels+x.block-1)/x.block) < 4*threads {
		x.block = (x.block + 1) / 2
	}
	x.blocks = (x.panels + x.block - 1) / x.block
	x.split, x.each = 1, stripsOf(l.Out)
	if n := l.Groups * x.blocks; threads > 1 && n < 4*threads {
		x.split = min((4*threads+n-1)/n, (x.each+blockStrips-1)/blockStrips)
		x.each = ((x.each+x.split-1)/x.split + 1) / 2 * 2
		x.split = (stripsOf(l.Out) + x.each - 1) / x.each
	}
}

func (x *Ctx) runPlanes(int) {
	l := &x.layout
	n := l.Groups * l.In
	for c, ok := x.take(n); ok; c, ok = x.take(n) {
		l.copyPlane(x.planes[c*l.plane:][:l.plane], x.args.X[(x.image*n+c)*l.size:][:l.size], x.kernels.pick)
	}
}

func (x *Ctx) runBlocks(slot int) {
	l, s := &x.layout, &x.slots[slot]
	last := -1
	n := l.Groups * x.blocks * x.split
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		group, block, part := i/x.split/x.blocks, i/x.split%x.blocks, i%x.split
		if i/x.split != last {
			x.gather(s, group, block)
			last = i / x.split
		}
		x.strip(s, group, block, part*x.each, min((part+1)*x.each, stripsOf(l.Out)))
	}
}

// source is what the sums of a group read.
func (x *Ctx) source(group int) []float32 {
	l := &x.layout
	if l.inPlace || l.open {
		return x.args.X[(x.image*l.Groups+group)*l.In*l.plane:]
	}
	return x.planes[group*l.In*l.plane:]
}

// direct is where the panel of positions [from, to) begins in what sums read, if it is whole and lies side by side there; else −1.
func (x *Ctx) direct(from, to int) int {
	l := &x.layout
	line := from / l.line
	if to-from < x.kernels.panel() || line != (to-1)/l.line {
		return -1
	}
	at := l.lineStart(line) + from%l.line
	if l.open {
		row := &l.axes[MaxAxes-1]
		if at -= row.Before; at < 0 || at+(row.Kernel-1)*row.Dilation+to-from > row.In {
			return -1
		}
	}
	return at
}

// gather fills the panels of a block, but for those that are read where they lie.
func (x *Ctx) gather(s *slot, group, block int) {
	l := &x.layout
	lanes, cols := x.kernels.lanes, x.kernels.panel()
	per := l.depth*cols + lanes
	s.panels, s.direct = grow(s.panels, x.block*per), s.direct[:0]
	src := x.source(group)
	g := &s.gathering
	for j := range x.block {
		from := (block*x.block + j) * cols
		to := min(from+cols, l.positions)
		if from >= to {
			break
		}
		at := x.direct(from, to)
		if s.direct = append(s.direct, at); at >= 0 {
			continue
		}
		if l.open {
			l.gatherOpen(s.panels[j*per:][:per], src, from, to, x.kernels.vectors(to-from)*lanes)
			continue
		}
		s.pieces = l.pieces(from, to, lanes, s.pieces[:0])
		*g = gathering{dst: s.panels[j*per:][:per], src: src, offsets: l.offsets, pieces: s.pieces, width: x.kernels.vectors(to-from) * lanes}
		x.kernels.gather(g)
	}
	*g = gathering{}
}

// gatherOpen fills the panel of positions [from, to) of width elements a row from an X that has no planes.
func (l *layout) gatherOpen(dst, src []float32, from, to, width int) {
	row := &l.axes[MaxAxes-1]
	for c := range l.In {
		x := src[c*l.size:][:l.size]
		for k := range row.Kernel {
			first := from - row.Before + k*row.Dilation // what the first position meets
			lo := min(max(0, -first), to-from)
			hi := max(lo, min(to-from, row.In-first))
			clear(dst[:lo])
			if lo < hi {
				copy(dst[lo:hi], x[first+lo:])
			}
			clear(dst[hi:width])
			dst = dst[width:]
		}
	}
}

// strip multiplies strips [s0, s1) of a group with the panels of a block.
func (x *Ctx) strip(s *slot, group, block, s0, s1 int) {
	l := &x.layout
	strips := x.strips
	if x.args.Weights != nil {
		strips = x.args.Weights.packed(group)
	} else {
		strips = strips[group*stripsLen(1, l.Out, l.depth):]
	}
	bias := x.bias[group*(stripsOf(l.Out)*stripRows+stripRows):]
	y := x.args.Y[(x.image*l.Groups+group)*l.Out*l.positions:][:l.Out*l.positions]
	cols := x.kernels.panel()
	per := l.depth*cols + x.kernels.lanes
	t := &s.tile
	*t = tile{k: l.depth, low: float32(math.Inf(-1))}
	src := x.source(group)
	done := x.args.Residual == nil && x.args.Activation == gemm.Relu // by the tiles
	if done {
		t.low = 0
	}
	first := block * x.block * cols
	last := min(first+x.block*cols, l.positions)
	for i := s0; i < s1; i += 2 {
		for from := first; from < last; from += cols {
			n := min(cols, last-from)
			panel := (from - first) / cols
			t.b, t.at = &s.panels[panel*per], nil
			if at := s.direct[panel]; at >= 0 {
				t.b, t.at = &src[at], &l.offsets[0]
			}
			if x.tileOf(t, 2, n) != nil && i+1 < s1 {
				x.one(s, strips, bias, y, i, 2, from, n)
				continue
			}
			for k := i; k < min(i+2, s1); k++ {
				x.one(s, strips, bias, y, k, 1, from, n)
			}
		}
		if done {
			continue
		}
		rows := min((i+2)*stripRows, s1*stripRows, l.Out) - i*stripRows
		x.finishRows(s, ((x.image*l.Groups+group)*l.Out+i*stripRows)*l.positions+first, rows, last-first)
	}
	*t = tile{}
}

// tileOf is the kernel for the tile at hand, with so many strips and positions; nil if there is none.
func (x *Ctx) tileOf(t *tile, strips, positions int) func(*tile) {
	if t.at != nil {
		return x.kernels.direct[strips-1]
	}
	return x.kernels.tiles[strips-1][x.kernels.vectors(positions)-1]
}

// one computes so many strips, one or two, from strip i on and one panel of n positions, which begins at position from.
func (x *Ctx) one(s *slot, strips, bias, y []float32, i, count, from, n int) {
	l, t := &x.layout, &s.tile
	t.a = &strips[i*stripRows*l.depth]
	if count == 2 {
		t.a2 = &strips[(i+1)*stripRows*l.depth]
	}
	t.bias = &bias[i*stripRows]
	vectors := x.kernels.vectors(n)
	w := vectors * x.kernels.lanes
	rows := min(count*stripRows, l.Out-i*stripRows)
	out := y[i*stripRows*l.positions+from:]
	edge := rows < count*stripRows || n < w
	if edge {
		t.c, t.ldc = &s.edge[0], w
	} else {
		t.c, t.ldc = &out[0], l.positions
	}
	x.tileOf(t, count, n)(t)
	if edge {
		for r := range rows {
			copy(out[r*l.positions:][:n], s.edge[r*w:])
		}
	}
}
