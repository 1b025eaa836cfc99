package move

// Where is a plan to select between two sources, all operands broadcast against each other.
type Where struct {
	shape   []int
	c, a, b []int // element strides, 0 where an operand is repeated
	n       int
}

// NewWhere prepares a dense result of some shape; strides are those of condition and sources along its axes, in elements.
func NewWhere(shape, cond, a, b []int) *Where {
	w := &Where{n: 1}
	for i, d := range shape {
		w.n *= d
		if d == 1 {
			continue
		}
		if l := len(w.shape) - 1; l >= 0 && w.c[l] == cond[i]*d && w.a[l] == a[i]*d && w.b[l] == b[i]*d {
			w.shape[l] *= d
			w.c[l], w.a[l], w.b[l] = cond[i], a[i], b[i]
			continue
		}
		w.shape, w.c, w.a, w.b = append(w.shape, d), append(w.c, cond[i]), append(w.a, a[i]), append(w.b, b[i])
	}
	if len(w.shape) == 0 {
		w.shape, w.c, w.a, w.b = []int{1}, []int{0}, []int{0}, []int{0}
	}
	return w
}

// Len is the number of elements.
func (w *Where) Len() int { return w.n }

// Run sets elements lo to hi of dst to those of a where cond is true, else of b. Slices are the whole of the operands; size is that of an element in
// bytes.
func (w *Where) Run(dst []byte, cond []bool, a, b []byte, size, lo, hi int) {
	switch size {
	case 1:
		where[[1]byte](w, dst, cond, a, b, lo, hi)
	case 2:
		where[[2]byte](w, dst, cond, a, b, lo, hi)
	case 4:
		where[[4]byte](w, dst, cond, a, b, lo, hi)
	case 8:
		where[[8]byte](w, dst, cond, a, b, lo, hi)
	case 16:
		where[[16]byte](w, dst, cond, a, b, lo, hi)
	default:
		panic(badSize(size))
	}
}

func where[E element](w *Where, dst []byte, cond []bool, a, b []byte, lo, hi int) {
	d, x, y := elements[E](dst), elements[E](a), elements[E](b)
	last := len(w.shape) - 1
	for at := lo; at < hi; {
		i, rest := at%w.shape[last], at/w.shape[last]
		pc, pa, pb := i*w.c[last], i*w.a[last], i*w.b[last]
		for k := last - 1; k >= 0; k-- {
			j := rest % w.shape[k]
			rest /= w.shape[k]
			pc += j * w.c[k]
			pa += j * w.a[k]
			pb += j * w.b[k]
		}
		line := d[at:min(at+w.shape[last]-i, hi)]
		for j := range line {
			if cond[pc] {
				line[j] = x[pa]
			} else {
				line[j] = y[pb]
			}
			pc += w.c[last]
			pa += w.a[last]
			pb += w.b[last]
		}
		at += len(line)
	}
}
