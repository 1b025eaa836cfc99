package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/tensor"
)

// Packed is a matrix B `[K, N]` in the order in which kernels read it: blocks of rows; in a block, panels of 16 or 32
// columns; in a panel, row after row. The last panel is filled up with zeros. It is read-only and may be shared.
type Packed struct {
	k, n   int
	layout layout
	depth  int // rows of a block, but for the last
	format Format
	data   []float32
	narrow []uint16 // in place of data, in a 16-bit format

	small         []byte    // in place of data: integers, in panels as the numbers would be; see [Integers.packPanel]
	scales, zeros []float32 // of the integers; zeros is nil where all are 0
	group         int       // rows that have scales in common; k or 1 at least: all
	quads         bool      // for a rounded A: see packQuads
	shifted       bool      // quads have zero points
}

// layout is the size of panels.
type layout struct {
	width int // columns
	depth int // greatest number of rows
}

// layoutOf is what the kernels of a level read best.
func layoutOf(l level.Level) layout {
	if l >= level.AVX512 {
		return layout{32, maxDepth}
	}
	return layout{16, 320}
}

// PackB packs B `[k, n]`, of which element (p, j) is b[p*ldb+j], or, if transB, b[j*ldb+p], for the current level. Kernels of other levels can
// read it too.
func PackB(b []float32, k, n, ldb int, transB bool) *Packed {
	l, _ := level.Current() // an error is reported by those that make programs
	return packFor(l, b, k, n, ldb, transB)
}

// PackBAs is PackB with the elements rounded to a format, in memory of m. A matrix with elements that are finite, but not in that format, stays as it is.
func PackBAs(f Format, b []float32, k, n, ldb int, transB bool, m *Memory) *Packed {
	return BeginPacking(f, b, k, n, ldb, transB, m).all()
}

func packFor(l level.Level, b []float32, k, n, ldb int, transB bool) *Packed {
	return packAs(l, Float32, b, k, n, ldb, transB)
}

// packAs is packFor in a format that is not of integers.
func packAs(l level.Level, f Format, b []float32, k, n, ldb int, transB bool) *Packed {
	return beginPacking(l, f, b, k, n, ldb, transB, nil).all()
}

// Pack makes p what [PackB] returns, for the kernels of x and in the memory that p has, if that is enough; the caller does it alone.
func (x *Ctx) Pack(p *Packed, b []float32, k, n, ldb int, transB bool) {
	p.pack(x.level, b, k, n, ldb, transB)
}

func (p *Packed) pack(l level.Level, b []float32, k, n, ldb int, transB bool) {
	checkMatrix("B", b, k, n, ldb, transB)
	form, data := layoutOf(l), p.data
	need := form.len(k, n)
	if cap(data) < need {
		data = tensor.Data[float32](tensor.New(tensor.Float32, need))
	}
	p.reset(k, n, form, data[:need])
	q := packingOf(p, b, ldb, transB)
	q.all()
}

// K is the number of rows.
func (p *Packed) K() int { return p.k }

// N is the number of columns.
func (p *Packed) N() int { return p.n }

// Bytes is the memory that the elements take, and the scales of integers.
func (p *Packed) Bytes() int {
	return 4*len(p.data) + 2*len(p.narrow) + len(p.small) + 4*len(p.scales) + 4*len(p.zeros)
}

// Rounds tells whether products round A, as [Integers] may permit.
func (p *Packed) Rounds() bool { return p.quads }

// Format is that of the elements.
func (p *Packed) Format() Format { return p.format }

// panels is how many cover n columns.
func (f layout) panels(n int) int { return count(n, f.width) }

func (p *Packed) panels() int { return p.layout.panels(p.n) }

// len is the number of elements of a packed matrix.
func (f layout) len(k, n int) int { return k * f.panels(n) * f.width }

// depthOf divides k into equal blocks of at most f.depth, and multiples of 8 so that their panels begin on cache lines.
func (f layout) depthOf(k int) int {
	blocks := max(1, count(k, f.depth))
	return max(8, min(f.depth, (count(k, blocks)+7)/8*8))
}

// reset makes p an unfilled matrix over data, which has f.len(k, n) elements.
func (p *Packed) reset(k, n int, f layout, data []float32) {
	*p = Packed{k: k, n: n, layout: f, depth: f.depthOf(k), data: data}
}

// panel is rows [k0, k0+kc), a block, of panel j.
func (p *Packed) panel(k0, kc, j int) []float32 {
	return p.data[(k0*p.layout.panels(p.n)+j*kc)*p.layout.width:][:kc*p.layout.width]
}

// fill packs panel j of every block.
func (p *Packed) fill(b []float32, ldb int, transB bool, j int) {
	width := p.layout.width
	j0 := j * width
	cols := min(width, p.n-j0)
	for k0 := 0; k0 < p.k; k0 += p.depth {
		kc := min(p.depth, p.k-k0)
		packPanel(p.panel(k0, kc, j), b, k0, kc, j0, cols, width, ldb, transB)
	}
}

// packPanel copies rows [k0, k0+kc) and columns [j0, j0+cols) of B.
func packPanel(dst, b []float32, k0, kc, j0, cols, width, ldb int, transB bool) {
	if transB {
		packColumns(dst, b[j0*ldb+k0:], kc, cols, width, ldb)
	} else {
		packRows(dst, b[k0*ldb+j0:], kc, cols, width, ldb)
	}
}

// packRows copies kc rows of cols elements, which lie ldb apart.
func packRows(dst, b []float32, kc, cols, width, ldb int) {
	for p := range kc {
		row, src := dst[p*width:][:width], b[p*ldb:][:cols]
		clear(row[copy(row, src):])
	}
}

// packColumns transposes cols rows of kc elements, which lie ldb apart.
func packColumns(dst, b []float32, kc, cols, width, ldb int) {
	if cols < width {
		clear(dst)
	}
	move.Transpose(dst, width, b, ldb, kc, cols)
}

// checkMatrix makes sure that a matrix of rows by cols with the given stride lies in s.
func checkMatrix(name string, s []float32, rows, cols, ld int, trans bool) {
	r, c := rows, cols
	if trans {
		r, c = cols, rows
	}
	switch {
	case rows < 0 || cols < 0:
		panic(fmt.Sprintf("BUG: matrix %s is %d by %d", name, rows, cols))
	case r == 0 || c == 0:
	case r > 1 && ld < c:
		panic(fmt.Sprintf("BUG: matrix %s: rows of %d elements are %d apart", name, c, ld))
	case (r-1)*ld+c > len(s):
		panic(fmt.Sprintf("BUG: matrix %s: %d by %d with stride %d needs %d elements, the slice has %d", name, r, c, ld, (r-1)*ld+c, len(s)))
	}
}
