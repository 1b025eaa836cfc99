package conv

import "slices"

// flat is sums of products over a plane that is seen as one row: element i of dst becomes bias + Σ w[k]·src[offsets[k]+i], over those k whose mask has
// bit i. Masks are of 16 elements; they lie by block of 8 (what is left in the last block), element of the kernel, and mask in the block.
// Nothing is read that no mask selects. The assembly knows the offsets of the fields.
type flat struct {
	dst, src *float32
	offsets  *int
	w        *float32
	masks    *uint16
	taps     int
	n        int // elements of dst
	bias     float32
}

// halves separates the even and the odd elements of rows of n. The assembly knows the offsets of the fields.
type halves struct {
	even, odd, src   *float32
	rows             int
	n                int
	srcStep, dstStep int // elements between rows
}

const (
	maskLanes = 16
	maskBlock = 8 // masks of a block
)

// flatPlan is how the channels of a depthwise convolution are seen as rows. With a stride of 2 it is a row each for the elements at even and at odd
// indices of even and odd rows of the input; what a result meets with an element of the kernel is then at a constant distance, as without stride.
type flatPlan struct {
	axes    [MaxAxes]Axis
	ok      bool
	window  *windowPlan // nil if the plane is seen as one row
	halved  bool        // the input is separated first
	plane   int         // elements of a phase
	before  int         // elements in front of the phases that vectors reach, under masks that leave them out
	behind  int         // the same, with the phases
	offsets []int
	masks   []uint16
}

// planFlat makes the plan of a layout; it is not ok where rows of the result have another length than those that are read.
func planFlat(l *layout) *flatPlan {
	p := new(flatPlan)
	for i := range l.axes {
		p.axes[i] = l.axes[i].Axis
	}
	u, v, w := &p.axes[0], &p.axes[1], &p.axes[2]
	switch {
	case u.In != 1 || u.Kernel != 1 || u.Out != 1 || u.Before != 0 || l.taps == 0:
		return p
	case v.Stride == 1 && w.Stride == 1:
		p.ok = w.In == w.Out
	case v.Stride == 2 && w.Stride == 2:
		p.ok = (w.In+1)/2 <= w.Out
		p.halved = p.ok
		p.plane = (v.In + 1) / 2 * w.Out
	}
	if p.window = planWindow(l, p); p.window != nil {
		p.ok, p.before, p.behind = true, maskLanes, 4*p.plane+maskLanes
		return p
	}
	if !p.ok {
		return p
	}
	for i := range v.Kernel {
		for j := range w.Kernel {
			p.offsets = append(p.offsets, p.row(i*v.Dilation-v.Before)+p.column(j*w.Dilation-w.Before)) // for position 0
		}
	}
	window := l.Window()
	vectors := count(l.positions, maskLanes)
	p.before, p.behind = max(0, -slices.Min(p.offsets)), max(4*p.plane, slices.Max(p.offsets)+vectors*maskLanes)
	for block := 0; block < vectors; block += maskBlock {
		for k := range l.taps {
			for m := block; m < min(block+maskBlock, vectors); m++ {
				mask := uint16(0)
				for i := range min(maskLanes, l.positions-m*maskLanes) {
					if window.Meets(m*maskLanes+i, k) >= 0 {
						mask |= 1 << i
					}
				}
				p.masks = append(p.masks, mask)
			}
		}
	}
	return p
}

// row is where row y of a channel begins.
func (p *flatPlan) row(y int) int {
	if p.halved {
		return 2*(y&1)*p.plane + y>>1*p.axes[2].Out
	}
	return y * p.axes[2].In
}

// column is where element x of a row is.
func (p *flatPlan) column(x int) int {
	if p.halved {
		return x&1*p.plane + x>>1
	}
	return x
}

// flatPlanOf returns the plan for a layout, which the weights keep as long as the shape stays the same.
func (w *Weights) flatPlanOf(l *layout) *flatPlan {
	p := w.flat.Load()
	same := p != nil
	for i := range l.axes {
		same = same && p.axes[i] == l.axes[i].Axis
	}
	if !same {
		p = planFlat(l)
		w.flat.Store(p)
	}
	return p
}

const flatChunk = 2048 // elements of the result after which what follows the sums is done

// flats convolves whole channels with kernels of their own; it reports false if they cannot be seen as rows.
func (x *Ctx) flats() bool {
	a, l := &x.args, &x.layout
	if x.kernels.flat == nil || a.Weights == nil {
		return false
	}
	p := a.Weights.flatPlanOf(l)
	if !p.ok {
		return false
	}
	x.plan = p
	x.block = max(1, flatChunk/l.positions)
	x.spread(count(a.Batch*a.Groups, x.block), a.Batch*a.Groups*l.positions*l.taps, x.flatten)
	x.plan = nil
	return true
}

func (x *Ctx) runFlats(slot int) {
	a, l, s := &x.args, &x.layout, &x.slots[slot]
	n := a.Batch * a.Groups
	chunks := count(n, x.block)
	for i, ok := x.take(chunks); ok; i, ok = x.take(chunks) {
		first, last := i*x.block, min((i+1)*x.block, n)
		for c := first; c < last; c++ {
			x.flatOf(s, c)
		}
		if x.plan.window == nil {
			x.finish(first*l.positions, (last-first)*l.positions)
		}
	}
}

// flatOf computes channel i of all channels of all images.
func (x *Ctx) flatOf(s *slot, i int) {
	a, l, p := &x.args, &x.layout, x.plan
	src := a.X[i*l.size:][:l.size]
	if p.halved {
		src = x.halve(s, src)
	}
	c := i % a.Groups
	y, w := a.Y[i*l.positions:][:l.positions], a.Weights.data[c*l.taps:][:l.taps]
	bias := float32(0)
	if a.Bias != nil {
		bias = a.Bias[c]
	}
	if p.window != nil {
		x.windows(s, i, src, w, bias)
		return
	}
	s.flat = flat{bias: bias, dst: &y[0], src: &src[0], offsets: &p.offsets[0], w: &w[0], masks: &p.masks[0], taps: l.taps, n: l.positions}
	x.kernels.flat(&s.flat)
	s.flat = flat{}
}

// halve separates a channel into four phases, of even and odd elements of even and odd rows.
func (x *Ctx) halve(s *slot, src []float32) []float32 {
	v, w, plane := &x.layout.axes[1], &x.layout.axes[2], x.plan.plane
	if n := x.plan.before + x.plan.behind; len(s.plane) < n {
		s.plane = make([]float32, n)
		for i := range s.plane {
			s.plane[i] = 0 // memory that was never written is slow to read even under a mask that leaves it out
		}
	}
	phases := s.plane[x.plan.before:]
	for odd := range min(2, v.In) {
		s.halves = halves{even: &phases[2*odd*plane], odd: &phases[(2*odd+1)*plane], src: &src[odd*w.In], rows: (v.In - odd + 1) / 2, n: w.In, srcStep: 2 * w.In, dstStep: w.Out}
		x.kernels.halves(&s.halves)
	}
	s.halves = halves{}
	return phases
}
