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
		t.n, t.rows, t.dstStep, t.srcStep = l.line, 1, l.line, l.axes[2].length
		if l.line == l.axes[2].Out {
			t.rows = l.axes[1].Out
		}
		for p := 0; p < l.positions; p += t.rows * t.n {
			t.src, t.dst = src[l.lineStart(p/l.line):], a.Y[i*l.positions+p:]
			x.kernels.taps(t)
		}
		*t = taps{}
		x.finish(i*l.positions, l.positions)
	}
}
