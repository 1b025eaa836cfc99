package loop

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
)

// Operand is the memory of an operand or of the result: numbers or bools, as the program says.
type Operand struct {
	Numbers []float32
	Bools   []bool
}

// Frame is what a walk needs of memory while it runs: registers and positions. A frame serves one goroutine at a time, and any walk.
type Frame struct {
	regs   []float32
	at     []int // by operand
	index  []int // of the line
	leaves []Operand
	dst    Operand
	n      int // elements of the tile
	first  int // element of the result
	one    [1]float32
	two    [1]float32
	native arguments
}

// ready makes room for a walk.
func (f *Frame) ready(w *Walk) {
	if len(f.regs) < w.regs*Tile {
		f.regs = make([]float32, w.regs*Tile)
	}
	if len(f.at) < w.leaves {
		f.at = make([]int, w.leaves)
	}
	if len(f.index) < len(w.shape) {
		f.index = make([]int, len(w.shape))
	}
}

// Run computes elements lo to hi of the result. The result may be exactly an operand that has its shape and is not repeated; it must not
// overlap one otherwise.
func (w *Walk) Run(f *Frame, dst Operand, leaves []Operand, lo, hi int) {
	if lo >= hi {
		return
	}
	if w.factors != nil {
		w.factors.run(dst, leaves, w.shape[1], lo, hi)
		return
	}
	f.ready(w)
	f.dst, f.leaves = dst, leaves
	if w.lines > 0 {
		w.byLines(f, lo, hi)
	} else {
		w.byParts(f, lo, hi)
	}
	f.dst, f.leaves = Operand{}, nil
	if w.text != nil {
		f.native.forget()
	}
}

// byParts walks lines in parts of at most a tile.
func (w *Walk) byParts(f *Frame, lo, hi int) {
	last := len(w.shape) - 1
	line := w.shape[last]
	for at := lo; at < hi; {
		i := at % line
		w.locate(f, at)
		for end := min(hi, at+line-i); at < end; {
			f.n, f.first = min(w.tile, end-at), at
			w.compute(f)
			at += f.n
			for k := range f.at[:w.leaves] {
				f.at[k] += f.n * w.strides[k][last]
			}
		}
	}
}

// locate sets the position of each operand to that of an element of the result.
func (w *Walk) locate(f *Frame, at int) {
	clear(f.at[:w.leaves])
	for axis := len(w.shape) - 1; axis >= 0; axis-- {
		j := at % w.shape[axis]
		at /= w.shape[axis]
		f.index[axis] = j
		if j != 0 {
			for k := range f.at[:w.leaves] {
				f.at[k] += j * w.strides[k][axis]
			}
		}
	}
}

// byLines walks several lines at a time; operands in another order are loaded into registers first.
func (w *Walk) byLines(f *Frame, lo, hi int) {
	size := w.lines * w.shape[len(w.shape)-1]
	for at := lo; at < hi; at += size {
		f.n, f.first = min(size, hi-at), at
		for k := range f.at[:w.leaves] {
			if f.at[k] = 0; w.mode(k) == inPlace {
				f.at[k] = at
			}
		}
		w.compute(f)
	}
}

// fetch fills a register with an operand that lies in another order than the result.
func (w *Walk) fetch(f *Frame, o *op) {
	k := o.x.i
	if w.lines == 0 {
		step := w.strides[k][len(w.shape)-1]
		if o.bool {
			strided(f.bools(o.dst), f.leaves[k].Bools[f.at[k]:], step)
		} else {
			strided(f.numbers(o.dst), f.leaves[k].Numbers[f.at[k]:], step)
		}
		return
	}
	if o.bool {
		loadLines(w, f, f.bools(o.dst), f.leaves[k].Bools, w.strides[k])
	} else {
		loadLines(w, f, f.numbers(o.dst), f.leaves[k].Numbers, w.strides[k])
	}
}

func strided[E any](dst, src []E, step int) {
	for i := range dst {
		dst[i] = src[i*step]
	}
}

func loadLines[E any](w *Walk, f *Frame, dst, src []E, strides []int) {
	last := len(w.shape) - 1
	line, step := w.shape[last], strides[last]
	pos, rest := 0, f.first/line
	for axis := last - 1; axis >= 0; axis-- {
		f.index[axis] = rest % w.shape[axis]
		rest /= w.shape[axis]
		pos += f.index[axis] * strides[axis]
	}
	for i := f.first % line; len(dst) > 0; i = 0 {
		n := min(line-i, len(dst))
		switch step {
		case 0:
			v := src[pos]
			for j := range dst[:n] {
				dst[j] = v
			}
		case 1:
			copy(dst[:n], src[pos+i:pos+i+n])
		default:
			strided(dst[:n], src[pos+i*step:], step)
		}
		dst = dst[n:]
		for axis := last - 1; axis >= 0; axis-- {
			pos += strides[axis]
			if f.index[axis]++; f.index[axis] < w.shape[axis] {
				break
			}
			pos -= strides[axis] * w.shape[axis]
			f.index[axis] = 0
		}
	}
}

