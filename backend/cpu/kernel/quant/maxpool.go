package quant

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/conv"
)

// maxima is maxima over a plane of bytes: element (r, i) of dst is the greatest of src at the distances of the elements of the kernel. The assembly
// knows the offsets of the fields.
type maxima struct {
	dst     []byte // element (r, i) at r·dstStep + i; up to 31 more elements of a row are written, before the next row
	src     []byte // element (r, i) at r·srcStep + i + a distance; as many more are read
	at      []int
	n, rows int
	dstStep int
	srcStep int
}

const maximaSlack = 32 // elements that may be read and written too much

func portableMaxima(m *maxima, signed bool) {
	flip := byte(0)
	if signed {
		flip = 0x80
	}
	for r := range m.rows {
		dst, src := m.dst[r*m.dstStep:][:m.n], m.src[r*m.srcStep:]
		copy(dst, src[m.at[0]:])
		for _, at := range m.at[1:] {
			for i, x := range src[at:][:m.n] {
				if x^flip > dst[i]^flip {
					dst[i] = x
				}
			}
		}
	}
}

// MaxPoolArgs are the operands of maxima of windows of X `[Planes, spatial…]`, to Y `[Planes, positions…]`.
type MaxPoolArgs struct {
	Planes int
	Axes   []conv.Axis
	X, Y   []byte
	Signed bool
}

// MaxPool computes Y. Padding counts as the least byte.
func MaxPool(ctx *Ctx, args MaxPoolArgs) {
	x := ctx.convolver()
	p := &x.planes
	p.resolve(conv.Shape{Batch: 1, Groups: args.Planes, In: 1, Out: 1, Axes: args.Axes})
	if len(args.X) < args.Planes*p.size || len(args.Y) < args.Planes*p.positions {
		panic(fmt.Sprintf("BUG: %d and %d bytes for maxima of %d planes of %+v", len(args.X), len(args.Y), args.Planes, args.Axes))
	}
	if args.Planes == 0 || p.positions == 0 {
		return
	}
	x.pool8 = args
	if p.isSparse(args.Planes*p.plane, args.Planes*(p.size+p.positions)) {
		x.scatteredMaxima()
	} else {
		p.offset()
		x.spread(args.Planes, args.Planes*p.positions*p.taps, x.maxPlanes)
	}
	x.pool8 = MaxPoolArgs{}
}

// runMaxima does planes until none is left.
func (x *convolver) runMaxima(slot int) {
	a, p, d := &x.pool8, &x.planes, &x.slots[slot].depth
	d.plane = grown(d.plane, p.plane+p.reach+maximaSlack)
	d.maxima = grown(d.maxima, p.positions+maximaSlack)
	least := byte(0)
	if a.Signed {
		least = 0x80
	}
	for i, ok := x.take(a.Planes); ok; i, ok = x.take(a.Planes) {
		in := a.X[i*p.size:][:p.size]
		if p.inPlace {
			copy(d.plane, in)
		} else {
			p.copyPlane(x.f, d.plane, in, least)
		}
		m := &d.pooling
		*m = maxima{at: p.offsets, n: p.line, dstStep: p.line}
		m.rows, m.srcStep = p.lines()
		for at := 0; at < p.positions; at += m.rows * m.n {
			m.dst, m.src = d.maxima[at:], d.plane[p.at(at):]
			x.f.maxima(m, a.Signed)
		}
		copy(a.Y[i*p.positions:], d.maxima[:p.positions])
		*m = maxima{}
	}
}

// scatteredMaxima is the textbook loop, for kernels whose elements lie far apart.
func (x *convolver) scatteredMaxima() {
	a, p := &x.pool8, &x.planes
	least, flip := byte(0), byte(0)
	if a.Signed {
		least, flip = 0x80, 0x80
	}
	for i := range a.Planes * p.positions {
		from, most := a.X[i/p.positions*p.size:], least
		for t := range p.taps {
			if at := p.axes.Meets(i%p.positions, t); at >= 0 && from[at]^flip > most^flip {
				most = from[at]
			}
		}
		a.Y[i] = most
	}
}
