package loop

// The functions here take operands of as many elements as dst, or of one.

// compareNumbers sets dst to a relation.
func compareNumbers(c Comparison, dst []bool, x, y []float32) {
	switch c {
	case Equal:
		relate(dst, x, y, func(a, b float32) bool { return a == b })
	case NotEqual:
		relate(dst, x, y, func(a, b float32) bool { return a != b })
	case Less:
		less(dst, x, y)
	default:
		relate(dst, x, y, func(a, b float32) bool { return a <= b })
	}
}

// step is the distance between the elements of an operand: 0 if it has one for all.
func step(have, want int) int {
	if have == want {
		return 1
	}
	return 0
}

func relate(dst []bool, x, y []float32, f func(a, b float32) bool) {
	sx, sy := step(len(x), len(dst)), step(len(y), len(dst))
	for i := range dst {
		dst[i] = f(x[i*sx], y[i*sy])
	}
}

func less(dst []bool, x, y []float32) {
	if len(x) == len(dst) && len(y) == len(dst) {
		y = y[:len(x)]
		for i, v := range x {
			dst[i] = v < y[i]
		}
		return
	}
	relate(dst, x, y, func(a, b float32) bool { return a < b })
}

// combineFlags sets dst to a function of bools.
func combineFlags(l Logic, dst, x, y []bool) {
	sx, sy := step(len(x), len(dst)), step(len(y), len(dst))
	switch l {
	case And:
		for i := range dst {
			dst[i] = x[i*sx] && y[i*sy]
		}
	case Or:
		for i := range dst {
			dst[i] = x[i*sx] || y[i*sy]
		}
	default:
		for i := range dst {
			dst[i] = x[i*sx] != y[i*sy]
		}
	}
}

// toNumbers sets dst to 1 where x is true, else to 0.
func toNumbers(dst []float32, x []bool) {
	s := step(len(x), len(dst))
	for i := range dst {
		v := float32(0)
		if x[i*s] {
			v = 1
		}
		dst[i] = v
	}
}

// pick sets dst to x where c is true, else to y.
func pick[E uint8 | uint32](dst []E, c []bool, x, y []E) {
	if len(c) != len(dst) {
		if !c[0] {
			x = y
		}
		spread(dst, x)
		return
	}
	switch {
	case len(x) == len(dst) && len(y) == len(dst):
		x, y = x[:len(dst)], y[:len(dst)]
		for i := range dst {
			v := y[i]
			if c[i] {
				v = x[i]
			}
			dst[i] = v
		}
	case len(y) == len(dst):
		a := x[0]
		for i := range dst {
			v := y[i]
			if c[i] {
				v = a
			}
			dst[i] = v
		}
	case len(x) == len(dst):
		b := y[0]
		for i := range dst {
			v := b
			if c[i] {
				v = x[i]
			}
			dst[i] = v
		}
	default:
		a, b := x[0], y[0]
		for i := range dst {
			v := b
			if c[i] {
				v = a
			}
			dst[i] = v
		}
	}
}
