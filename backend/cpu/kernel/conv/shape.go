package conv

// Axis is a window on one spatial axis: position o meets, with element k of the kernel, element o·Stride − Before + k·Dilation of the
// input; what lies outside of it is zero.
type Axis struct{ In, Out, Kernel, Stride, Dilation, Before int }

// unit is an axis of one element.
var unit = Axis{In: 1, Out: 1, Kernel: 1, Stride: 1, Dilation: 1}

// Shape is the shape of a convolution: X `[Batch, Groups·In, spatial…]` with weights `[Groups·Out, In, kernel…]` to Y `[Batch, Groups·Out, positions…]`.
type Shape struct {
	Batch, Groups int
	In, Out       int // channels of a group
	Axes          []Axis
}

// MaxAxes is the greatest number of spatial axes.
const MaxAxes = 3

// Window is the axes of a shape, behind as many of one element as it lacks.
type Window [MaxAxes]Axis

// Window is that of the shape.
func (s *Shape) Window() (w Window) {
	missing := MaxAxes - len(s.Axes)
	for i := range w {
		if w[i] = unit; i >= missing {
			w[i] = s.Axes[i-missing]
		}
	}
	return w
}

// Sizes is how many elements the kernel has, a channel of the input, and one of the result.
func (w *Window) Sizes() (kernel, in, out int) {
	kernel, in, out = 1, 1, 1
	for i := range w {
		a := &w[i]
		kernel *= a.Kernel
		in *= a.In
		out *= a.Out
	}
	return kernel, in, out
}

// Meets is the element of a channel that element k of the kernel meets at position o, −1 if it is padding.
func (w *Window) Meets(o, k int) int {
	at, step := 0, 1
	for i := MaxAxes - 1; i >= 0; i-- {
		a := &w[i]
		x := o%a.Out*a.Stride - a.Before + k%a.Kernel*a.Dilation
		if x < 0 || x >= a.In {
			return -1
		}
		at += x * step
		step *= a.In
		o, k = o/a.Out, k/a.Kernel
	}
	return at
}

// Inside is the range of the first so many elements start, start + Stride, … that lie in the input.
func (a *Axis) Inside(start, length int) (lo, hi int) {
	lo = min(length, max(0, (-start+a.Stride-1)/a.Stride))
	hi = lo
	if last := a.In - 1 - start; last >= 0 {
		hi = max(lo, min(length, last/a.Stride+1))
	}
	return lo, hi
}

// layout is a Shape with everything resolved.
type layout struct {
	Shape
	axes      [MaxAxes]axis // those that the shape lacks come first and have one element
	taps      int           // elements of the kernel
	depth     int           // products in a sum
	size      int           // elements of a channel of X
	positions int           // elements of a channel of Y

	// Of the planes, see phases and offset.
	plane   int   // elements of a channel
	inPlace bool  // X has their layout already
	open    bool  // X, a row without stride, is read where it lies, as far as no padding is met
	line    int   // consecutive positions that are consecutive in the planes too
	offsets []int // by element of the sum: where it is for position 0
}

// axis is an Axis in the planes: element j of phase f is element j·Stride + start[f] of the input.
type axis struct {
	Axis
	length int
	start  []int // by phase
	phase  []int // by element of the kernel
	shift  []int // by element of the kernel, how far on in the phase it begins
}

// resolve fills l but for what concerns the planes; it reuses its memory.
func (l *layout) resolve(s Shape) {
	l.Shape = s
	w := s.Window()
	l.taps, l.size, l.positions = w.Sizes()
	for i, a := range w {
		l.axes[i].Axis = a
	}
	l.depth = l.In * l.taps
}

// phases fills in what the planes are.
func (l *layout) phases() {
	l.inPlace, l.plane = true, 1
	for i := range l.axes {
		a := &l.axes[i]
		a.resolve()
		l.plane *= len(a.start) * a.length
		l.inPlace = l.inPlace && len(a.start) == 1 && a.Stride == 1 && a.Before == 0 && a.length == a.In
	}
	if !l.inPlace {
		l.plane = apart(l.plane)
	}
	l.line = l.axes[MaxAxes-1].Out
	for i := MaxAxes - 1; i > 0 && l.axes[i].length == l.axes[i].Out; i-- {
		l.line *= l.axes[i-1].Out
	}
}

// apart is at least n: an odd number of cache lines, so that as many elements of each channel share a cache as can.
func apart(n int) int {
	const line = 16
	return ((n+line-1)/line | 1) * line
}

// resolve fills in the phases.
func (a *axis) resolve() {
	x := &a.Axis
	a.start, a.phase, a.shift = a.start[:0], a.phase[:0], a.shift[:0]
	a.length = 0
	for k := range x.Kernel {
		f := k*x.Dilation%x.Stride - x.Before
		shift := k * x.Dilation / x.Stride
		at := 0
		for at < len(a.start) && a.start[at] != f {
			at++
		}
		if at == len(a.start) {
			a.start = append(a.start, f)
		}
		a.phase, a.shift = append(a.phase, at), append(a.shift, shift)
		a.length = max(a.length, x.Out+shift)
	}
}

// isRow tells whether there is one axis, without stride.
func (l *layout) isRow() bool {
	return l.axes[0].Axis == unit && l.axes[1].Axis == unit && l.axes[2].Stride == 1
}

// offset computes where each element of a sum begins in the planes.
func (l *layout) offset() {
	l.offsets = l.offsets[:0]
	x, y, z := &l.axes[0], &l.axes[1], &l.axes[2]
	for c := range l.In {
		for i := range x.Kernel {
			for j := range y.Kernel {
				for k := range z.Kernel {
					phase := (x.phase[i]*len(y.start)+y.phase[j])*len(z.start) + z.phase[k]
					at := (phase*x.length+x.shift[i])*y.length + y.shift[j]
					l.offsets = append(l.offsets, c*l.plane+at*z.length+z.shift[k])
				}
			}
		}
	}
}

// lineStart is where in the planes a line begins.
func (l *layout) lineStart(line int) int {
	p := line * l.line
	y, z := &l.axes[1], &l.axes[2]
	return (p/(y.Out*z.Out)*y.length+p/z.Out%y.Out)*z.length + p%z.Out
}

// A piece is positions of a panel that lie side by side, a vector at most.
type piece struct {
	src   int // in the planes
	col   int // in the panel
	lanes int
}

// pieces divides positions [from, to) for vectors of so many lanes.
func (l *layout) pieces(from, to, lanes int, dst []piece) []piece {
	for p := from; p < to; {
		line, at := p/l.line, p%l.line
		n := min(l.line-at, to-p)
		start := l.lineStart(line) + at
		for i := 0; i < n; i += lanes {
			dst = append(dst, piece{start + i, p - from + i, min(lanes, n-i)})
		}
		p += n
	}
	return dst
}
