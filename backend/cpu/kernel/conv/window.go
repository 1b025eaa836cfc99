package conv

// windowSums is sums of products over square windows of a plane, for blocks of four rows of dst: element x of row r of a block becomes
// bias + Σ w[i·K+j]·src[row(r·stride+i) + columns[j] + x], over those columns whose mask has the bit of x. The assembly knows the offsets of the fields.
type windowSums struct {
	dst, src *float32
	zeros    *float32 // what rows outside of src are read from
	rows     *int     // by block: where in dst it begins, then where in src the rows that it reads do, noRow for those outside
	masks    *uint16  // by vector of a row: for each column of the kernel, and for dst
	w        *float32
	blocks   int
	vectors  int // of a row of dst
	step     int // elements of a row of dst
	columns  [largestWindow]int
	from     [(windowRows-1)*2 + largestWindow]uintptr // scratch: the rows that a block reads, while it does
	bias     float32
}

const (
	windowRows    = 4 // of a block
	largestWindow = 7
	noRow         = -1
	narrowest     = 12 // elements of a row of the result, below which too little of a vector is used
)

// windowPlan is how the channels of a depthwise convolution are read window by window. With a stride of 2 it reads the phases of [flatPlan].
type windowPlan struct {
	size, stride int
	vectors      int
	read         int // rows that a block reads
	rows         []int
	masks        []uint16
	columns      [largestWindow]int
}

// planWindow returns nil for windows that there is no kernel for. The first axis has one element.
func planWindow(l *layout, p *flatPlan) *windowPlan {
	v, w := &l.axes[1], &l.axes[2]
	k := v.Kernel
	if k != w.Kernel || k != 3 && k != 5 && k != 7 || v.Dilation != 1 || w.Dilation != 1 ||
		v.Stride != w.Stride || v.Stride > 2 || v.Stride == 2 && !p.halved || v.Out < windowRows || w.Out < narrowest || k == 3 && w.Out <= maskLanes {
		return nil
	}
	q := &windowPlan{size: k, stride: v.Stride, vectors: count(w.Out, maskLanes), read: (windowRows-1)*v.Stride + k}
	for b := range count(v.Out, windowRows) {
		y := min(b*windowRows, v.Out-windowRows) // the last block may compute rows once more
		q.rows = append(q.rows, y*w.Out)
		for i := range q.read {
			at := noRow
			if row := y*v.Stride - v.Before + i; row >= 0 && row < v.In {
				at = p.row(row)
			}
			q.rows = append(q.rows, at)
		}
	}
	for j := range k {
		q.columns[j] = p.column(j - w.Before)
	}
	for first := 0; first < w.Out; first += maskLanes {
		lanes := min(maskLanes, w.Out-first)
		for j := range k {
			mask := uint16(0)
			for i := range lanes {
				if x := (first+i)*w.Stride - w.Before + j; x >= 0 && x < w.In {
					mask |= 1 << i
				}
			}
			q.masks = append(q.masks, mask)
		}
		q.masks = append(q.masks, uint16(1<<lanes-1))
	}
	return q
}

// windows computes channel i of all channels of all images, and what comes after the sums.
func (x *Ctx) windows(s *slot, i int, src, w []float32, bias float32) {
	l, q := &x.layout, x.plan.window
	y := x.args.Y[i*l.positions:][:l.positions]
	s.zeros = grow(s.zeros, x.plan.plane+2*l.axes[2].Out+3*maskLanes)
	width, blocks := l.axes[2].Out, len(q.rows)/(q.read+1)
	each := max(1, flatChunk/(windowRows*width))
	for b := 0; b < blocks; b += each {
		n := min(each, blocks-b)
		s.window = windowSums{dst: &y[0], src: &src[0], zeros: &s.zeros[maskLanes], rows: &q.rows[b*(q.read+1)], masks: &q.masks[0], w: &w[0], blocks: n, vectors: q.vectors,
			step: width, columns: q.columns, bias: bias}
		x.kernels.window(q.size, q.stride, &s.window)
		first := q.rows[b*(q.read+1)]
		last := q.rows[(b+n-1)*(q.read+1)] + windowRows*width
		x.finish(i*l.positions+first, last-first)
	}
	s.window = windowSums{}
}
