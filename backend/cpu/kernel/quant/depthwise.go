package quant

// taps is sums of products over a plane of 16 bit integers: element (r, i) of dst is Σ w·src over the elements of the kernel, two and two. The
// assembly knows the offsets of the fields.
type taps struct {
	dst     []int32 // element (r, i) at r·dstStep + i; up to 15 more elements of a row are written, before the next row
	src     []int16 // element (r, i) of a tap at r·srcStep + i + its distance; as many more are read
	at      [][2]int
	weights []int32 // 16 bits each
	n, rows int
	dstStep int
	srcStep int
}

const tapsSlack = 32 // elements that may be read and written too much

func portableTaps(t *taps) {
	for r := range t.rows {
		dst, src := t.dst[r*t.dstStep:][:t.n], t.src[r*t.srcStep:]
		clear(dst)
		for k, at := range t.at {
			a, b := src[at[0]:][:t.n], src[at[1]:][:t.n]
			x, y := int32(int16(t.weights[k])), t.weights[k]>>16
			for i := range dst {
				dst[i] += x*int32(a[i]) + y*int32(b[i])
			}
		}
	}
}

// depthSlot is the memory of one thread for convolutions of single channels.
type depthSlot struct {
	plane       []byte
	wide        []int16
	maxima      []byte
	pooling     maxima
	sums        []int32
	add         []int32
	scale, bias []float32
	taps        taps
	widening    widening
}

// pairOffsets puts the distances of the elements of the kernel into pairs.
func (x *convolver) pairOffsets() {
	x.pairs = x.pairs[:0]
	at := x.planes.offsets[:x.planes.taps]
	for k := 0; k < len(at); k += 2 {
		x.pairs = append(x.pairs, [2]int{at[k], at[min(k+1, len(at)-1)]})
	}
}

// runDepthwise convolves channels each with kernels of its own.
func (x *convolver) runDepthwise(slot int) {
	a, p, s := &x.args, &x.planes, &x.slots[slot]
	d := &s.depth
	n := a.Batch * a.Groups
	d.wide = grown(d.wide, p.plane+p.reach+tapsSlack)
	clear(d.wide)
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		x.widenPlane(d, a.X[i*p.size:])
		for k := range a.Out {
			x.sumChannel(s, i*a.Out+k)
		}
	}
}

// sumChannel computes channel i of all channels of all images of the result.
func (x *convolver) sumChannel(s *convSlot, i int) {
	a, p, d := &x.args, &x.planes, &s.depth
	m := i % (a.Groups * a.Out)
	d.sums = grown(d.sums, p.positions+panelColumns+tapsSlack)
	t := &d.taps
	pairs := len(x.pairs)
	*t = taps{at: x.pairs, weights: a.Weights.pairs[m*pairs:][:pairs], n: p.line, dstStep: p.line}
	t.rows, t.srcStep = p.lines()
	for at := 0; at < p.positions; at += t.rows * t.n {
		t.dst, t.src = d.sums[at:], d.wide[p.at(at):]
		x.f.taps(t)
	}
	*t = taps{}
	x.storeChannel(s, i, m)
}

const storedRows = 64 // rows of 32 results that are made at a time

// storeChannel makes results of the sums of channel i of all channels of all images, which is channel m of its image.
func (x *convolver) storeChannel(s *convSlot, i, m int) {
	a, p, d := &x.args, &x.planes, &s.depth
	offset := int32(0)
	if a.Offset != nil {
		offset = a.Offset[m]
	}
	if a.Sums != nil {
		for k, sum := range d.sums[:p.positions] {
			a.Sums[i*p.positions+k] = sum + offset
		}
		return
	}
	rows := min(storedRows, count(p.positions, panelColumns))
	d.add, d.scale, d.bias = grown(d.add, rows), grown(d.scale, rows), grown(d.bias, rows)
	for r := range rows {
		d.add[r], d.scale[r], d.bias[r] = offset, x.scale[m], x.bias[m]
	}
	f := x.finishing(s)
	f.add, f.scale, f.bias = d.add, d.scale, d.bias
	for at := 0; at < p.positions; at += f.rows * panelColumns {
		f.c = d.sums[at:]
		left := p.positions - at
		x.finishTile(s, max(1, min(rows, left/panelColumns)), min(panelColumns, left), i*p.positions+at, panelColumns)
	}
}
