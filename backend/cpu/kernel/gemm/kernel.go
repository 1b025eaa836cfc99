package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

const (
	panelWidth = 16  // columns of a panel of B; the NR of every kernel
	stripRows  = 6   // greatest number of rows of a strip of A; the MR of every kernel
	maxDepth   = 320 // greatest depth (k) of one call of a kernel
)

// A tile is one call of a micro kernel: C[rows, cols] = scale · A[rows, k] · B[k, 16], or += with accumulate.
// All strides are in elements. The assembly knows the offsets of the fields.
type tile struct {
	a          []float32 // element (i, p) at i*aRow + p*aStep; one of the strides is 1
	b          []float32 // element (p, j) at p*bStep + j, for all 16 columns
	c          []float32 // element (i, j) at i*cRow + j
	aRow       int
	aStep      int
	bStep      int
	cRow       int
	k          int
	rows, cols int // 1 … 6, 1 … 16
	scale      float32
	accumulate uint32 // 0 or 1
	four       [4]float32
}

// Kernel is a micro kernel: how it is called, what it needs and how good it is.
type Kernel struct {
	Name    string
	Level   level.Level // the least level that can run it
	MR, NR  int         // greatest tile
	Quality int         // multiply-adds a cycle, about; the best kernel that a level can run is chosen
	Small   int         // chosen only for products of at most so many rows; 0 means any number
	B       Form        // how it reads B

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
)

// Kernels is the table of all micro kernels of this build.
var Kernels = append([]Kernel{
	{Name: "portable-2x4", Level: level.Portable, MR: stripRows, NR: panelWidth, Quality: 1, fn: portableTile},
	{Name: "portable-axpy", Level: level.Portable, MR: stripRows, NR: 1 << 30, Quality: 1, Small: 4, B: Rows, fn: portableAxpyTile},
	{Name: "portable-dot", Level: level.Portable, MR: stripRows, NR: 1 << 30, Quality: 1, Small: 8, B: Columns, fn: portableDotTile},
}, nativeKernels...)

// Choose is the kernel for a product of m by k by n at level l whose B can be read in the given form: of those that l can
// run and that take m rows, the one with the highest quality. When none is meant for so many rows it is one that reads panels.
func Choose(m, n, k int, l level.Level, form Form) *Kernel {
	var best *Kernel
	for i := range Kernels {
		c := &Kernels[i]
		if c.Level > l || c.B != form || c.Small != 0 && m > c.Small {
			continue
		}
		if best == nil || c.Quality > best.Quality {
			best = c
		}
	}
	if best != nil {
		return best
	}
	if form == Panels {
		panic(fmt.Sprintf("BUG: no matrix kernel for %d by %d by %d at level %s", m, k, n, l))
	}
	return Choose(m, n, k, l, Panels)
}
