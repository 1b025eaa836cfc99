package quant

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
)

const (
	maxBlock   = 16 // panels of a block, at most
	partStrips = 8  // strips of a part of the channels, at least, when panels do not keep all threads busy
	sparse     = 8  // planes that take so many times the memory of X and of the result are not made
)

// ConvArgs are the operands of a convolution, all dense. Of Sums, Float and Bytes one is set.
type ConvArgs struct {
	conv.Shape
	X       []byte
	SignedX bool
	ZeroX   int32 // of X, and of padding
	Weights *ConvWeights
	Sums    []int32
	Float   []float32
	Bytes   []byte
	Offset  []int32 // added to the sums, one a channel, or nil
	Finish  Finish  // for Float and Bytes
}

// convolver is what convolutions keep in a context.
type convolver struct {
	*Ctx
	slots  []convSlot
	finish func(f *finishing)
	planes planes
	args   ConvArgs
	pool8  MaxPoolArgs
	memory []byte // planes of one image
	add    []int32
	sums   []int32 // of a product
	zeroX  [1]int32
	scale  []float32
	bias   []float32
	pairs  [][2]int // distances of the elements of a kernel of one channel
	unit   int      // rows that a panel groups
	flip   byte     // what makes X signed
	image  int
	src    []byte // planes of the image, in memory or in X

	panels int // of a group
	block  int // panels of a block
	blocks int // of a group
	split  int // parts of the channels of a group

	copyPlanes, multiply, depthwise, maxPlanes func(slot int)
}

// convolver is that of the context, made at the first call.
func (x *Ctx) convolver() *convolver {
	if x.conv == nil {
		c := &convolver{Ctx: x, slots: make([]convSlot, len(x.slots)), finish: finishAt(x.level)}
		c.copyPlanes, c.multiply, c.depthwise, c.maxPlanes = c.runPlanes, c.runBlocks, c.runDepthwise, c.runMaxima
		x.conv = c
	}
	return x.conv
}

// Conv computes a convolution. Sums of (weight − its zero point) · (x − ZeroX) are exact and wrap around in 32 bits; padding adds nothing.
func Conv(ctx *Ctx, args ConvArgs) {
	x := ctx.convolver()
	x.args = args
	x.planes.resolve(args.Shape)
	x.args.check(&x.planes)
	p := &x.planes
	if p.positions == 0 || args.Bytes == nil && len(args.Sums)+len(args.Float) == 0 || args.Batch*args.Groups*args.Out == 0 {
		return
	}
	x.prepare()
	channels := args.Groups * p.In
	switch {
	case p.isSparse(channels*p.plane, channels*p.size+args.Groups*args.Out*p.positions):
		x.scattered()
	case x.isDense():
		x.dense()
	case len(args.Weights.pairs) > 0:
		p.offset()
		x.pairOffsets()
		n := args.Batch * args.Groups
		x.spread(n, n*args.Out*p.positions*p.taps, x.depthwise)
	default:
		p.offset()
		x.general()
	}
	x.args, x.src = ConvArgs{}, nil
}

// general multiplies panels of each image with the weights.
func (x *convolver) general() {
	a, p := &x.args, &x.planes
	channels := a.Groups * p.In
	x.divide()
	for x.image = range a.Batch {
		in := a.X[x.image*channels*p.size:][:channels*p.size]
		if x.src = in; !p.inPlace {
			x.memory = grown(x.memory, channels*p.plane+panelColumns)
			x.src = x.memory
			x.spread(channels, channels*p.plane*8, x.copyPlanes)
		}
		x.spread(a.Groups*x.blocks*x.split, a.Groups*a.Out*p.depth*p.positions, x.multiply)
	}
}

// isSparse reports whether planes of so many bytes are too large for what is read and written.
func (p *planes) isSparse(planes, operands int) bool {
	return !p.inPlace && planes > sparse*operands+1<<12
}

