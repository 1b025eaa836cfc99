package pooling

import (
	"fmt"
	"math"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// MaxAxes is the greatest number of spatial axes.
const MaxAxes = 3

// Axis is a window on one spatial axis: position o meets, with element k of the kernel, element o·Stride − Before + k·Dilation of the
// input. Padding, of which After elements follow the input, counts in means only if that is asked for.
type Axis struct{ In, Out, Kernel, Stride, Dilation, Before, After int }

// Args are the operands of a pooling of X `[Planes, spatial…]` to Y `[Planes, positions…]`.
type Args struct {
	Planes int
	Axes   [MaxAxes]Axis // axes that there are not come first and are as Unit
	X, Y   []float32
	Mean   bool // means instead of maxima
	Pads   bool // of means: divide by the number of elements in the input and its padding, not of those in the input
}

// Unit is an axis of one element.
var Unit = Axis{In: 1, Out: 1, Kernel: 1, Stride: 1, Dilation: 1}

const forkWork = 1 << 15 // elements read below which the caller does everything

// Ctx is what a pooling runs with: worker threads, and scratch memory that grows to what is needed and is then kept. One pooling at a time
// may use it.
type Ctx struct {
	pool *pool.Pool
	rows [][]float32 // by thread: two rows of the input
	next atomic.Int64
	args Args
	in   int // elements of a plane of X
	out  int // of Y
	run  func(slot int)
}

// NewCtx makes a context on p, or on the caller alone if p is nil.
func NewCtx(p *pool.Pool) *Ctx {
	x := &Ctx{pool: p, rows: make([][]float32, p.Threads())}
	x.run = x.planes
	return x
}

// Run computes Y. It shares no memory with X. Slices that are too short are a programmer's bug.
func Run(x *Ctx, args Args) {
	x.args, x.in, x.out = args, 1, 1
	for _, a := range args.Axes {
		x.in *= a.In
		x.out *= a.Out
	}
	if len(args.X) < args.Planes*x.in || len(args.Y) < args.Planes*x.out {
		panic(fmt.Sprintf("BUG: slices of %d and %d numbers for a pooling of %d times %+v", len(args.X), len(args.Y), args.Planes, args.Axes))
	}
	x.next.Store(0)
	if args.Planes*max(x.in, x.out) < forkWork {
		x.run(0)
	} else {
		x.pool.Run(min(args.Planes, len(x.rows)), x.run)
	}
	x.args = Args{}
}

// planes does planes until none is left.
func (x *Ctx) planes(slot int) {
	a := &x.args
	n := a.Axes[2].In
	if len(x.rows[slot]) < 2*n {
		x.rows[slot] = make([]float32, 2*n)
	}
	row, wide := x.rows[slot][:n], x.rows[slot][n:2*n]
	for {
		i := int(x.next.Add(1) - 1)
		if i >= a.Planes || x.out == 0 {
			return
		}
		a.plane(a.Y[i*x.out:][:x.out], a.X[i*x.in:][:x.in], row, wide)
	}
}

// taps is the range of kernel elements that lie in [first, last) at position o.
func (a *Axis) taps(o, first, last int) (lo, hi int) {
	start := o*a.Stride - a.Before
	if first > start {
		lo = (first - start + a.Dilation - 1) / a.Dilation
	}
	if last > start {
		hi = min(a.Kernel, (last-start+a.Dilation-1)/a.Dilation)
	}
	return lo, max(lo, hi)
}

func (a *Axis) padded(o int) int {
	lo, hi := a.taps(o, -a.Before, a.In+a.After)
	return hi - lo
}

// plane computes a plane of Y; row and wide are memory for rows of X.
func (a *Args) plane(y, x, row, wide []float32) {
	u, v, w := &a.Axes[0], &a.Axes[1], &a.Axes[2]
	combine := vec.OpMax
	if a.Mean {
		combine = vec.OpAdd
	}
	begin, end := w.whole()
	for i := range u.Out {
		lo, hi := u.taps(i, 0, u.In)
		for j := range v.Out {
			first, last := v.taps(j, 0, v.In)
			from := row
			count := 0
			for k := lo; k < hi; k++ {
				for l := first; l < last; l++ {
					line := x[((i*u.Stride-u.Before+k*u.Dilation)*v.In+j*v.Stride-v.Before+l*v.Dilation)*w.In:][:w.In]
					switch count {
					case 0:
						from = line
					default:
						combine.VV(row, from, line)
						from = row
					}
					count++
				}
			}
			out := y[(i*v.Out+j)*w.Out:][:w.Out]
			if count == 0 {
				from = from[:0]
			}
			if a.Pads {
				count = u.padded(i) * v.padded(j)
			}
			if !a.Mean {
				w.largest(out[:begin], from, 0)
				w.largest(out[end:], from, end)
			} else {
				w.mean(out[:begin], from, 0, count, a.Pads)
				w.mean(out[end:], from, end, count, a.Pads)
			}
			if begin == end || len(from) == 0 {
				w.fill(out[begin:end], count, a.Mean)
				continue
			}
			w.slide(out[begin:end], from[begin*w.Stride-w.Before:], wide, combine)
			if a.Mean {
				vec.OpDiv.VS(out[begin:end], out[begin:end], float32(w.Kernel)*float32(count))
			}
		}
	}
}

const maxSkip = 8 // stride up to which windows are combined at every element of a row

// whole is the range of positions whose windows lie in the input and that slide computes; it may be empty.
func (a *Axis) whole() (begin, end int) {
	last := a.In - 1 - (a.Kernel-1)*a.Dilation + a.Before // of the element at which a window begins, from the first position on
	if a.Stride > maxSkip || last < 0 {
		return 0, 0
	}
	begin = min(a.Out, (a.Before+a.Stride-1)/a.Stride)
	return begin, max(begin, min(a.Out, last/a.Stride+1))
}

// slide combines the elements of windows that lie in row, the first at its beginning: at each element, of which those that positions have are taken.
func (a *Axis) slide(out, row, wide []float32, combine vec.Op) {
	n := (len(out)-1)*a.Stride + 1
	from := row[:n]
	for k := 1; k < a.Kernel; k++ {
		combine.VV(wide[:n], from, row[k*a.Dilation:][:n])
		from = wide[:n]
	}
	if a.Stride == 1 {
		copy(out, from)
		return
	}
	for i := range out {
		out[i] = from[i*a.Stride]
	}
}

// fill sets positions that meet nothing but padding.
func (a *Axis) fill(out []float32, count int, mean bool) {
	if !mean {
		a.largest(out, nil, 0)
		return
	}
	for i := range out {
		out[i] = 0 / (float32(a.Kernel) * float32(count))
	}
}

// largest takes the maxima of one row, which may be empty for all of it being padding, at positions from one on.
func (a *Axis) largest(out, row []float32, first int) {
	for i := range out {
		o := first + i
		best := float32(math.Inf(-1))
		if lo, hi := a.taps(o, 0, len(row)); lo < hi {
			at := o*a.Stride - a.Before + lo*a.Dilation
			for range hi - lo {
				if v := row[at]; v > best || v != v {
					best = v
				}
				at += a.Dilation
				if best != best {
					break
				}
			}
		}
		out[i] = best
	}
}

// mean takes the means of one row whose elements are sums of count elements, at positions from one on.
func (a *Axis) mean(out, row []float32, first, count int, pads bool) {
	for i := range out {
		o := first + i
		lo, hi := a.taps(o, 0, len(row))
		sum, n := float32(0), hi-lo
		at := o*a.Stride - a.Before + lo*a.Dilation
		for range hi - lo {
			sum += row[at]
			at += a.Dilation
		}
		if pads {
			n = a.padded(o)
		}
		out[i] = sum / (float32(n) * float32(count))
	}
}
