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
			l.copyPlane(s.plane[:l.plane], src)
			src = s.plane[:l.plane]
		}
		c := i % a.Groups
		t := &s.taps
		*t = taps{offsets: l.offsets, w: w[c*l.taps:][:l.taps]}
		if a.Bias != nil {
			t.bias = a.Bias[c]
		}
		for line := 0; line*l.line < l.positions; line++ {
			t.src = src[l.lineStart(line):]
			t.dst = a.Y[i*l.positions+line*l.line:][:l.line]
			x.kernels.taps(t)
		}
		*t = taps{}
	}
}
