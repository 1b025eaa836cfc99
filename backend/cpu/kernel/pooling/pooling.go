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
	rows [][]float32 // by thread: a row of the input
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
	if n := a.Axes[2].In; len(x.rows[slot]) < n {
		x.rows[slot] = make([]float32, n)
	}
	row := x.rows[slot][:a.Axes[2].In]
	for {
		i := int(x.next.Add(1) - 1)
		if i >= a.Planes || x.out == 0 {
			return
		}
		a.plane(a.Y[i*x.out:][:x.out], a.X[i*x.in:][:x.in], row)
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

func (a *Args) plane(y, x, row []float32) {
	u, v, w := &a.Axes[0], &a.Axes[1], &a.Axes[2]
	combine := vec.OpMax
	if a.Mean {
		combine = vec.OpAdd
	}
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
			if !a.Mean {
				w.largest(out, from)
				continue
			}
			if a.Pads {
				count = u.padded(i) * v.padded(j)
			}
			w.mean(out, from, count, a.Pads)
		}
	}
}

// largest takes the maxima of one row, which may be empty for all of it being padding.
func (a *Axis) largest(out, row []float32) {
	for o := range out {
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
		out[o] = best
	}
}

// mean takes the means of one row whose elements are sums of count elements.
func (a *Axis) mean(out, row []float32, count int, pads bool) {
	for o := range out {
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
		out[o] = sum / (float32(n) * float32(count))
	}
}
