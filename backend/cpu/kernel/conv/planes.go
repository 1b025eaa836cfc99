package conv

// copyPlane writes one channel x of the input in the layout of planes. See kernels for pick.
func (l *layout) copyPlane(dst, x []float32, pick func(dst, src []float32)) {
	a, b, c := &l.axes[0], &l.axes[1], &l.axes[2]
	for _, f := range a.start {
		for _, g := range b.start {
			for _, h := range c.start {
				lo, hi := c.Inside(h, c.length)
				for i := range a.length {
					slab := dst[:b.length*c.length]
					dst = dst[b.length*c.length:]
					u := i*a.Stride + f
					if u < 0 || u >= a.In || lo == hi {
						clear(slab)
						continue
					}
					from, to := b.Inside(g, b.length)
					clear(slab[:from*c.length])
					clear(slab[to*c.length:])
					for j := from; j < to; j++ {
						c.copyRow(slab[j*c.length:][:c.length], x[(u*b.In+j*b.Stride+g)*c.In:][:c.In], lo, hi, h, pick)
					}
				}
			}
		}
	}
}

// copyRow writes one row of the phase that begins at element start of x; its elements [lo, hi) lie in x.
func (a *axis) copyRow(row, x []float32, lo, hi, start int, pick func(dst, src []float32)) {
	for i := range row[:lo] { // most often one or none
		row[i] = 0
	}
	for i := hi; i < len(row); i++ {
		row[i] = 0
	}
	x = x[lo*a.Stride+start:]
	switch row := row[lo:hi]; a.Stride {
	case 1:
		copy(row, x)
	case 2:
		pick(row, x)
	default:
		for i := range row {
			row[i] = x[i*a.Stride]
		}
	}
}
