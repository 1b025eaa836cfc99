package move

// Pad is a plan to surround a dense source by a constant; a negative amount cuts elements off.
type Pad struct {
	shape            []int // of the result
	box              []int // what of the source remains
	dst, src         []int // element strides of result and source
	offset           int   // of the box in the source
	first, row, edge int   // where the box begins on the first axis, the size of an index of it, and where the box begins in that
}

// NewPad prepares a result with before[i] elements in front and after[i] behind on axis i of a source of some shape.
func NewPad(shape, before, after []int) *Pad {
	if len(shape) == 0 {
		shape, before, after = []int{1}, []int{0}, []int{0}
	}
	p := &Pad{shape: make([]int, len(shape)), box: make([]int, len(shape)), src: dense(shape), row: 1}
	for i, d := range shape {
		p.shape[i] = max(0, d+before[i]+after[i])
		from, to := max(0, -before[i]), max(0, before[i])
		p.box[i] = max(0, min(d-from, p.shape[i]-to))
		p.offset += from * p.src[i]
	}
	p.dst = dense(p.shape)
	p.first = max(0, before[0])
	for i := 1; i < len(shape); i++ {
		p.row *= p.shape[i]
		p.edge += max(0, before[i]) * p.dst[i]
	}
	return p
}

// Shape is that of the result.
func (p *Pad) Shape() []int { return p.shape }

// Run computes indices lo to hi of the first axis of the result. dst and src are the whole of both operands; value is the constant, an element.
func (p *Pad) Run(dst, src, value []byte, lo, hi int) {
	Fill(dst[lo*p.row*len(value):hi*p.row*len(value)], value)
	for _, d := range p.box {
		if d == 0 {
			return
		}
	}
	for i := max(lo, p.first); i < min(hi, p.first+p.box[0]); i++ {
		p.copy(dst, i*p.row+p.edge, src, p.offset+(i-p.first)*p.src[0], len(value), 1)
	}
}

// copy copies the box from an axis on.
func (p *Pad) copy(dst []byte, to int, src []byte, from, size, axis int) {
	last := len(p.box) - 1
	if axis >= last {
		n := 1
		if axis == last {
			n = p.box[last]
		}
		copy(dst[to*size:(to+n)*size], src[from*size:(from+n)*size])
		return
	}
	for range p.box[axis] {
		p.copy(dst, to, src, from, size, axis+1)
		to += p.dst[axis]
		from += p.src[axis]
	}
}
