package vec

// Broadcast is a walk over a result and two operands that broadcast against each other. Axes of size 1 are dropped, and neighbours along
// which both operands lie evenly are merged, so that the lines along the last axis are as long as can be.
type Broadcast struct {
	shape, a, b []int // sizes, and element strides of the operands: 0 where an operand is repeated
	n           int
}

// NewBroadcast prepares a walk over a dense result of some shape. Strides are those of the operands along its axes, in elements.
func NewBroadcast(shape, strideA, strideB []int) *Broadcast {
	w := merge(nil, nil, nil, shape, strideA, strideB)
	return &w
}

// merge makes a walk whose slices begin as those given, which are empty.
func merge(intoShape, intoA, intoB, shape, strideA, strideB []int) Broadcast {
	w := Broadcast{shape: intoShape, a: intoA, b: intoB, n: 1}
	for i, d := range shape {
		w.n *= d
		if d == 1 {
			continue
		}
		if l := len(w.shape) - 1; l >= 0 && w.a[l] == strideA[i]*d && w.b[l] == strideB[i]*d {
			w.shape[l] *= d
			w.a[l], w.b[l] = strideA[i], strideB[i]
			continue
		}
		w.shape, w.a, w.b = append(w.shape, d), append(w.a, strideA[i]), append(w.b, strideB[i])
	}
	if len(w.shape) == 0 {
		w.shape, w.a, w.b = append(w.shape, 1), append(w.a, 1), append(w.b, 1)
	}
	return w
}

// Len is the number of elements of the result.
func (w *Broadcast) Len() int { return w.n }

// Run sets elements lo to hi of dst, which has the walk's shape, to op of the operands.
func (w *Broadcast) Run(op Op, dst, a, b []float32, lo, hi int) {
	if lo >= hi {
		return
	}
	last := len(w.shape) - 1
	line, sa, sb := w.shape[last], w.a[last], w.b[last]
	for at := lo; at < hi; {
		i, rest := at%line, at/line
		pa, pb := i*sa, i*sb
		for k := last - 1; k >= 0 && rest > 0; k-- {
			j := rest % w.shape[k]
			rest /= w.shape[k]
			pa += j * w.a[k]
			pb += j * w.b[k]
		}
		// As many whole lines as the next outer axis has left are walked without dividing.
		n := min(line-i, hi-at)
		op.line(dst[at:at+n], a[pa:], sa, b[pb:], sb)
		at += n
		if last == 0 || i != 0 || n != line {
			continue
		}
		k := last - 1
		for j := (at/line - 1) % w.shape[k]; j+1 < w.shape[k] && at+line <= hi; j++ {
			pa += w.a[k]
			pb += w.b[k]
			op.line(dst[at:at+line], a[pa:], sa, b[pb:], sb)
			at += line
		}
	}
}

// line computes elements that lie in steps of sa and sb in their operands.
func (op Op) line(dst, a []float32, sa int, b []float32, sb int) {
	switch {
	case sa == 1 && sb == 1:
		op.VV(dst, a, b)
	case sa == 1 && sb == 0:
		op.VS(dst, a, b[0])
	case sa == 0 && sb == 1:
		op.SV(dst, a[0], b)
	case sa == 0 && sb == 0:
		op.VS(dst[:1], a, b[0])
		Fill(dst[1:], dst[0])
	default:
		for i := range dst {
			op.VS(dst[i:i+1], a[i*sa:], b[i*sb])
		}
	}
}

// Broadcast2 sets dst, dense and of some shape, to op of a and b, whose element strides along the axes of shape are given: 0 where an operand
// is repeated. dst may be an operand that is dense and not repeated.
func Broadcast2(dst, a, b []float32, shape, strideA, strideB []int, op Op) {
	var room [3][8]int // ranks beyond it cost an allocation
	w := merge(room[0][:0], room[1][:0], room[2][:0], shape, strideA, strideB)
	w.Run(op, dst, a, b, 0, w.n)
}