// numbers is a register, or the result.
func (f *Frame) numbers(r int) []float32 {
	if r < 0 {
		return f.dst.Numbers[f.first : f.first+f.n]
	}
	return f.regs[r*Tile : r*Tile+f.n]
}

func (f *Frame) bools(r int) []bool {
	if r < 0 {
		return f.dst.Bools[f.first : f.first+f.n]
	}
	return unsafe.Slice((*bool)(unsafe.Pointer(&f.regs[r*Tile])), f.n)
}

// vector is an operand of a tile of numbers.
func (f *Frame) vector(o operand) []float32 {
	if o.mode == inPlace {
		at := f.at[o.i]
		return f.leaves[o.i].Numbers[at : at+f.n]
	}
	return f.regs[o.i*Tile : o.i*Tile+f.n]
}

func (f *Frame) scalar(o operand) float32 {
	if o.mode == immediate {
		return o.v
	}
	return f.leaves[o.i].Numbers[f.at[o.i]]
}

func (o operand) single() bool { return o.mode >= scalar }

// flags is an operand of a tile of bools; a single one has one element.
func (f *Frame) flags(o operand) []bool {
	switch o.mode {
	case inPlace:
		at := f.at[o.i]
		return f.leaves[o.i].Bools[at : at+f.n]
	case scalar:
		at := f.at[o.i]
		return f.leaves[o.i].Bools[at : at+1]
	}
	return f.bools(o.i)
}

// compute runs all instructions on a tile.
func (w *Walk) compute(f *Frame) {
	if w.text != nil {
		w.callNative(f)
		return
	}
	for k := range w.ops {
		o := &w.ops[k]
		switch o.kind {
		case leaf:
			w.fetch(f, o)
		case combine:
			f.combine(o)
		case apply, call:
			f.apply(o)
		case compare:
			f.compare(o)
		case choose:
			f.choose(o)
		case logic:
			combineFlags(o.log, f.bools(o.dst), f.flags(o.x), f.flags(o.y))
		case not:
			x := f.flags(o.x)
			if len(x) == 1 {
				fill(f.bools(o.dst), !x[0])
				break
			}
			for i, d := 0, f.bools(o.dst); i < len(d); i++ {
				d[i] = !x[i]
			}
		case number:
			toNumbers(f.numbers(o.dst), f.flags(o.x))
		}
	}
}

func (f *Frame) combine(o *op) {
	dst := f.numbers(o.dst)
	switch {
	case o.x.single() && o.y.single():
		f.one[0] = f.scalar(o.x)
		o.op.VS(f.one[:], f.one[:], f.scalar(o.y))
		vec.Fill(dst, f.one[0])
	case o.y.single():
		o.op.VS(dst, f.vector(o.x), f.scalar(o.y))
	case o.x.single():
		o.op.SV(dst, f.scalar(o.x), f.vector(o.y))
	default:
		o.op.VV(dst, f.vector(o.x), f.vector(o.y))
	}
}

func (f *Frame) apply(o *op) {
	dst := f.numbers(o.dst)
	x, y := f.one[:], f.one[:]
	if o.x.single() {
		f.one[0] = f.scalar(o.x)
	} else {
		x, y = f.vector(o.x), dst
	}
	if o.kind == apply {
		o.fn.Apply(y, x, o.a, o.b)
	} else {
		o.f(y, x)
	}
	if o.x.single() {
		vec.Fill(dst, f.one[0])
	}
}

// either is an operand as a slice of numbers: of the tile, or of one element in room.
func (f *Frame) either(o operand, room *[1]float32) []float32 {
	if o.single() {
		room[0] = f.scalar(o)
		return room[:]
	}
	return f.vector(o)
}

func (f *Frame) compare(o *op) {
	compareNumbers(o.cmp, f.bools(o.dst), f.either(o.x, &f.one), f.either(o.y, &f.two))
}

func (f *Frame) choose(o *op) {
	if o.x.mode == immediate { // a copy
		if o.bool {
			spread(f.bools(o.dst), f.flags(o.y))
		} else {
			spread(f.numbers(o.dst), f.either(o.y, &f.one))
		}
		return
	}
	c := f.flags(o.x)
	if o.bool {
		y, z := f.flags(o.y), f.flags(o.z)
		pick(asBytes(f.bools(o.dst)), c, asBytes(y), asBytes(z))
		return
	}
	y, z := f.either(o.y, &f.one), f.either(o.z, &f.two)
	pick(asBits(f.numbers(o.dst)), c, asBits(y), asBits(z))
}

func fill[E any](dst []E, v E) {
	for i := range dst {
		dst[i] = v
	}
}

// spread copies a tile or fills it with the one element that there is.
func spread[E any](dst, x []E) {
	if len(x) == len(dst) {
		copy(dst, x)
	} else {
		fill(dst, x[0])
	}
}

func asBits(x []float32) []uint32 { return unsafe.Slice((*uint32)(unsafe.Pointer(&x[0])), len(x)) }

func asBytes(x []bool) []uint8 { return unsafe.Slice((*uint8)(unsafe.Pointer(&x[0])), len(x)) }
