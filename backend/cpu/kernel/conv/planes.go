package conv

// copyPlane writes one channel x of the input in the layout of planes. See kernels for pick.
func (l *layout) copyPlane(dst, x []float32, pick func(dst, src []float32)) {
	a, b, c := &l.axes[0], &l.axes[1], &l.axes[2]
	for _, f := range a.start {
		for _, g := range b.start {
			for _, h := range c.start {
				for i := range a.length {
					for j := range b.length {
						row := dst[:c.length]
						dst = dst[c.length:]
						u, v := i*a.Stride+f, j*b.Stride+g
						if u < 0 || u >= a.In || v < 0 || v >= b.In {
							clear(row)
							continue
						}
						c.copyRow(row, x[(u*b.In+v)*c.In:][:c.In], h, pick)
					}
				}
			}
		}
	}
}

// copyRow writes one row of one phase, which begins at element start of x.
func (a *axis) copyRow(row, x []float32, start int, pick func(dst, src []float32)) {
	// elements [lo, hi) of the row lie in x
	lo := min(len(row), max(0, (-start+a.Stride-1)/a.Stride))
	hi := lo
	if last := len(x) - 1 - start; last >= 0 {
		hi = max(lo, min(len(row), last/a.Stride+1))
	}
	clear(row[:lo])
	clear(row[hi:])
	if lo == hi {
		return
	}
	if a.Stride == 1 {
		copy(row[lo:hi], x[lo+start:])
		return
	}
	at := lo*a.Stride + start
	if a.Stride == 2 {
		pick(row[lo:hi], x[at:])
		return
	}
	for i := range row[lo:hi] {
		row[lo+i] = x[at]
		at += a.Stride
	}
}
