package recurrent

import (
	"github.com/gocompile/gocompile/backend/cpu/kernel/gemm"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// Products with W that are made at once, so that they stay in the second cache beside R.
const chunkFloats = 1 << 17

// Ctx is what an operator runs with: threads, and memory that grows to what is needed and is then kept. One operator at a time may use it.
type Ctx struct {
	pool    *pool.Pool
	gemm    *gemm.Ctx
	dynamic [2]*Layer
	alone   [2]*gemm.Ctx // of one thread, one a direction; nil before the first use

	// The call in progress.
	args Args
	dirs [2]direction
	sequences
	tiles []paddedTile

	side  func(direction int)
	share func(member, size int, b *pool.Barrier)
}

// NewCtx makes a context for p, which may be nil, and the products of g.
func NewCtx(p *pool.Pool, g *gemm.Ctx) *Ctx {
	x := &Ctx{pool: p, gemm: g, dynamic: [2]*Layer{new(Layer), new(Layer)}, tiles: make([]paddedTile, max(2, p.Threads()))}
	x.side, x.share = x.runSide, x.runShare
	return x
}

// Dynamic is layers of the context, one or two, for weights that change from run to run.
func (x *Ctx) Dynamic(dirs int) []*Layer { return x.dynamic[:dirs] }

// Run computes all results.
func Run(x *Ctx, args Args) {
	args.check()
	x.args = args
	a := &x.args
	x.prepare(a)
	for d := range a.Layers {
		x.begin(d)
	}
	if len(x.active) > 0 {
		switch by, members := x.divide(); by {
		case caller:
			for d := range a.Layers {
				x.runSide(d)
			}
		case directions:
			for d, l := range a.Layers {
				if x.alone[d] == nil {
					x.alone[d] = gemm.NewCtx(nil, l.level)
				}
				x.dirs[d].gemm = x.alone[d]
			}
			x.pool.Run(len(a.Layers), x.side)
		default:
			for t0 := 0; t0 < len(x.active); t0 = x.dirs[0].t1 {
				for d := range a.Layers {
					x.project(d, t0)
				}
				x.pool.Team(members, x.share)
			}
		}
	}
	x.args = Args{}
	for d := range x.dirs {
		x.dirs[d].forget()
	}
}

// runSide computes all steps of a direction.
func (x *Ctx) runSide(d int) {
	dir, tile := &x.dirs[d], &x.tiles[d]
	for t0 := 0; t0 < len(x.active); t0 = dir.t1 {
		x.project(d, t0)
		for t := t0; t < dir.t1; t++ {
			if dir.layer.kernel == nil {
				x.generalStep(d, t)
			} else {
				x.step(tile, d, t, 0, dir.layer.panels())
			}
		}
	}
	tile.tile = emptyTile
}

// runShare is what each member of a team does: all steps of the chunk for its share of the hidden units of all directions.
func (x *Ctx) runShare(member, size int, b *pool.Barrier) {
	tile := &x.tiles[member]
	dirs, panels := len(x.args.Layers), x.args.Layers[0].panels()
	lo, hi := member*panels*dirs/size, (member+1)*panels*dirs/size
	for t := x.dirs[0].t0; t < x.dirs[0].t1; t++ {
		for d := range dirs {
			x.step(tile, d, t, max(0, lo-d*panels), min(panels, hi-d*panels))
		}
		b.Wait()
	}
	tile.tile = emptyTile
}
