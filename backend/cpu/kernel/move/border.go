package move

// Border is a plan to surround a dense source by elements of its own; a negative amount cuts elements off.
type Border struct {
	shape  []int
	index  [][]int // by axis and index of the result, the index of the source
	dst    []int   // strides of the result
	src    []int   // strides of the source
	lo, hi int     // indices of the last axis in which source and result count alike
}

// NewBorder prepares a result with before[i] elements in front and after[i] behind on axis i of a source of some shape, of which no axis is
// empty. The element at position p of an axis of n elements, which may lie in front of it or behind it, is the one at from(p, n).
func NewBorder(shape, before, after []int, from func(p, n int) int) *Border {
	if len(shape) == 0 {
		shape, before, after = []int{1}, []int{0}, []int{0}
	}
	b := &Border{shape: make([]int, len(shape)), index: make([][]int, len(shape)), src: dense(shape)}
	for i, d := range shape {
		b.shape[i] = max(0, d+before[i]+after[i])
		b.index[i] = make([]int, b.shape[i])
		for k := range b.index[i] {
			b.index[i][k] = from(k-before[i], d)
		}
	}
	b.dst = dense(b.shape)
	last := len(shape) - 1
	b.lo = min(b.shape[last], max(0, before[last]))
	b.hi = max(b.lo, min(b.shape[last], before[last]+shape[last]))
	return b
}

// Shape is that of the result.
func (b *Border) Shape() []int { return b.shape }

// Run computes indices lo to hi of the first axis of the result, of elements of so many bytes. dst and src are the whole of both operands.
func (b *Border) Run(dst, src []byte, size, lo, hi int) {
	for _, d := range b.shape {
		if d == 0 {
			return
		}
	}
	switch size {
	case 1:
		border(b, elements[[1]byte](dst), elements[[1]byte](src), 0, lo, hi)
	case 2:
		border(b, elements[[2]byte](dst), elements[[2]byte](src), 0, lo, hi)
	case 4:
		border(b, elements[[4]byte](dst), elements[[4]byte](src), 0, lo, hi)
	case 8:
		border(b, elements[[8]byte](dst), elements[[8]byte](src), 0, lo, hi)
	case 16:
		border(b, elements[[16]byte](dst), elements[[16]byte](src), 0, lo, hi)
	default:
		panic(badSize(size))
	}
}

// border computes indices lo to hi of an axis; dst and src begin where the indices of the axes before it say.
func border[E element](b *Border, dst, src []E, axis, lo, hi int) {
	index := b.index[axis]
	if axis < len(b.shape)-1 {
		for i := lo; i < hi; i++ {
			border(b, dst[i*b.dst[axis]:], src[index[i]*b.src[axis]:], axis+1, 0, b.shape[axis+1])
		}
		return
	}
	from := min(max(lo, b.lo), hi)
	to := max(from, min(hi, b.hi))
	for i := lo; i < from; i++ {
		dst[i] = src[index[i]]
	}
	if from < to {
		copy(dst[from:to], src[index[from]:])
	}
	for i := to; i < hi; i++ {
		dst[i] = src[index[i]]
	}
}
