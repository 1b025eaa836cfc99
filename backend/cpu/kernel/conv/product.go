package conv

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
)

const (
	productRows  = 56   // positions of a block at most
	productDepth = 32   // products in a sum from which a block pays
	productGain  = 0.97 // how full the vectors of strips may be, of those of products, for products to be faster
	nearby       = 256  // floats between the elements of a sum up to which they are read where they lie
)

// asProduct reports whether products of positions with packed weights fill their vectors better than strips of channels with panels of
// positions: in the former they are of channels, in the latter of positions.
func (x *Ctx) asProduct() bool {
	l, lanes := &x.layout, x.kernels.lanes
	if x.args.Weights == nil || l.depth < productDepth || l.Out < lanes {
		return false
	}
	inProduct := float64(l.Out) / float64(count(l.Out, lanes)*lanes)
	inStrips := float64(l.positions) / float64(count(l.positions, lanes)*lanes)
	return inStrips < productGain*inProduct
}

// product computes image after image, block after block: the rows of a product are positions, its columns output channels.
func (x *Ctx) product() {
	a, l := &x.args, &x.layout
	x.blocks = count(l.positions, productRows)
	x.block = count(l.positions, x.blocks)
	channels := l.Groups * l.In
	n := l.Groups * x.blocks
	for x.image = range a.Batch {
		if !l.inPlace {
			x.planes = grow(x.planes, channels*l.plane+x.kernels.panel())
			x.spread(channels, channels*l.plane*4, x.copyPlanes)
		}
		if n >= 2*len(x.slots) {
			x.spread(n, l.Groups*l.Out*l.positions*l.depth, x.multiplyBlocks)
			continue
		}
		for i := range n { // the threads share each product
			x.productOf(&x.slots[0], x.gemm, i/x.blocks, i%x.blocks)
		}
	}
}

func (x *Ctx) runProducts(slot int) {
	n, s := x.layout.Groups*x.blocks, &x.slots[slot]
	if s.gemm == nil {
		s.gemm = gemm.NewCtx(nil, x.level)
	}
	for i, ok := x.take(n); ok; i, ok = x.take(n) {
		x.productOf(s, s.gemm, i/x.blocks, i%x.blocks)
	}
}

// productOf computes a block of positions of a group on g.
func (x *Ctx) productOf(s *slot, g *gemm.Ctx, group, block int) {
	a, l := &x.args, &x.layout
	from := block * x.block
	n := min(x.block, l.positions-from)
	if n <= 0 {
		return
	}
	rows, step := x.rowsOf(s, group, from, n)
	s.product = grow(s.product, n*l.Out)
	s.epilogue = gemm.Epilogue{}
	if a.Bias != nil {
		s.epilogue.ColumnBias = a.Bias[group*l.Out:][:l.Out]
	}
	if a.Residual == nil {
		s.epilogue.Activation, s.epilogue.Alpha, s.epilogue.Beta = a.Activation, a.Alpha, a.Beta
	}
	gemm.MatMul(g, gemm.Args{M: n, N: l.Out, K: l.depth, A: rows, LDA: step, TransA: true, Packed: a.Weights.matrix(group), C: s.product, LDC: l.Out, Epilogue: &s.epilogue})
	s.epilogue = gemm.Epilogue{}
	at := (x.image*l.Groups+group)*l.Out*l.positions + from
	move.Transpose(a.Y[at:], l.positions, s.product, l.Out, l.Out, n)
	if a.Residual != nil {
		x.finishRows(s, at, l.Out, n)
	}
}

// rowsOf is what n positions of a group from one on meet: element k of position i is at k·step + i.
func (x *Ctx) rowsOf(s *slot, group, from, n int) (rows []float32, step int) {
	l, lanes := &x.layout, x.kernels.lanes
	src := x.planes
	if l.inPlace {
		src = x.args.X[x.image*l.Groups*l.In*l.plane:]
	}
	src = src[group*l.In*l.plane:]
	if l.inPlace && l.taps == 1 && l.plane <= nearby {
		return src[from : (l.depth-1)*l.plane+from+n], l.plane
	}
	step = (count(n, lanes) | 1) * lanes
	s.panels = grow(s.panels, l.depth*step+lanes)
	s.pieces = l.pieces(from, from+n, lanes, s.pieces[:0])
	s.gathering = gathering{dst: s.panels, src: src, offsets: l.offsets, pieces: s.pieces, width: step}
	x.kernels.gather(&s.gathering)
	s.gathering = gathering{}
	return s.panels, step
}

// count is the number of parts of the given size that cover n.
func count(n, size int) int { return (n + size - 1) / size }
