package quant

import "github.com/gocompile/gocompile/backend/cpu/kernel/conv"

// planes is how the bytes of one image lie while it is convolved: with their padding, the positions of a stride side by side, so that each element of
// the kernel is at a constant distance from the position. Where there is neither padding nor stride on the last axis, they lie so in X.
type planes struct {
	conv.Shape
	axes      conv.Window
	taps      int // elements of the kernel
	depth     int // products in a sum
	size      int // elements of a channel of X
	positions int // elements of a channel of the result

	inPlace bool
	rows    [2]int // on the first two axes
	phases  []int  // the element of a row of the padded input that each phase begins with
	length  int    // of a row of a phase
	slab    int    // elements of a phase
	plane   int    // elements of a channel
	offsets []int  // by element of the sum: where it is for position 0, in a group
	reach   int    // the greatest of them
	line    int    // consecutive positions that lie side by side
}

// resolve fills p for a shape; it reuses its memory.
func (p *planes) resolve(s conv.Shape) {
	p.Shape = s
	p.axes = s.Window()
	p.taps, p.size, p.positions = p.axes.Sizes()
	p.depth = p.In * p.taps
	p.measure()
}

// span is how many elements of the padded input the positions meet.
func span(a *conv.Axis) int { return (a.Out-1)*a.Stride + (a.Kernel-1)*a.Dilation + 1 }

// measure finds the sizes of the planes.
func (p *planes) measure() {
	x := &p.axes[2]
	p.inPlace = x.Stride == 1
	for i := range p.axes {
		a := &p.axes[i]
		p.inPlace = p.inPlace && a.Before == 0 && span(a) <= a.In
	}
	p.phases, p.length = p.phases[:0], 0
	for k := range x.Kernel {
		if p.phase(k) == len(p.phases) {
			p.phases = append(p.phases, k*x.Dilation%x.Stride)
		}
		p.length = max(p.length, x.Out+k*x.Dilation/x.Stride)
	}
	p.rows = [2]int{span(&p.axes[0]), span(&p.axes[1])}
	if p.inPlace {
		p.length, p.rows = x.In, [2]int{p.axes[0].In, p.axes[1].In}
	}
	p.slab = p.rows[0] * p.rows[1] * p.length
	p.plane = len(p.phases) * p.slab
	p.line = x.Out
	if y := &p.axes[1]; p.length == x.Out && y.Stride == 1 {
		if p.line *= y.Out; p.rows[1] == y.Out && p.axes[0].Stride == 1 {
			p.line *= p.axes[0].Out
		}
	}
}

// phase is the number of the phase that element k of the kernel meets on the last axis.
func (p *planes) phase(k int) int {
	first := k * p.axes[2].Dilation % p.axes[2].Stride
	for i, f := range p.phases {
		if f == first {
			return i
		}
	}
	return len(p.phases)
}

// offset fills in the offsets of a group.
func (p *planes) offset() {
	p.offsets, p.reach = p.offsets[:0], 0
	x, y, z := &p.axes[0], &p.axes[1], &p.axes[2]
	for c := range p.In {
		for i := range x.Kernel {
			for j := range y.Kernel {
				row := c*p.plane + (i*x.Dilation*p.rows[1]+j*y.Dilation)*p.length
				for k := range z.Kernel {
					at := row + p.phase(k)*p.slab + k*z.Dilation/z.Stride
					p.offsets, p.reach = append(p.offsets, at), max(p.reach, at)
				}
			}
		}
	}
}

// at is where position i lies in a plane.
func (p *planes) at(i int) int {
	x, y, z := &p.axes[0], &p.axes[1], &p.axes[2]
	return (i/(y.Out*z.Out)*x.Stride*p.rows[1]+i/z.Out%y.Out*y.Stride)*p.length + i%z.Out
}

// lines is how many lines of p.line positions, one behind the other, lie at a constant distance, and that distance.
func (p *planes) lines() (n, distance int) {
	if y := &p.axes[1]; p.line == p.axes[2].Out {
		return y.Out, y.Stride * p.length
	}
	return 1, 0
}

// A piece is positions of a panel that lie side by side. The assembly knows the offsets of the fields.
type piece struct{ src, dst int }

// pieces divides n positions from one on.
func (p *planes) pieces(list []piece, from, n int) []piece {
	for i := 0; i < n; {
		list = append(list, piece{p.at(from + i), i})
		i += p.line - (from+i)%p.line
	}
	return list
}

// copyPlane writes one channel x in the layout of planes; padding is zero.
func (p *planes) copyPlane(f *functions, dst, x []byte, zero byte) {
	a, b, c := &p.axes[0], &p.axes[1], &p.axes[2]
	for _, first := range p.phases {
		start := first - c.Before
		lo, hi := c.Inside(start, p.length)
		for i := range p.rows[0] {
			for j := range p.rows[1] {
				row := dst[:p.length]
				dst = dst[p.length:]
				if !reached(a, i) || !reached(b, j) {
					continue
				}
				u, v := i-a.Before, j-b.Before
				if u < 0 || u >= a.In || v < 0 || v >= b.In || lo == hi {
					fill(row, zero)
					continue
				}
				fill(row[:lo], zero)
				fill(row[hi:], zero)
				pick(f, row[lo:hi], x[(u*b.In+v)*c.In:][:c.In][lo*c.Stride+start:], c.Stride)
			}
		}
	}
}

// reached reports whether any position meets element i of the padded input.
func reached(a *conv.Axis, i int) bool {
	if a.Stride == 1 || a.Kernel >= a.Stride && a.Dilation == 1 {
		return true
	}
	for k := range a.Kernel {
		if d := i - k*a.Dilation; d >= 0 && d%a.Stride == 0 {
			return true
		}
	}
	return false
}

func fill(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}
