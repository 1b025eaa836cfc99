package conv

import (
	"fmt"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	fewPositions = 6       // up to which a convolution is a product of few rows with its weights
	panelFloats  = 1 << 15 // floats of the panels that are gathered at a time, unless one takes more
	blockStrips  = 12      // strips of a block, when the panels alone do not keep all threads busy
	forkWork     = 1 << 18 // multiply-adds below which the caller does everything
	longRow      = 1 << 10 // elements of a row from which few panels meet its padding
	sparse       = 8       // planes that take so many times the memory of X and Y are not made
)

// Ctx is what a convolution runs with: worker threads, kernels, and scratch memory that grows to what is needed and is then kept. One
// convolution at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	level   level.Level
	kernels *kernels
	gemm    *gemm.Ctx
	slots   []slot
	next    atomic.Int64

	// Axes is memory for the axes of a Shape.
	Axes [MaxAxes]Axis

	// The call in progress.
	args     Args
	layout   layout
	planes   []float32 // of one image
	bias     []float32 // by group, padded to whole strips and one more
	strips   []float32 // of weights that are not constant
	rows     []float32 // of a convolution of few positions
	epilogue gemm.Epilogue
	image    int
	panels   int // of an image
	block    int // panels of a block
	blocks   int // of an image and group
	split    int // parts of the strips of a group
	each     int // strips of a part

	plan                                                     *flatPlan
	copyPlanes, multiply, multiplyBlocks, depthwise, flatten func(slot int)
}

// A slot is the memory of one thread.
type slot struct {
	tile      tile
	gathering gathering
	taps      taps
	flat      flat
	halves    halves
	window    windowSums
	zeros     []float32 // behind and in front of which windows read under masks
	residual  residual
	panels    []float32
	direct    []int // by panel of a block: see Ctx.direct
	plane     []float32
	product   []float32 // of a block of positions, and channels
	epilogue  gemm.Epilogue
	gemm      *gemm.Ctx // for products of this thread alone
	wide      []float32 // rows of a depthwise convolution and what lies between them
	pieces    []piece
	edge      [2 * stripRows * panelVectors * maxLanes]float32
	_         [64]byte
}

// NewCtx makes a context for convolutions on p, or on the caller alone if p is nil, with the kernels of level l. Products run on x.
func NewCtx(p *pool.Pool, l level.Level, x *gemm.Ctx) *Ctx {
	l = min(l, level.Highest())
	c := &Ctx{pool: p, level: l, kernels: kernelsOf(l), gemm: x, slots: make([]slot, p.Threads())}
	c.copyPlanes, c.multiply, c.multiplyBlocks, c.depthwise, c.flatten = c.runPlanes, c.runBlocks, c.runProducts, c.runDepthwise, c.runFlats
	return c
}

// Args are the operands of a convolution.
type Args struct {
	Shape
	X, Y    []float32
	Weights *Weights  // constant weights, else
	W       []float32 // weights of this call
	Bias    []float32 // [Groups·Out], or nil
	After
}

// Run computes Y. It shares memory with no other operand. Slices that are too short are a programmer's bug.
func Run(x *Ctx, args Args) {
	x.args = args
	l := &x.layout
	l.resolve(args.Shape)
	args.check(l)
	if args.Batch == 0 || args.Groups*args.Out == 0 || l.positions == 0 {
		return
	}
	depthwise := l.In == 1 && l.Out == 1
	switch {
	case l.depth == 0:
		x.scattered()
	case depthwise && x.flats():
	case !depthwise && l.positions <= fewPositions && args.Weights != nil:
		x.few()
	default:
		x.inPlanes(depthwise)
	}
	x.args = Args{}
}

// inPlanes computes what reads planes.
func (x *Ctx) inPlanes(depthwise bool) {
	l := &x.layout
	l.phases()
	if !l.inPlace && l.plane/sparse > l.size+l.positions+1<<16 {
		x.scattered()
		return
	}
	product := !depthwise && x.asProduct()
	l.open = !depthwise && !product && l.isRow() && !l.inPlace && l.size >= longRow
	if l.open {
		l.plane = l.size
	}
	l.offset()
	switch {
	case depthwise:
		n := l.Batch * l.Groups
		x.spread(n, n*l.positions*l.taps, x.depthwise)
	case product:
		x.product()
	default:
		x.general()
	}
}

func (a *Args) check(l *layout) {
	w := a.W
	if a.Weights != nil {
		w = a.Weights.data
	}
	channels := a.Groups * a.Out
	switch {
	case len(a.Axes) < 1 || len(a.Axes) > MaxAxes:
		panic(fmt.Sprintf("BUG: convolution over %d axes", len(a.Axes)))
	case len(a.X) < a.Batch*a.Groups*a.In*l.size || len(a.Y) < a.Batch*channels*l.positions || len(w) < channels*l.depth || a.Bias != nil && len(a.Bias) < channels || a.Residual != nil && len(a.Residual) < a.Batch*channels*l.positions:
		panic(fmt.Sprintf("BUG: slices of %d, %d, %d and %d numbers for a convolution of %+v", len(a.X), len(w), len(a.Bias), len(a.Y), a.Shape))
	}
}

// spread calls f on as many threads as n pieces of work and the number of multiply-adds justify.
func (x *Ctx) spread(n, work int, f func(slot int)) {
	x.next.Store(0)
	if n <= 1 || work < forkWork {
		f(0)
		return
	}
	x.pool.Run(min(n, len(x.slots)), f)
}

// take is the next of n pieces, or false when all are taken.
func (x *Ctx) take(n int) (int, bool) {
	i := int(x.next.Add(1) - 1)
	return i, i < n
}

func grow(s []float32, n int) []float32 {
	if len(s) < n {
		return make([]float32, n)
	}
	return s
}

// scattered is the textbook loop, for kernels whose elements lie so far apart that nearly all of them meet padding.
func (x *Ctx) scattered() {
	a, l := &x.args, &x.layout
	w := a.W
	if a.Weights != nil {
		w = a.Weights.data
	}
	window := a.Window()
	for i := range a.Batch * a.Groups * a.Out * l.positions {
		p, m := i%l.positions, i/l.positions%(a.Groups*a.Out)
		from := a.X[(i/l.positions/(a.Groups*a.Out)*a.Groups+m/a.Out)*a.In*l.size:]
		sum := float32(0)
		if a.Bias != nil {
			sum = a.Bias[m]
		}
		for c := range a.In {
			for t := range l.taps {
				if at := window.Meets(p, t); at >= 0 {
					sum += w[m*l.depth+c*l.taps+t] * from[c*l.size+at]
				}
			}
		}
		a.Y[i] = sum
	}
	x.finish(0, a.Batch*a.Groups*a.Out*l.positions)
}
