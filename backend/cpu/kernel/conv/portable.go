package conv

import (
	"slices"
	"unsafe"
)

var portable = kernels{
	lanes:  8,
	tiles:  [2][panelVectors]func(*tile){{func(t *tile) { portableTile(t, 8) }, func(t *tile) { portableTile(t, 16) }, func(t *tile) { portableTile(t, 24) }}},
	direct: [2]func(*tile){func(t *tile) { portableTile(t, 24) }},
	gather: portableGather,
	taps:   portableTaps,
	pick:   portablePick,
	add:    portableAdd,
}

// portableTile computes a tile of a strip and so many columns, four columns at a time.
func portableTile(t *tile, cols int) {
	strip, bias := unsafe.Slice(t.a, t.k*stripRows), unsafe.Slice(t.bias, stripRows)
	var at []int
	size := t.k * cols
	if t.at != nil {
		at = unsafe.Slice(t.at, t.k)
		size = slices.Max(at) + cols
	}
	b := unsafe.Slice(t.b, size)
	for r := 0; r < stripRows; r += 2 {
		c := unsafe.Slice(t.c, (r+1)*t.ldc+cols)
		for j := 0; j < cols; j += 4 {
			x, y := bias[r], bias[r+1]
			x0, x1, x2, x3, y0, y1, y2, y3 := x, x, x, x, y, y, y, y
			for p := range t.k {
				u, v := strip[p*stripRows+r], strip[p*stripRows+r+1]
				row := p * cols
				if at != nil {
					row = at[p]
				}
				q := (*[4]float32)(b[row+j:])
				x0 += u * q[0]
				x1 += u * q[1]
				x2 += u * q[2]
				x3 += u * q[3]
				y0 += v * q[0]
				y1 += v * q[1]
				y2 += v * q[2]
				y3 += v * q[3]
			}
			*(*[4]float32)(c[r*t.ldc+j:]) = [4]float32{max(t.low, x0), max(t.low, x1), max(t.low, x2), max(t.low, x3)}
			*(*[4]float32)(c[(r+1)*t.ldc+j:]) = [4]float32{max(t.low, y0), max(t.low, y1), max(t.low, y2), max(t.low, y3)}
		}
	}
}

func portableGather(g *gathering) {
	for k, at := range g.offsets {
		row := g.dst[k*g.width:][:g.width]
		for _, p := range g.pieces {
			copy(row[p.col:p.col+p.lanes], g.src[at+p.src:])
		}
	}
}

func portableTaps(t *taps) {
	for r := range t.rows {
		dst, src := t.dst[r*t.dstStep:][:t.n], t.src[r*t.srcStep:]
		for i := range dst {
			dst[i] = t.bias
		}
		for k, at := range t.offsets {
			w := t.w[k]
			for i, x := range src[at:][:t.n] {
				dst[i] += w * x
			}
		}
	}
}

func portablePick(dst, src []float32) {
	for i := range dst {
		dst[i] = src[2*i]
	}
}

func portableAdd(t *residual) {
	all := (t.rows-1)*t.step + t.n
	dst, src := unsafe.Slice(t.dst, all), unsafe.Slice(t.src, all)
	for r := range t.rows {
		row := dst[r*t.step:][:t.n]
		for i, v := range src[r*t.step:][:t.n] {
			row[i] = max(t.low, row[i]+v)
		}
	}
}