// prepare finds what is added to the sums of each channel, and makes scales and summands one a channel.
func (x *convolver) prepare() {
	a, w := &x.args, x.args.Weights
	x.unit, x.flip = 2, 0x80
	if w.bytes != nil {
		x.unit = 4
	}
	zero := a.ZeroX - 128
	if a.SignedX {
		x.flip, zero = 0, a.ZeroX
	}
	n := len(w.sums)
	x.add, x.scale, x.bias = grown(x.add, n), grown(x.scale, n), grown(x.bias, n)
	for i, sum := range w.sums {
		if x.add[i] = -zero * sum; a.Offset != nil {
			x.add[i] += a.Offset[i]
		}
	}
	if a.Sums != nil {
		return
	}
	f := &a.Finish
	for i := range n {
		x.scale[i] = f.Scale[i%len(f.Scale)]
		if x.bias[i] = negativeZero; f.Bias != nil {
			x.bias[i] = f.Bias[i]
		}
	}
}

// divide decides how many blocks there are.
func (x *convolver) divide() {
	p, threads := &x.planes, x.pool.Threads()
	x.panels = count(p.positions, panelColumns)
	x.block = max(1, min(maxBlock, x.args.Groups*x.panels/(blockShare*threads)))
	x.blocks = count(x.panels, x.block)
	x.split = 1
	if n := x.args.Groups * x.blocks; n < threads {
		x.split = max(1, min(count(blockShare*threads, n), strips(x.args.Out)/partStrips))
	}
}

func (x *convolver) runPlanes(int) {
	p, n := &x.planes, x.args.Groups*x.planes.In
	in := x.args.X[x.image*n*p.size:]
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		p.copyPlane(x.f, x.memory[i*p.plane:][:p.plane], in[i*p.size:][:p.size], byte(x.args.ZeroX))
	}
}

func (x *convolver) runBlocks(slot int) {
	s, n := &x.slots[slot], x.args.Groups*x.blocks*x.split
	s.b = grown(s.b, x.panelBytes())
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		x.runBlock(s, i/x.split/x.blocks, i/x.split%x.blocks, i%x.split)
	}
}

// runBlock computes a part of the channels of a group at a block of positions.
func (x *convolver) runBlock(s *convSlot, group, block, part int) {
	p, w := &x.planes, x.args.Weights
	src := x.src[group*p.In*p.plane:]
	all := strips(w.out)
	x.finishing(s)
	for j := block * x.block; j < min((block+1)*x.block, x.panels); j++ {
		from := j * panelColumns
		x.packPanel(s, src, from, min(panelColumns, p.positions-from))
		x.beginPanel(s)
		for i := part * all / x.split; i < (part+1)*all/x.split; i++ {
			row, end := i*w.out/all, (i+1)*w.out/all
			x.sum(s, group*w.out+row, end-row)
			x.store(s, group*w.out+row, end-row, from)
		}
	}
}

// beginPanel fills in what all tiles of the panel of a slot have in common.
func (x *convolver) beginPanel(s *convSlot) {
	w := x.args.Weights
	if x.unit == 2 {
		s.tile = tile{aRow: w.stride, cRow: panelColumns, pairs: w.stride / 2}
		return
	}
	s.quad = quadTile{b: s.b, c: s.c[:], start: s.start[:], aRow: w.stride, cRow: panelColumns, quads: w.stride / 4}
	if !w.uniform {
		s.quad.start, s.quad.startRow = s.c[:], panelColumns
	}
}

// sum computes the sums of rows from one on with the panel of a slot.
func (x *convolver) sum(s *convSlot, row, rows int) {
	w := x.args.Weights
	if x.unit == 2 {
		half := len(s.b) / 2
		t := &s.tile
		t.a, t.rows = w.wide[row*w.stride:], rows
		t.b, t.c = s.b[:half], s.c[:]
		x.f.tile(t)
		t.b, t.c = s.b[half:], s.c[panelWidth:]
		x.f.tile(t)
		return
	}
	if !w.uniform {
		for i := range rows {
			scaled(s.c[i*panelColumns:][:panelColumns], s.start[:], -w.zero[row+i])
		}
	}
	s.quad.a, s.quad.rows = w.bytes[row*w.stride:], rows
	multiplyQuads(&s.quad)
}

