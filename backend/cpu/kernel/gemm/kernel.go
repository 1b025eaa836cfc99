package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// maxDepth is the greatest depth (k) of one call of a kernel.
const maxDepth = 512

// A tile is one call of a micro kernel: C[rows, cols] = scale · A[rows, k] · B[k, cols] + bias[cols], or += with accumulate.
// All strides are in elements. The assembly knows the offsets of the fields.
type tile struct {
	a          []float32 // element (i, p) at i*aRow + p*aStep; one of the strides is 1
	b          []float32 // element (p, j) at p*bStep + j, for all columns of a panel
	c          []float32 // element (i, j) at i*cRow + j
	aRow       int
	aStep      int
	bStep      int
	cRow       int
	k          int
	rows, cols int // 1 … MR, 1 … NR of the kernel; columns of the last panel, if there are several
	scale      float32
	accumulate uint32 // 0 or 1
	four       [4]float32
	bias       []float32        // nil for none
	next       []float32        // what a later call needs of B, to be fetched meanwhile
	nextStep   int              // bytes to fetch every four steps of k; at most 256
	narrow     []uint16         // b, for kernels that read a 16-bit format
	small      []byte           // b, for kernels that read integers: rows as wide as the kernel
	scales     []float32        // of integers, as wide as the kernel: a row for each group
	zeros      []float32        // the same for zero points; nil: they are 0
	group      int              // rows of b that have a row of scales in common
	panels     int              // side by side, 1 … Panels of the kernel
	panelStep  int              // from one to the next
	rounded    []byte           // a, for kernels that read it rounded: see rounding.go
	roundedRow int              // bytes between the rows of rounded
	strips     int              // tiles one below the other, each of as many rows; 1 but for kernels with Strips
	aSkip      int              // bytes of A from one to the next
	cSkip      int              // bytes of C from one to the next
	aAt, cAt   int              // bytes that the kernel has gone on by; 0 when it is called
	columns    [dotCols]float32 // scratch of dotTile
	sums       [32]int32        // scratch of eachGroup
	shifted    bool             // groups of quads have zero points
}

// Kernel is a micro kernel: how it is called, what it needs and how good it is.
type Kernel struct {
	Name    string
	Level   level.Level // the least level that can run it
	MR, NR  int         // greatest tile; a kernel that reads panels wants them to be as wide as NR, or a multiple
	Quality int         // multiply-adds a cycle, about; the best kernel that a level can run is chosen
	Least   int         // chosen only for products of at least so many rows
	Small   int         // and of at most so many; 0 means any number
	Whole   bool        // chosen only where all tiles are of NR columns
	B       Form        // how it reads B
	Strips  bool        // takes several strips of MR rows in one call
	Panels  int         // of B that it multiplies one row of A by in one call; 0: one

	fn func(*tile)
}

// Form is how a kernel reads B.
type Form uint8

const (
	// Panels: packed, or in place if the columns lie side by side; a tile of at most MR by NR at a time.
	Panels Form = iota
	// Rows: in place, the columns side by side; blocks of any width, all of k, and no scale.
	Rows
	// Columns: in place, transposed; blocks of any width and all of k, A not transposed.
	Columns
	// Halves: as packed Panels, of float16, A not transposed.
	Halves
	// Brains: as packed Panels, of bfloat16, A not transposed.
	Brains
	// Bytes: as packed Panels just as wide as the kernel, of integers of 8 bits, A not transposed.
	Bytes
	// Nibbles: as Bytes, of 4 bits.
	Nibbles
	// ByteQuads: as packed Panels just as wide as the kernel, of integers of 8 bits that multiply integers; A is rounded.
	ByteQuads
	// NibbleQuads: as ByteQuads, of 4 bits.
	NibbleQuads
)

// inPanels tells the forms that are read panel by panel.
func (f Form) inPanels() bool { return f != Rows && f != Columns }

// String says it in a word.
func (f Form) String() string {
	return [...]string{Panels: "panels", Rows: "rows", Columns: "columns", Halves: "panels of float16", Brains: "panels of bfloat16",
		Bytes: "panels of int8", Nibbles: "panels of int4",
		ByteQuads: "panels of int8 for a rounded A", NibbleQuads: "panels of int4 for a rounded A"}[f]
}

// Kernels is the table of all micro kernels of this build.
var Kernels = append([]Kernel{
	{Name: "portable-2x4", Level: level.Portable, MR: 6, NR: 16, Quality: 1, fn: portableTile},
	{Name: "portable-axpy", Level: level.Portable, MR: 6, NR: 1 << 30, Quality: 1, Small: 4, B: Rows, fn: portableAxpyTile},
	{Name: "portable-1x16-quads8", Level: level.Portable, MR: 6, NR: 16, Quality: 1, B: ByteQuads, fn: portableByteQuads},
	{Name: "portable-1x16-quads4", Level: level.Portable, MR: 6, NR: 16, Quality: 1, B: NibbleQuads, fn: portableNibbleQuads},
	{Name: "portable-1x32-quads8", Level: level.Portable, MR: 6, NR: 32, Quality: 1, B: ByteQuads, fn: portableByteQuads},
	{Name: "portable-1x32-quads4", Level: level.Portable, MR: 6, NR: 32, Quality: 1, B: NibbleQuads, fn: portableNibbleQuads},
	{Name: "portable-dot", Level: level.Portable, MR: 6, NR: 1 << 30, Quality: 1, Small: 8, B: Columns, fn: portableDotTile},
}, nativeKernels...)

// Query is what a kernel is chosen for.
type Query struct {
	M, N, K int
	Level   level.Level
	Form    Form // how B can be read
	Width   int  // of the panels, if B is packed already; else 0
}

// Takes reports whether the kernel can compute such a product, well or not.
func (k *Kernel) Takes(q Query) bool {
	return k.Level <= q.Level && (k.B == q.Form || k.B == Panels && q.Form < ByteQuads) && q.Width%k.NR == 0 && (k.B < Bytes || q.Width == k.NR)
}

// suits reports whether the kernel is meant for such a product.
func (k *Kernel) suits(q Query) bool {
	return k.B == q.Form && q.M >= k.Least && (k.Small == 0 || q.M <= k.Small) && (!k.Whole || q.N%k.NR == 0)
}

// Candidates lists the kernels that can compute a product.
func Candidates(q Query) []*Kernel {
	var list []*Kernel
	for i := range Kernels {
		if k := &Kernels[i]; k.Takes(q) {
			list = append(list, k)
		}
	}
	return list
}

// Choose is the kernel for a product: of those that can compute it, read B in the form that it has and are meant for so many rows, the one with
// the highest quality. When none is meant for so many rows it is one that reads panels.
func Choose(q Query) *Kernel {
	var best *Kernel
	for i := range Kernels {
		k := &Kernels[i]
		if k.Takes(q) && k.suits(q) && (best == nil || k.Quality > best.Quality) {
			best = k
		}
	}
	switch {
	case best != nil:
		return best
	case q.Form == Panels:
		panic(fmt.Sprintf("BUG: no matrix kernel for %+v", q))
	}
	q.Form = Panels
	return Choose(q)
}
