package move

import "slices"

// View is a strided view of a source, to be copied to dense memory in row-major order. Transposes, slices and expansions are views. Axes of size 1
// are dropped and neighbours that lie evenly merged. Where the source lies dense along another axis than the result, that axis comes last
// but one, and the last two are copied in square tiles.
type View struct {
	shape    []int
	dst, src []int // element strides
	offset   int   // of the first element in the source
	n        int
}

// NewView prepares a copy of the elements at offset + Σ indexᵢ·strideᵢ. Strides count elements, and may be 0 or negative.
func NewView(shape, strides []int, offset int) *View {
	v := &View{offset: offset, n: 1}
	for i, d := range shape {
		v.n *= d
		if d == 1 {
			continue
		}
		if l := len(v.shape) - 1; l >= 0 && v.src[l] == strides[i]*d {
			v.shape[l] *= d
			v.src[l] = strides[i]
			continue
		}
		v.shape, v.src = append(v.shape, d), append(v.src, strides[i])
	}
	for len(v.shape) < 2 { // so that there always are rows and columns
		v.shape, v.src = append([]int{1}, v.shape...), append([]int{0}, v.src...)
	}
	v.dst = make([]int, len(v.shape))
	step := 1
	for i := len(v.shape) - 1; i >= 0; i-- {
		v.dst[i] = step
		step *= v.shape[i]
	}
	if last := len(v.src) - 1; v.src[last] > 1 {
		if i := slices.Index(v.src[:last], 1); i >= 0 {
			v.toPenultimate(i)
		}
	}
	return v
}

// toPenultimate moves an axis.
func (v *View) toPenultimate(i int) {
	for _, axes := range [][]int{v.shape, v.dst, v.src} {
		x := axes[i]
		copy(axes[i:], axes[i+1:len(axes)-1])
		axes[len(axes)-2] = x
	}
}

// NewTranspose prepares the copy whose axis i is axis perm[i] of a dense source of some shape.
func NewTranspose(shape, perm []int) *View {
	strides := dense(shape)
	to, steps := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		to[i], steps[i] = shape[p], strides[p]
	}
	return NewView(to, steps, 0)
}

// NewSlice prepares the copy of counts[i] elements of axis i from starts[i] on in steps[i], which may be negative, of a dense source of some shape.
func NewSlice(shape, starts, steps, counts []int) *View {
	strides := dense(shape)
	offset := 0
	for i := range strides {
		offset += starts[i] * strides[i]
		strides[i] *= steps[i]
	}
	return NewView(counts, strides, offset)
}

// NewExpand prepares the copy that repeats a dense source of shape from, whose axes are aligned with the last of to, along axes where it has size 1.
func NewExpand(from, to []int) *View {
	strides := dense(from)
	all := make([]int, len(to))
	for i, d := range from {
		if d != 1 {
			all[len(to)-len(from)+i] = strides[i]
		}
	}
	return NewView(to, all, 0)
}

// dense is the row-major element strides of a shape.
func dense(shape []int) []int {
	strides := make([]int, len(shape))
	step := 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= shape[i]
	}
	return strides
}

// Len is the number of elements.
func (v *View) Len() int { return v.n }

// Rows is the number of rows, over which a copy can be divided. They need not lie one after another in the result.
func (v *View) Rows() int {
	if v.n == 0 {
		return 0
	}
	return v.n / v.shape[len(v.shape)-1]
}

// Run copies rows lo to hi. dst and src are the whole of both operands; size is that of an element in bytes.
func (v *View) Run(dst, src []byte, size, lo, hi int) {
	switch size {
	case 1:
		runView[[1]byte](v, dst, src, lo, hi)
	case 2:
		runView[[2]byte](v, dst, src, lo, hi)
	case 4:
		runView[[4]byte](v, dst, src, lo, hi)
	case 8:
		runView[[8]byte](v, dst, src, lo, hi)
	case 16:
		runView[[16]byte](v, dst, src, lo, hi)
	default:
		panic(badSize(size))
	}
}

func runView[E element](v *View, dst, src []byte, lo, hi int) {
	d, s := elements[E](dst), elements[E](src)
	last := len(v.shape) - 1
	height := v.shape[last-1]
	for row := lo; row < hi; {
		i := row % height
		to, from := i*v.dst[last-1], v.offset+i*v.src[last-1]
		for k, rest := last-2, row/height; k >= 0; k-- {
			j := rest % v.shape[k]
			rest /= v.shape[k]
			to += j * v.dst[k]
			from += j * v.src[k]
		}
		n := min(height-i, hi-row)
		plane(d, to, v.dst[last-1], s, from, v.src[last-1], v.src[last], n, v.shape[last])
		row += n
	}
}

// plane copies rows of columns; the columns are dense in dst.
func plane[E element](dst []E, to, toStep int, src []E, from, fromStep, step, rows, columns int) {
	switch {
	case step == 1:
		for range rows {
			copy(dst[to:to+columns], src[from:from+columns])
			to += toStep
			from += fromStep
		}
	case step == 0:
		for range rows {
			x := src[from]
			line := dst[to : to+columns]
			for j := range line {
				line[j] = x
			}
			to += toStep
			from += fromStep
		}
	case fromStep == 1 && step > 0:
		transpose(dst[to:], toStep, src[from:], step, rows, columns)
	default:
		for range rows {
			at := from
			line := dst[to : to+columns]
			for j := range line {
				line[j] = src[at]
				at += step
			}
			to += toStep
			from += fromStep
		}
	}
}