func scaled(dst, x []int32, factor int32) {
	for i, v := range x {
		dst[i] = v * factor
	}
}

// store makes results of a tile of sums: of channels from row on at positions from one on.
func (x *convolver) store(s *convSlot, row, rows, from int) {
	a, p := &x.args, &x.planes
	n := min(panelColumns, p.positions-from)
	at := (x.image*len(a.Weights.sums)+row)*p.positions + from
	if a.Sums != nil {
		for i := range rows {
			to, add := a.Sums[at+i*p.positions:][:n], x.add[row+i]
			for j, sum := range s.c[i*panelColumns:][:n] {
				to[j] = sum + add
			}
		}
		return
	}
	f := &s.finish
	f.c, f.add, f.scale, f.bias = s.c[:], x.add[row:], x.scale[row:], x.bias[row:]
	x.finishTile(s, rows, n, at, p.positions)
}

// finishTile finishes rows of sums, of each of which n are kept: the result has element at on, and each row so many elements behind the one before.
func (x *convolver) finishTile(s *convSlot, rows, n, at, row int) {
	a, f := &x.args, &s.finish
	f.rows, f.row = rows, row
	if n < panelColumns {
		f.row = panelColumns
	}
	switch {
	case a.Bytes != nil && n == panelColumns:
		f.bytes = a.Bytes[at:]
		x.finish(f)
	case a.Bytes != nil:
		f.bytes = s.edge.bytes[:]
		x.finish(f)
		for i := range rows {
			copy(a.Bytes[at+i*row:][:n], f.bytes[i*panelColumns:])
		}
	case n == panelColumns:
		f.floats = a.Float[at:]
		x.finish(f)
	default:
		f.floats = s.edge.floats[:]
		x.finish(f)
		for i := range rows {
			copy(a.Float[at+i*row:][:n], f.floats[i*panelColumns:])
		}
	}
}

// finishing begins that of a slot with all that is the same for all channels.
func (x *convolver) finishing(s *convSlot) *finishing {
	f := &x.args.Finish
	s.finish = finishing{low: f.Low, high: f.High, step: f.Step, limits: newLimits(f.Zero, f.Signed)}
	return &s.finish
}

func (a *ConvArgs) check(p *planes) {
	w := a.Weights
	channels := a.Groups * a.Out
	size := a.Batch * channels * p.positions
	if len(a.Axes) < 1 || len(a.Axes) > conv.MaxAxes || len(a.X) < a.Batch*a.Groups*p.In*p.size || w.groups != a.Groups || w.out != a.Out || w.depth != p.depth {
		panic(fmt.Sprintf("BUG: convolution of %d bytes with weights %d, %d, %d and shape %+v", len(a.X), w.groups, w.out, w.depth, a.Shape))
	}
	if a.Sums != nil && len(a.Sums) < size || a.Float != nil && len(a.Float) < size || a.Bytes != nil && len(a.Bytes) < size {
		panic(fmt.Sprintf("BUG: too little memory for a convolution of shape %+v", a.Shape))
	}
	if a.Offset != nil && len(a.Offset) != channels {
		panic(fmt.Sprintf("BUG: %d summands for %d channels", len(a.Offset), channels))
	}
	if f := &a.Finish; a.Sums == nil && (len(f.Scale) != 1 && len(f.Scale) != channels || f.Bias != nil && len(f.Bias) != channels) {
		panic(fmt.Sprintf("BUG: %d scales and %d summands for %d channels", len(f.Scale), len(f.Bias), channels))
	}
}
