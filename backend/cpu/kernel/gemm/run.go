package gemm

import (
	"fmt"
	"sync/atomic"

	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/pool"
)

// Ctx is what a product runs with: worker threads, processor level, and scratch memory that grows to what is needed and
// is then kept. One product at a time may use it.
type Ctx struct {
	pool  *pool.Pool
	level level.Level
	slots []slot

	// The call in progress; next counts what the slots have taken of it.
	prod   product
	shared Packed // B of prod, if it has to be packed
	buffer []float32
	args   Args
	batch  Batch
	group  []product

	groupBlocks int // blocks of all products of group
	streams     int // see streamed

	next    atomic.Int64
	byBlock func(slot int)
	byGroup func(slot int)
	byPanel func(slot int)
	byItem  func(slot int)
	byRow   func(slot int)

	rounded     roundedMatrix // A of the product that was last prepared, if it is rounded
	records     []byte
	recordsUsed int
}

// A slot is the memory of one of the threads that work on a product.
type slot struct {
	tile   tile
	prod   product
	packed Packed
	buffer []float32
	wide   []float32 // a panel of a 16-bit format
	row    []float32 // of a transposed A that is rounded
	bytes  []byte    // what A is rounded to by a thread that computes a whole product
	_      [64]byte
}

// NewCtx makes a context for products on p, or on the caller alone if p is nil, with the kernels of level l.
func NewCtx(p *pool.Pool, l level.Level) *Ctx {
	x := &Ctx{pool: p, level: min(l, level.Highest()), slots: make([]slot, p.Threads())}
	x.byBlock, x.byGroup, x.byPanel, x.byItem, x.byRow = x.runBlocks, x.runGroup, x.packPanels, x.runItems, x.roundRows
	return x
}

// Run computes C `[m, N]` = A `[m, K]` · B with epilogue epi, which may be nil. Element (i, p) of A is a[i*lda+p], element (i, j)
// of C is c[i*ldc+j]. C may share memory with no other operand. Slices that are too short are a programmer's bug.
func Run(x *Ctx, m int, a []float32, lda int, b *Packed, c []float32, ldc int, epi *Epilogue) {
	MatMul(x, Args{M: m, N: b.n, K: b.k, A: a, LDA: lda, Packed: b, C: c, LDC: ldc, Epilogue: epi})
}

// Args are the operands of a product.
type Args struct {
	M, N, K  int
	A        []float32 // element (i, p) at i*LDA+p, or p*LDA+i if TransA
	LDA      int
	TransA   bool
	Packed   *Packed   // B, if packed; B is then ignored
	B        []float32 // element (p, j) at p*LDB+j, or j*LDB+p if TransB
	LDB      int
	TransB   bool
	C        []float32 // element (i, j) at i*LDC+j
	LDC      int
	Epilogue *Epilogue // or nil
	Kernel   *Kernel   // nil: the one that Choose finds; to be compared with others, one of Candidates
}

// MatMul computes C = A·B with the epilogue. An unpacked B is read in place or packed into the scratch of x, whichever is
// faster.
func MatMul(x *Ctx, args Args) {
	defer x.unround()
	x.matMul(args)
}

func (x *Ctx) matMul(args Args) {
	args.check()
	if args.M == 0 || args.N == 0 {
		return
	}
	p := &x.prod
	args.resolve(p, x.level)
	if args.Packed == nil {
		x.args = args
		x.buffer = p.prepare(&args, &x.shared, x.buffer)
		x.spread(x.shared.panels(), args.K*x.shared.n*packWork, x.byPanel)
	}
	if args.rounds() {
		p.rounded = x.round(&args)
	}
	p.divide(x.pool.Threads(), 1)
	x.spread(p.blocks, workOf(args.M, args.N, args.K), x.byBlock)
	*p, x.args = product{}, Args{}
}

