package quant

// widening is rows of bytes that become 16 bit integers: (x xor flip) − zero. The assembly knows the offsets of the fields.
type widening struct {
	dst        []int16 // element (r, i) at r·dstStep + i; what fills its last vector becomes 0, before the next row
	src        []byte  // element (r, i) at r·srcStep + i, or 2·i; whole vectors are read
	mask       []int16 // of the last vector of each row
	rows       int
	vectors    int // of 16 elements
	dstStep    int
	srcStep    int
	zero, flip int16
}

const wideLanes = 16

// wideMasks are masks of 0 … 16 elements: that of n begins at 16 − n.
var wideMasks = func() (m [2 * wideLanes]int16) {
	for i := range wideLanes {
		m[i] = -1
	}
	return m
}()

// widenPlane widens the channel that x begins with, less its zero point, in the layout of planes, where padding is 0 already.
func (x *convolver) widenPlane(d *depthSlot, in []byte) {
	p, a := &x.planes, &x.args
	c := &p.axes[2]
	if p.inPlace {
		widen(x.f, d.wide[:p.size], in[:p.size], a.SignedX, int16(a.ZeroX))
		return
	}
	if x.f.widenRows == nil || c.Stride > 2 {
		d.plane = grown(d.plane, p.plane)
		p.copyPlane(x.f, d.plane, in[:p.size], byte(a.ZeroX))
		widen(x.f, d.wide[:p.plane], d.plane, a.SignedX, int16(a.ZeroX))
		return
	}
	if slack := 2 * wideLanes; len(in) < p.size+slack { // the last one
		d.plane = grown(d.plane, p.size+slack)
		copy(d.plane, in)
		in = d.plane
	}
	w := &d.widening
	zero, flip := unsignedZero(a.ZeroX, a.SignedX)
	*w = widening{zero: int16(zero), flip: int16(flip), dstStep: p.length, srcStep: c.In}
	for k, first := range p.phases {
		start := first - c.Before
		lo, hi := c.Inside(start, p.length)
		if lo == hi {
			continue
		}
		w.vectors = count(hi-lo, wideLanes)
		w.mask = wideMasks[w.vectors*wideLanes-(hi-lo):]
		for i := range p.axes[0].In {
			x.widenRows(w, d.wide[k*p.slab+lo:], in[lo*c.Stride+start:], i)
		}
	}
	*w = widening{}
}

// widenRows widens the rows of element i of the first axis.
func (x *convolver) widenRows(w *widening, dst []int16, src []byte, i int) {
	p := &x.planes
	a, b := &p.axes[0], &p.axes[1]
	u := i + a.Before
	first := max(0, -b.Before)
	w.rows = min(b.In, p.rows[1]-b.Before) - first
	if u < 0 || u >= p.rows[0] || w.rows <= 0 {
		return
	}
	w.dst, w.src = dst[(u*p.rows[1]+first+b.Before)*p.length:], src[(i*b.In+first)*p.axes[2].In:]
	x.f.widenRows(w, p.axes[2].Stride)
}
