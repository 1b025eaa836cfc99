package channelnorm

import (
	"math"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/kernel/vec"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	forkWork = 1 << 15 // elements below which the caller does everything
	chunk    = 1 << 10 // elements that LRN takes at a time
)

// Ctx is what a normalisation runs with: worker threads and a little scratch memory. One normalisation at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	scratch [][3][]float32 // by thread
	next    atomic.Int64
	parts   int
	args    Args
	lrn     LRN

	batchPart, groupPart, lrnPart func(slot int)
}

// NewCtx makes a context on p, or on the caller alone if p is nil.
func NewCtx(p *pool.Pool) *Ctx {
	x := &Ctx{pool: p, scratch: make([][3][]float32, p.Threads())}
	x.batchPart, x.groupPart, x.lrnPart = x.batchParts, x.groupParts, x.lrnParts
	return x
}

// Args are the operands of a normalisation of X to Y, which may be X.
type Args struct {
	Batch, Channels, Size int
	X, Y                  []float32
	Scale, Bias           []float32 // [Channels]
	Epsilon               float32
}

// run calls f on as many threads as the work justifies, which take parts.
func (x *Ctx) run(args Args, parts int, f func(slot int)) {
	n := args.Batch * args.Channels * args.Size
	if n == 0 {
		return
	}
	args.X, args.Y = args.X[:n], args.Y[:n]
	x.args, x.parts = args, parts
	x.next.Store(0)
	if parts == 1 || n < forkWork {
		f(0)
	} else {
		x.pool.Run(min(parts, len(x.scratch)), f)
	}
	x.args = Args{}
}

func (x *Ctx) take() (int, bool) {
	i := int(x.next.Add(1) - 1)
	return i, i < x.parts
}

// Affine multiplies each channel by Scale and adds Bias.
func Affine(x *Ctx, args Args) { x.run(args, args.Batch*args.Channels, x.batchPart) }

func (x *Ctx) batchParts(int) {
	a := &x.args
	for i, ok := x.take(); ok; i, ok = x.take() {
		c := i % a.Channels
		vec.Affine(a.Y[i*a.Size:][:a.Size], a.X[i*a.Size:], a.Scale[c], a.Bias[c])
	}
}

// Group normalises groups of channels, of each sample, by their own mean and variance; see Affine for what comes after. There are Batch ·
// Channels / size of a group groups.
func Group(x *Ctx, args Args, groups int) { x.run(args, args.Batch*groups, x.groupPart) }

func (x *Ctx) groupParts(int) {
	a := &x.args
	per := a.Batch * a.Channels / x.parts
	for i, ok := x.take(); ok; i, ok = x.take() {
		v := a.X[i*per*a.Size:][:per*a.Size]
		n := float32(len(v))
		mean := vec.Sum(v) / n
		inverse := float32(1 / math.Sqrt(float64(vec.SumSquares(v, mean)/n)+float64(a.Epsilon)))
		for k := range per {
			c := (i*per + k) % a.Channels
			scale := inverse * a.Scale[c]
			at := (i*per + k) * a.Size
			to := a.Y[at:][:a.Size]
			vec.AddScalar(to, a.X[at:], -mean)
			vec.Affine(to, to, scale, a.Bias[c])
		}
	}
}

// LRN says how local response normalisation divides: by (Bias + Factor·Σ x²)^Beta, the sum over the channels from Before ahead of its own to
// After behind it.
type LRN struct {
	Before, After      int
	Factor, Bias, Beta float32
}

// Local does local response normalisation. Y must not be X.
func Local(x *Ctx, args Args, o LRN) {
	x.lrn = o
	x.run(args, args.Batch*((args.Size+chunk-1)/chunk), x.lrnPart)
}

func (x *Ctx) lrnParts(slot int) {
	a, o, s := &x.args, &x.lrn, &x.scratch[slot]
	for i := range s {
		if len(s[i]) == 0 {
			s[i] = make([]float32, chunk)
		}
	}
	per := x.parts / a.Batch
	for i, ok := x.take(); ok; i, ok = x.take() {
		from := i % per * chunk
		n := min(chunk, a.Size-from)
		at := func(c int) int { return (i/per*a.Channels+c)*a.Size + from }
		sum, square, root := s[0][:n], s[1][:n], s[2][:n]
		for c := range a.Channels {
			clear(sum)
			for k := max(0, c-o.Before); k < min(a.Channels, c+o.After+1); k++ {
				vec.Square(square, a.X[at(k):][:n])
				vec.Add(sum, sum, square)
			}
			vec.Affine(sum, sum, o.Factor, o.Bias)
			if o.Beta == 0.75 {
				vec.Sqrt(root, sum)
				vec.Sqrt(square, root)
				vec.Mul(sum, root, square)
			} else {
				vec.OpPow.VS(sum, sum, o.Beta)
			}
			vec.Div(a.Y[at(c):][:n], a.X[at(c):][:n], sum)
		}
	}
}
