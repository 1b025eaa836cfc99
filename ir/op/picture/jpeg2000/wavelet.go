package jpeg2000

// lanes is how many rows or columns are transformed together.
const lanes = 16

// number is a coefficient: whole for the reversible wavelet.
type number interface{ int32 | float32 }

// synthesise joins the sub-bands of each level in place, from the smallest on (T.800, annex F). resolutions are those of a component whose samples
// are plane; lift turns n samples of each lane, low-pass ones in their places among the others, of which the first is low-pass if odd is 0.
func synthesise[T number](plane []T, resolutions []*resolution, lift func(line []T, n, odd int)) {
	last := resolutions[len(resolutions)-1]
	stride := last.width()
	buffer := make([]T, lanes*max(last.width(), last.height()))
	for i, r := range resolutions[1:] {
		if r.empty() {
			continue
		}
		low := resolutions[i]
		w, h := r.width(), r.height()
		for y := 0; y < h; y += lanes {
			line := axis{along: 1, across: stride, n: w, low: low.width(), odd: r.x0 & 1, lanes: min(lanes, h-y)}
			turn(plane[y*stride:], buffer, line, lift)
		}
		for x := 0; x < w; x += lanes {
			line := axis{along: stride, across: 1, n: h, low: low.height(), odd: r.y0 & 1, lanes: min(lanes, w-x)}
			turn(plane[x:], buffer, line, lift)
		}
	}
}

// axis is some rows or columns of a plane.
type axis struct {
	along, across int // distances of elements in one and of such ones
	n, low        int // elements, the low-pass ones first
	odd           int // 1 if the first place is for a high-pass one
	lanes         int
}

func turn[T number](plane, buffer []T, a axis, lift func(line []T, n, odd int)) {
	for i := range a.n { // place i is for element from
		from := i / 2
		if i&1 != a.odd {
			from += a.low
		}
		if a.across == 1 {
			copy(buffer[lanes*i:], plane[from*a.along:][:a.lanes])
			continue
		}
		for k := range a.lanes {
			buffer[lanes*i+k] = plane[from*a.along+k*a.across]
		}
	}
	lift(buffer[:lanes*a.n], a.n, a.odd)
	for i := range a.n {
		if a.across == 1 {
			copy(plane[i*a.along:][:a.lanes], buffer[lanes*i:])
			continue
		}
		for k := range a.lanes {
			plane[i*a.along+k*a.across] = buffer[lanes*i+k]
		}
	}
}

// neighbours calls step for each place i = from, from + 2, …: with its lanes and those to both sides, of which one is mirrored at an end.
func neighbours[T number](line []T, n, from int, step func(v, before, after *[lanes]T)) {
	at := func(i int) *[lanes]T { return (*[lanes]T)(line[lanes*i:]) }
	for i := from; i < n; i += 2 {
		before, after := i-1, i+1
		if before < 0 {
			before = after
		}
		if after >= n {
			after = before
		}
		step(at(i), at(before), at(after))
	}
}

// liftReversible is the 5/3 wavelet.
func liftReversible(line []int32, n, odd int) {
	if n == 1 {
		for i := range line {
			line[i] /= int32(1 + odd)
		}
		return
	}
	neighbours(line, n, odd, func(v, a, b *[lanes]int32) {
		for k := range v {
			v[k] -= (a[k] + b[k] + 2) >> 2
		}
	})
	neighbours(line, n, 1-odd, func(v, a, b *[lanes]int32) {
		for k := range v {
			v[k] += (a[k] + b[k]) >> 1
		}
	})
}

// Steps of the 9/7 wavelet (T.800, table F.4).
const (
	alpha = -1.586134342059924
	beta  = -0.052980118572961
	gamma = 0.882911075530934
	delta = 0.443506852043971
	kappa = 1.230174104914001
)

// liftIrreversible is the 9/7 wavelet.
func liftIrreversible(line []float32, n, odd int) {
	if n == 1 {
		if odd == 1 {
			for i := range line {
				line[i] /= 2
			}
		}
		return
	}
	for i := range n {
		scale := float32(kappa)
		if i&1 != odd {
			scale = 1 / kappa
		}
		for k := range lanes {
			line[lanes*i+k] *= scale
		}
	}
	step := func(from int, by float32) {
		neighbours(line, n, from, func(v, a, b *[lanes]float32) {
			for k := range v {
				v[k] -= by * (a[k] + b[k])
			}
		})
	}
	step(odd, delta)
	step(1-odd, gamma)
	step(odd, beta)
	step(1-odd, alpha)
}
