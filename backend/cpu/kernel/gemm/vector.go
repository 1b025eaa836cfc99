package gemm

// The kernels of this file serve products of few rows with a B that is read once, where it lies. A tile is then a whole
// block of C: any number of columns, and all of k.

// dotsFunc sets out[j] to the product of a[:k] with b[j*ld:][:k], for a number of them that is a positive multiple of 4.
type dotsFunc func(k int, a, b []float32, ld int, out []float32)

const dotCols = 32 // columns of C for which rows of B are taken together, so that they are in the first cache for each row of A

// plain tells whether C is the product alone.
func (t *tile) plain() bool { return t.bias == nil && t.accumulate == 0 && t.scale == 1 }

// dotTile multiplies rows of A with rows of B, from column begin on: element (p, j) of B is at j*bStep+p, and aStep is 1.
func dotTile(t *tile, begin int, f dotsFunc) {
	plain := t.plain()
	whole := begin + (t.cols-begin)&^3
	for first := begin; first < whole; first += dotCols {
		n := min(dotCols, whole-first)
		for i := range t.rows {
			a, b := t.a[i*t.aRow:], t.b[first*t.bStep:]
			if plain {
				f(t.k, a, b, t.bStep, t.c[i*t.cRow+first:][:n])
				continue
			}
			out := t.columns[:n]
			f(t.k, a, b, t.bStep, out)
			for j, sum := range out {
				t.put(i, first+j, sum)
			}
		}
	}
	if whole == t.cols {
		return
	}
	first, ld := t.cols-4, t.bStep // some columns again
	if first < 0 {
		first, ld = 0, 0
	}
	out := t.columns[:4]
	for i := range t.rows {
		for j := whole; j < t.cols; j++ {
			if ld == 0 { // four times the same row of B
				f(t.k, t.a[i*t.aRow:], t.b[j*t.bStep:], 0, out)
				t.put(i, j, out[0])
				continue
			}
			if j == whole {
				f(t.k, t.a[i*t.aRow:], t.b[first*ld:], ld, out)
			}
			t.put(i, j, out[j-first])
		}
	}
}

func (t *tile) put(i, j int, sum float32) {
	c := &t.c[i*t.cRow+j]
	sum *= t.scale
	if t.bias != nil {
		sum += t.bias[j]
	}
	if t.accumulate != 0 {
		sum += *c
	}
	*c = sum
}

// axpyTile adds multiples of rows of B to the rows of C, four at a time: element (p, j) of B is at p*bStep+j, and scale is 1.
func axpyTile(t *tile, axpy4 func(c []float32, x *[4]float32, b []float32, ld int)) {
	x := &t.four
	if t.accumulate == 0 {
		for i := range t.rows {
			clear(t.c[i*t.cRow:][:t.cols])
		}
	}
	if t.bias != nil {
		for i := range t.rows {
			axpy1(t.c[i*t.cRow:][:t.cols], 1, t.bias)
		}
	}
	p := 0
	for ; p+4 <= t.k; p += 4 {
		for i := range t.rows {
			for q := range x {
				x[q] = t.a[i*t.aRow+(p+q)*t.aStep]
			}
			axpy4(t.c[i*t.cRow:][:t.cols], x, t.b[p*t.bStep:], t.bStep)
		}
	}
	for ; p < t.k; p++ {
		for i := range t.rows {
			axpy1(t.c[i*t.cRow:][:t.cols], t.a[i*t.aRow+p*t.aStep], t.b[p*t.bStep:])
		}
	}
}

func axpy1(c []float32, x float32, b []float32) {
	b = b[:len(c)]
	for j, y := range b {
		c[j] += x * y
	}
}

func portableDotTile(t *tile) {
	dotTile(t, 0, portableDots)
}

func portableDots(k int, a, b []float32, ld int, out []float32) {
	a = a[:k]
	for j := 0; j < len(out); j += 4 {
		var s0, s1, s2, s3 float32
		b := b[j*ld:]
		b0, b1, b2, b3 := b[:k], b[ld:][:k], b[2*ld:][:k], b[3*ld:][:k]
		for p, x := range a {
			s0 += x * b0[p]
			s1 += x * b1[p]
			s2 += x * b2[p]
			s3 += x * b3[p]
		}
		out[j], out[j+1], out[j+2], out[j+3] = s0, s1, s2, s3
	}
}

func portableAxpyTile(t *tile) {
	axpyTile(t, portableAxpy4)
}

func portableAxpy4(c []float32, x *[4]float32, b []float32, ld int) {
	n := len(c)
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	b0, b1, b2, b3 := b[:n], b[ld:][:n], b[2*ld:][:n], b[3*ld:][:n]
	for j, y := range c {
		c[j] = y + x0*b0[j] + x1*b1[j] + x2*b2[j] + x3*b3[j]
	}
}
