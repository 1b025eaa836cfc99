package gemm

import (
	"fmt"
	"slices"

	"github.com/gocompile/gocompile/backend/cpu/kernel/move"
	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Packing is a matrix that is packed piece by piece: each once, in any order, by any number of goroutines at the same time.
type Packing struct {
	p      *Packed
	b      []float32
	ldb    int
	transB bool
	size   int // of a piece: panels if transB, else rows

	runs  []Lines // columns, if they are not all rows of B in their order
	lanes int     // columns of a run
	short bool    // a run has fewer
}

const (
	pieceSize = 1 << 18 // elements of B in a piece, about
	stripe    = 16      // rows of a panel that are packed at a time where B is not transposed
)

// BeginPacking is [PackBAs] but for the elements, which are packed piece by piece.
func BeginPacking(f Format, b []float32, k, n, ldb int, transB bool, m *Memory) *Packing {
	l, _ := level.Current() // an error is reported by those that make programs
	if !f.Holds(b) {
		f = Float32
	}
	return beginPacking(l, f, b, k, n, ldb, transB, m)
}

func beginPacking(l level.Level, f Format, b []float32, k, n, ldb int, transB bool, m *Memory) *Packing {
	checkMatrix("B", b, k, n, ldb, transB)
	q := packingOf(newPacked(l, f, k, n, m), b, ldb, transB)
	return &q
}

// newPacked is a matrix of zeros, in memory of m.
func newPacked(l level.Level, f Format, k, n int, m *Memory) *Packed {
	form, p := layoutOf(l), new(Packed)
	p.reset(k, n, form, nil)
	size := form.len(k, n)
	if p.format = f; f == Float32 {
		p.data = m.Floats(size)
	} else {
		p.narrow = m.Halves(size)
	}
	return p
}

func packingOf(p *Packed, b []float32, ldb int, transB bool) Packing {
	line := max(1, ldb)
	if transB {
		return Packing{p: p, b: b, ldb: ldb, transB: true, size: max(1, pieceSize/(line*p.layout.width))}
	}
	return Packing{p: p, b: b, ldb: ldb, size: max(1, pieceSize/(line*stripe)) * stripe}
}

// Lines are Count rows of a matrix from one on.
type Lines struct{ First, Count int }

// PackLines packs B `[k, lanes·len(runs)]`, of which the columns from lanes·i on are rows of b, `[rows, k]`: those of run i, at most lanes, and then zeros. Lanes
// must divide 16. Elements are rounded to a format, as [PackBAs] does. It lies in memory of m.
func PackLines(f Format, b []float32, k int, runs []Lines, lanes int, m *Memory) *Packed {
	for _, r := range runs {
		if 16%lanes != 0 || r.First < 0 || r.Count < 0 || r.Count > lanes || (r.First+r.Count)*k > len(b) {
			panic(fmt.Sprintf("BUG: rows %+v of %d elements in runs of %d, from a matrix of %d", r, k, lanes, len(b)))
		}
	}
	l, _ := level.Current() // an error is reported by those that make programs
	if !f.Holds(b) {
		f = Float32
	}
	q := packingOf(newPacked(l, f, k, lanes*len(runs), m), b, k, true)
	q.runs, q.lanes, q.short = runs, lanes, slices.ContainsFunc(runs, func(r Lines) bool { return r.Count < lanes })
	return q.all()
}

// Pieces is how many there are.
func (q *Packing) Pieces() int {
	if q.transB {
		return count(q.p.panels(), q.size)
	}
	return count(q.p.k, q.size)
}

// Packed is the matrix, which is whole when every piece has been packed.
func (q *Packing) Packed() *Packed { return q.p }

// Pack packs piece i, and returns the memory of the part of B that no other piece reads.
func (q *Packing) Pack(i int) []byte {
	p, first := q.p, i*q.size
	if q.transB {
		last := min(first+q.size, p.panels())
		for j := first; j < last; j++ {
			for k0 := 0; k0 < p.k; k0 += p.depth {
				kc := min(p.depth, p.k-k0)
				q.rows(k0, kc, j, 0, kc)
			}
		}
		return q.lines(first*p.layout.width, min(last*p.layout.width, p.n))
	}
	last := min(first+q.size, p.k)
	for r := first; r < last; { // all panels a few rows at a time, so that B is read from beginning to end
		k0 := r / p.depth * p.depth
		kc := min(p.depth, p.k-k0)
		n := min(stripe, last-r, k0+kc-r)
		for j := range p.panels() {
			q.rows(k0, kc, j, r-k0, n)
		}
		r += n
	}
	return q.lines(first, last)
}

// lines is the memory of B from one line to another, which may be shorter.
func (q *Packing) lines(first, last int) []byte {
	return bytesOf(q.b[min(first*q.ldb, len(q.b)):min(last*q.ldb, len(q.b))])
}

// rows packs n rows of a panel from row s of its block on.
func (q *Packing) rows(k0, kc, j, s, n int) {
	p, width := q.p, q.p.layout.width
	if p.format == Float32 {
		q.panel(p.panel(k0, kc, j)[s*width:][:n*width], k0+s, n, j)
		return
	}
	narrow := p.narrowPanel(k0, kc, j)[s*width:][:n*width]
	var wide [stripe * 32]float32
	for at := 0; at < n; at += stripe {
		m := min(stripe, n-at)
		q.panel(wide[:m*width], k0+s+at, m, j)
		p.format.Round(narrow[at*width:][:m*width], wide[:m*width])
	}
}

// panel packs n rows of a panel from row k on, as float32 numbers.
func (q *Packing) panel(dst []float32, k, n, j int) {
	width := q.p.layout.width
	first, cols := j*width, min(width, q.p.n-j*width)
	if q.runs == nil {
		packPanel(dst, q.b, k, n, first, cols, width, q.ldb, q.transB)
		return
	}
	if q.short || cols < width {
		clear(dst)
	}
	for c := 0; c < cols; c += q.lanes {
		if r := q.runs[(first+c)/q.lanes]; r.Count > 0 {
			move.Transpose(dst[c:], width, q.b[r.First*q.ldb+k:], q.ldb, n, r.Count)
		}
	}
}

// all packs every piece of the matrix, which it returns.
func (q *Packing) all() *Packed {
	for i := range q.Pieces() {
		q.Pack(i)
	}
	return q.p
}
