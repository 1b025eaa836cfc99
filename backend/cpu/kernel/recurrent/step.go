package recurrent

import "github.com/gocompile/gocompile/backend/cpu/kernel/gemm"

const groupFloats = 1 << 14 // weights that a call of a kernel takes at least

// paddedTile is the tile of one thread.
type paddedTile struct {
	tile
	wide []float32 // panels of R in a 16-bit format
	_    [64]byte
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
	steps := l.kernel.steps[l.format][l.cell.Kind]
	widened := l.narrow != nil && rows > len(steps)
	if widened {
		steps = l.kernel.steps[gemm.Float32][l.cell.Kind]
	}
	t.k, t.stride, t.xwRow = l.hidden, l.padded, l.columns()
	group := 1
	panel := l.hidden * gates * lanes
	if rows == 1 {
		group = max(1, groupFloats/max(1, panel))
	}
	for done := 0; done < p1-p0; done += group {
		p := p0 + done
		t.panels = min(group, p1-p)
		if at&1 != 0 {
			p = p1 - done - t.panels
		}
		t.bias, t.small, t.narrow = l.candidate[p*lanes:], nil, nil
		switch {
		case widened:
			t.wide = grow(t.wide, t.panels*panel)
			l.format.Widen(t.wide, l.narrow[p*panel:][:t.panels*panel])
			t.r = t.wide
		case l.format == gemm.Float32:
			t.r = l.r[p*panel:]
		case l.format == gemm.Int8:
			t.small, t.scale = l.small[p*panel:], l.scale[p*gates*lanes:]
		default:
			t.narrow = l.narrow[p*panel:]
		}
		for r := 0; r < rows; {
			n := strip(rows-r, len(steps))
			row := r*l.padded + p*lanes
			t.h, t.own, t.next, t.c = h[r*l.padded:], h[row:], next[row:], dir.c[row:]
			t.xw = xw[r*t.xwRow+p*gates*lanes:]
			steps[n-1](&t.tile)
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
