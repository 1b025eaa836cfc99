package quant

import (
	"fmt"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

const (
	blockStrips = 16      // strips of a block
	blockPanels = 8       // panels of a block, at most
	blockShare  = 4       // blocks a thread that are aimed at
	forkWork    = 1 << 18 // multiply-adds below which the caller does everything itself
)

// Ctx is what a product runs with: worker threads, processor level, and scratch memory that grows to what is needed and is then
// kept. One product at a time may use it.
type Ctx struct {
	pool  *pool.Pool
	level level.Level
	f     *functions
	slots []slot

	wide   []int16 // A, rows of an even number of elements
	sums   []int32 // of the rows of A
	bytes  []byte  // A for quads, rows of stride elements; maybe in byteBuffer
	stride int
	start  []int32 // what sums begin with, one a column
	own    bool    // they begin with what C holds instead
	zeroB  []int32 // of each column, less 128 if B is unsigned
	buffer []int8
	packed Packed

	byteBuffer []byte
	sum        []int32 // C, where it is requantised
	scale      []float32

	args    Args
	offset  bool // zeroB is not zero everywhere
	nc      int  // panels of a block
	blocks  int
	next    atomic.Int64
	byRow   func(slot int)
	byBlock func(slot int)

	conv *convolver // nil before the first convolution
}

// slot is the memory of one thread.
type slot struct {
	tile tile
	quad quadTile
	edge [stripRows * quadWidth]int32
	_    [64]byte
}

// NewCtx makes a context for products on p, or on the caller alone if p is nil, with the kernels of level l.
func NewCtx(p *pool.Pool, l level.Level) *Ctx {
	l = min(l, level.Highest())
	x := &Ctx{pool: p, level: l, f: at(l), slots: make([]slot, p.Threads())}
	x.byRow, x.byBlock = x.widenRows, x.runBlocks
	return x
}

// Level is the processor level that the context uses.
func (x *Ctx) Level() level.Level { return x.level }

// Args are the operands of a product, all dense.
type Args struct {
	M, N, K int
	A       []byte // `[M, K]`
	SignedA bool
	ZeroA   []int32 // one, or one a row; row i has ZeroA[i%len]; none: 0
	Packed  *Packed // B, if packed; B is then ignored
	B       []byte  // `[K, N]`
	SignedB bool
	ZeroB   []int32 // one, or one a column; none: 0
	C       []int32 // `[M, N]`; not needed with Out or Float

	// With Out the result is requantised: Out = saturate(round(C · Scale) + Zero).
	Out       []byte // `[M, N]`
	SignedOut bool
	Scale     []float32 // one, or one a column
	Zero      int32

	// With Float it is made numbers: Float = C · Scale + Bias.
	Float []float32 // `[M, N]`
	Bias  []float32 // one a column, or nil
}

// scaled reports whether C is only an intermediate result.
func (a *Args) scaled() bool { return a.Out != nil || a.Float != nil }

// MatMul computes C = (A − ZeroA) · (B − ZeroB). Sums are exact and wrap around in 32 bits.
func MatMul(x *Ctx, args Args) {
	args.check()
	if args.M == 0 || args.N == 0 {
		return
	}
	x.args = args
	a := &x.args
	if a.Packed == nil {
		x.packed.pack(a.B, a.K, a.N, !a.SignedB, x.level.VNNI(), x.buffer)
		a.Packed, x.buffer = &x.packed, x.packed.data[:cap(x.packed.data)]
	}
	if a.scaled() {
		x.sum = grown(x.sum, a.M*a.N)
		a.C = x.sum
		x.spreadScale()
	}
	x.offsets()
	if a.Packed.quads {
		x.quadRows()
	} else {
		x.wide = grown(x.wide, a.M*2*pairs(a.K))
		x.sums = grown(x.sums, a.M)
		x.spread(strips(a.M), a.M*a.K*8, x.byRow)
	}
	x.divide()
	x.spread(x.blocks, a.M*a.N*a.K, x.byBlock)
	x.args, x.bytes = Args{}, nil
}

func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// spreadScale makes the scale one a column.
func (x *Ctx) spreadScale() {
	a := &x.args
	if len(a.Scale) == a.N {
		return
	}
	x.scale = grown(x.scale, a.N)
	for j := range x.scale {
		x.scale[j] = a.Scale[0]
	}
	a.Scale = x.scale
}

// offsets makes the zero point of B one a column, for the signed bytes that are packed.
func (x *Ctx) offsets() {
	a := &x.args
	base := int32(0)
	if a.Packed.unsigned {
		base = -128
	}
	x.zeroB = grown(x.zeroB, panelsOf(a.N, quadWidth)*quadWidth)
	x.offset = false
	for j := range x.zeroB {
		z := base
		if len(a.ZeroB) > 0 && j < a.N {
			z += a.ZeroB[j%len(a.ZeroB)]
		}
		x.zeroB[j] = z
		x.offset = x.offset || z != 0 && j < a.N
	}
}

// divide decides how many blocks there are: strips by panels.
func (x *Ctx) divide() {
	a := &x.args
	s, p := strips(a.M), panelsOf(a.N, a.Packed.width())
	x.nc = min(blockPanels, p)
	threads := x.pool.Threads()
	for threads > 1 && x.nc > 1 && count(s, blockStrips)*count(p, x.nc) < blockShare*threads {
		x.nc = (x.nc + 1) / 2
	}
	x.blocks = count(s, blockStrips) * count(p, x.nc)
}

func strips(m int) int { return count(m, stripRows) }

func count(n, size int) int { return (n + size - 1) / size }

// spread calls f on as many threads as n pieces of work and the amount of work justify.
func (x *Ctx) spread(n, work int, f func(slot int)) {
	x.next.Store(0)
	if n <= 1 || work < forkWork {
		f(0)
		return
	}
	x.pool.Run(min(n, len(x.slots)), f)
}

func (x *Ctx) take(n int) (int, bool) {
	i := int(x.next.Add(1) - 1)
	return i, i < n
}

// widenRows widens A strip by strip, and sums its rows if that is needed.
func (x *Ctx) widenRows(int) {
	a := &x.args
	n := strips(a.M)
	width := 2 * pairs(a.K)
	for s, ok := x.take(n); ok; s, ok = x.take(n) {
		for i := s * stripRows; i < min(a.M, (s+1)*stripRows); i++ {
			zero := int16(0)
			if len(a.ZeroA) > 0 {
				zero = int16(a.ZeroA[i%len(a.ZeroA)])
			}
			row := x.wide[i*width:][:width]
			widen(x.f, row, a.A[i*a.K:][:a.K], a.SignedA, zero)
			if a.K < width {
				row[a.K] = 0
			}
			if x.offset {
				sum := int32(0)
				for _, v := range row {
					sum += int32(v)
				}
				x.sums[i] = sum
			}
		}
	}
}

func (x *Ctx) runBlocks(s int) {
	for i, ok := x.take(x.blocks); ok; i, ok = x.take(x.blocks) {
		x.block(i, &x.slots[s])
	}
}

// block computes one block of C.
func (x *Ctx) block(i int, sl *slot) {
	a := &x.args
	all, cols := strips(a.M), a.Packed.width()
	rows := count(all, blockStrips)
	s0, j0 := i%rows*blockStrips, i/rows*x.nc
	s1, j1 := min(s0+blockStrips, all), min(j0+x.nc, panelsOf(a.N, cols))
	for j := j0; j < j1; j++ {
		if a.Packed.quads {
			x.quadPanel(sl, s0, s1, j)
		} else {
			x.pairPanel(sl, s0, s1, j)
		}
	}
	if a.scaled() {
		x.finish(s0*a.M/all, s1*a.M/all, j0*cols, min(j1*cols, a.N))
	}
}

// pairPanel computes strips [s0, s1) of panel j.
func (x *Ctx) pairPanel(sl *slot, s0, s1, j int) {
	a := &x.args
	all := strips(a.M)
	t := &sl.tile
	width := 2 * pairs(a.K)
	*t = tile{aRow: width, pairs: width / 2}
	if x.offset {
		t.add = 1
	}
	t.b = a.Packed.panel(j)
	cols := min(panelWidth, a.N-j*panelWidth)
	for s := s0; s < s1; s++ {
		row := s * a.M / all
		t.rows = (s+1)*a.M/all - row
		t.a = x.wide[row*width:]
		c := a.C[row*a.N+j*panelWidth:]
		t.c, t.cRow = c, a.N
		if cols < panelWidth {
			t.c, t.cRow = sl.edge[:], panelWidth
		}
		if x.offset {
			x.begin(t, row, x.zeroB[j*panelWidth:][:panelWidth])
		}
		x.f.tile(t)
		if cols < panelWidth {
			for r := range t.rows {
				copy(c[r*a.N:][:cols], sl.edge[r*panelWidth:])
			}
		}
	}
}

// finish scales rows [r0, r1) and columns [c0, c1) of C.
func (x *Ctx) finish(r0, r1, c0, c1 int) {
	a := &x.args
	bias := a.Bias
	if bias != nil {
		bias = bias[c0:c1]
	}
	for r := r0; r < r1; r++ {
		from, to := r*a.N+c0, r*a.N+c1
		if a.Out != nil {
			Requantize(x.level, a.Out[from:to], a.C[from:to], a.Scale[c0:c1], a.Zero, a.SignedOut)
		} else {
			dequantizeSums(x.f, a.Float[from:to], a.C[from:to], a.Scale[c0:c1], bias)
		}
	}
}

// begin sets a tile to what the zero point of B takes off.
func (x *Ctx) begin(t *tile, row int, zero []int32) {
	for i := range t.rows {
		sum := x.sums[row+i]
		c := t.c[i*t.cRow:][:panelWidth]
		for j, z := range zero {
			c[j] = -sum * z
		}
	}
}

func (a *Args) check() {
	size := a.M * a.N
	if a.M < 0 || a.N < 0 || a.K < 0 || len(a.A) < a.M*a.K || !a.scaled() && len(a.C) < size || a.Out != nil && len(a.Out) < size || a.Float != nil && len(a.Float) < size {
		panic(fmt.Sprintf("BUG: product of %d by %d by %d with %d elements of A", a.M, a.K, a.N, len(a.A)))
	}
	if p := a.Packed; p != nil && (p.k != a.K || p.n != a.N) {
		panic(fmt.Sprintf("BUG: packed B is %d by %d, want %d by %d", p.k, p.n, a.K, a.N))
	}
	if n := len(a.ZeroB); n > 1 && n != a.N {
		panic(fmt.Sprintf("BUG: %d zero points for %d columns", n, a.N))
	}
	if a.Bias != nil && len(a.Bias) != a.N {
		panic(fmt.Sprintf("BUG: bias of %d for %d columns", len(a.Bias), a.N))
	}
	if n := len(a.Scale); a.scaled() && n != 1 && n != a.N {
		panic(fmt.Sprintf("BUG: %d scales for %d columns", n, a.N))
	}
}
