package conv

import "unsafe"

var portable = kernels{
	tile24: func(t *tile) { portableTile(t, 1, 24) },
	tile16: func(t *tile) { portableTile(t, 1, 16) },
	tile8:  func(t *tile) { portableTile(t, 2, 8) },
	gather: portableGather,
	taps:   portableTaps,
}

// portableTile computes a tile of the given numbers of strips and columns, four columns at a time.
func portableTile(t *tile, strips, cols int) {
	b := unsafe.Slice(t.b, t.k*cols)
	bias := unsafe.Slice(t.bias, strips*stripRows)
	for s := range strips {
		a := t.a
		if s > 0 {
			a = t.a2
		}
		strip := unsafe.Slice(a, t.k*stripRows)
		for r := 0; r < stripRows; r += 2 {
			row := s*stripRows + r
			c := unsafe.Slice(t.c, (row+1)*t.ldc+cols)
			for j := 0; j < cols; j += 4 {
				x, y := bias[row], bias[row+1]
				x0, x1, x2, x3, y0, y1, y2, y3 := x, x, x, x, y, y, y, y
				for p := range t.k {
					u, v := strip[p*stripRows+r], strip[p*stripRows+r+1]
					q := (*[4]float32)(b[p*cols+j:])
					x0 += u * q[0]
					x1 += u * q[1]
					x2 += u * q[2]
					x3 += u * q[3]
					y0 += v * q[0]
					y1 += v * q[1]
					y2 += v * q[2]
					y3 += v * q[3]
				}
				*(*[4]float32)(c[row*t.ldc+j:]) = [4]float32{x0, x1, x2, x3}
				*(*[4]float32)(c[(row+1)*t.ldc+j:]) = [4]float32{y0, y1, y2, y3}
			}
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
	n := len(t.dst)
	for i := range t.dst {
		t.dst[i] = t.bias
	}
	for k, at := range t.offsets {
		w := t.w[k]
		for i, x := range t.src[at:][:n] {
			t.dst[i] += w * x
		}
	}
}