// spread calls f on as many threads as n pieces of work and the amount of work justify.
func (x *Ctx) spread(n, work int, f func(slot int)) {
	if n == 0 {
		return
	}
	x.next.Store(0)
	if n == 1 || work < forkWork {
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

// streamed is piece i of n in an order in which threads that take one after another in turn go through a part of the pieces each, from its beginning to its end:
// memory that is read once is read fastest so.
func streamed(i, n, threads int) int {
	part := i % threads
	return part*(n/threads) + min(part, n%threads) + i/threads
}

func (x *Ctx) runBlocks(s int) {
	p, threads := &x.prod, 1
	if p.mBlocks == 1 {
		threads = x.pool.Threads()
	}
	for i, ok := x.take(p.blocks); ok; i, ok = x.take(p.blocks) {
		p.block(streamed(i, p.blocks, threads), &x.slots[s].tile, &x.slots[s].wide)
	}
}

func (x *Ctx) packPanels(int) {
	n := x.shared.panels()
	for j, ok := x.take(n); ok; j, ok = x.take(n) {
		x.shared.fill(x.prod.unpacked(&x.args), x.args.LDB, x.args.TransB, j)
	}
}

// resolve fills p but for B, unless B is packed, and the division into blocks.
func (args *Args) resolve(p *product, l level.Level) {
	*p = product{k: args.K, a: args.A, aRow: args.LDA, aStep: 1, c: args.C, ldc: args.LDC, epi: args.Epilogue}
	if args.TransA {
		p.aRow, p.aStep = 1, args.LDA
	}
	p.b.packed = args.Packed
	q := args.Query(l)
	p.depth = layoutOf(l).depthOf(args.K)
	if args.Packed != nil {
		p.depth = args.Packed.depth
	}
	if p.kernel, p.level = args.Kernel, l; p.kernel == nil {
		p.kernel = Choose(q)
	} else if !p.kernel.Takes(q) {
		panic(fmt.Sprintf("BUG: kernel %s cannot compute %+v", p.kernel.Name, q))
	}
	p.grid = grid{args.M, args.N, p.kernel.MR, p.kernel.NR}
	if !p.kernel.B.inPanels() {
		p.nr = 16 // what blocks are divided by
	}
}

// Query is what the kernel for a product at level l is chosen for.
func (args *Args) Query(l level.Level) Query {
	q := Query{M: args.M, N: args.N, K: args.K, Level: l, Form: args.form()}
	if args.Packed != nil {
		q.Width = args.Packed.layout.width
	}
	return q
}

// A B of at most so many columns, which are whole panels, and at least so many rows is read in panels where it lies even for few rows of A: sums of a
// panel stay in registers for all of k, which is worth more there than to read each row of B in one go.
const (
	narrowCols  = 128
	narrowDepth = 32
)

// form is the form in which B may be read.
func (args *Args) form() Form {
	switch {
	case args.K == 0:
	case args.rounds():
		return args.Packed.format.quads()
	case args.Packed != nil:
		if !args.TransA {
			return args.Packed.format.form()
		}
	case args.TransB && !args.TransA:
		return Columns
	case !args.TransB && args.Epilogue.scale() == 1 && (args.N > narrowCols || args.N%32 != 0 || args.K < narrowDepth):
		return Rows
	}
	return Panels
}

// prepare sets B up when it is not packed: it makes packed an unfilled matrix, in buffer, for all panels that the kernel does not read in place.
// It returns the buffer, which it may have replaced.
func (p *product) prepare(args *Args, packed *Packed, buffer []float32) []float32 {
	n := args.N
	p.b = operand{packed: packed}
	if p.kernel.B != Panels {
		p.b.data, p.b.ld, n = args.B, args.LDB, 0
	} else if readInPlace(args.M, args.LDB, args.TransB) {
		p.b.data, p.b.ld, p.b.whole = args.B, args.LDB, n/p.nr
		n %= p.nr
	}
	form := layout{p.nr, p.depth}
	need := form.len(args.K, n)
	if len(buffer) < need {
		buffer = make([]float32, need)
	}
	packed.reset(args.K, n, form, buffer[:need])
	return buffer
}

// unpacked is the part of B that goes into packed.
func (p *product) unpacked(args *Args) []float32 {
	return args.B[min(p.b.whole*p.nr, len(args.B)):]
}

func (args *Args) check() {
	if args.M < 0 || args.N < 0 || args.K < 0 {
		panic(fmt.Sprintf("BUG: product of %d by %d by %d", args.M, args.K, args.N))
	}
	checkMatrix("A", args.A, args.M, args.K, args.LDA, args.TransA)
	checkMatrix("C", args.C, args.M, args.N, args.LDC, false)
	if b := args.Packed; b == nil {
		checkMatrix("B", args.B, args.K, args.N, args.LDB, args.TransB)
	} else if b.k != args.K || b.n != args.N {
		panic(fmt.Sprintf("BUG: packed B is %d by %d, want %d by %d", b.k, b.n, args.K, args.N))
	}
	args.Epilogue.check(args.M, args.N)
}
