package conv

// runDepthwise convolves whole channels with kernels of their own.
func (x *Ctx) runDepthwise(slot int) {
	a, l, s := &x.args, &x.layout, &x.slots[slot]
	w := a.W
	if a.Weights != nil {
		w = a.Weights.data
	}
	n := a.Batch * a.Groups
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		src := a.X[i*l.size:][:l.size]
		if !l.inPlace {
			s.plane = grow(s.plane, l.plane)
			l.copyPlane(s.plane[:l.plane], src, x.kernels.pick)
			src = s.plane[:l.plane]
		}
		c := i % a.Groups
		t := &s.taps
		*t = taps{offsets: l.offsets, w: w[c*l.taps:][:l.taps]}
		if a.Bias != nil {
			t.bias = a.Bias[c]
		}
		rows := 1
		if l.line == l.axes[2].Out {
			rows = l.axes[1].Out
		}
		for p := 0; p < l.positions; p += rows * l.line {
			t.src = src[l.lineStart(p/l.line):]
			x.sumRows(s, a.Y[i*l.positions+p:][:rows*l.line], rows)
		}
		*t = taps{}
		x.finish(i*l.positions, l.positions)
	}
}

const rowCost = 16 // multiplications of vectors that take the time of copying a row

// sumRows sums up rows side by side in dst, or where they are short, as one row with what lies between them in the planes, which is then
// left out.
func (x *Ctx) sumRows(s *slot, dst []float32, rows int) {
	l, t, lanes := &x.layout, &s.taps, x.kernels.lanes
	step := l.axes[2].length
	t.dst, t.n, t.rows, t.dstStep, t.srcStep = dst, l.line, rows, l.line, step
	all := (rows-1)*step + l.line
	if saved := rows*((l.line+lanes-1)/lanes) - (all+lanes-1)/lanes; saved*l.taps < rows*rowCost {
		x.kernels.taps(t)
		return
	}
	s.wide = grow(s.wide, all)
	t.dst, t.n, t.rows = s.wide, all, 1
	x.kernels.taps(t)
	for r := range rows {
		copy(dst[r*l.line:][:l.line], s.wide[r*step:])
	}
}
