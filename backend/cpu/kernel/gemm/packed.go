package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Packed is a matrix B `[K, N]` in the order in which kernels read it: blocks of at most 320 rows; in a block, panels of 16
// columns; in a panel, row after row. The last panel is filled up with zeros. It is read-only and may be shared.
type Packed struct {
	k, n, depth int // depth: rows of a block, but for the last
	data        []float32
}

// PackB packs B `[k, n]`, of which element (p, j) is b[p*ldb+j], or, if transB, b[j*ldb+p].
func PackB(b []float32, k, n, ldb int, transB bool) *Packed {
	checkMatrix("B", b, k, n, ldb, transB)
	p := new(Packed)
	p.reset(k, n, make([]float32, packedLen(k, n)))
	for j := range panels(n) {
		p.fill(b, ldb, transB, j, level.Highest())
	}
	return p
}

// K is the number of rows.
func (p *Packed) K() int { return p.k }

// N is the number of columns.
func (p *Packed) N() int { return p.n }

// Bytes is the memory that the elements take.
func (p *Packed) Bytes() int { return 4 * len(p.data) }

func panels(n int) int { return (n + panelWidth - 1) / panelWidth }

func packedLen(k, n int) int { return k * panels(n) * panelWidth }

// depthOf divides k into equal blocks of at most maxDepth, and multiples of 8 so that their panels begin on cache lines.
func depthOf(k int) int {
	blocks := max(1, (k+maxDepth-1)/maxDepth)
	return max(8, min(maxDepth, ((k+blocks-1)/blocks+7)/8*8))
}

// reset makes p an unfilled matrix over data, which has packedLen(k, n) elements.
func (p *Packed) reset(k, n int, data []float32) {
	*p = Packed{k: k, n: n, depth: depthOf(k), data: data}
}

// panel is rows [k0, k0+kc), a block, of panel j.
func (p *Packed) panel(k0, kc, j int) []float32 {
	return p.data[(k0*panels(p.n)+j*kc)*panelWidth:][:kc*panelWidth]
}

// fill packs panel j of every block.
func (p *Packed) fill(b []float32, ldb int, transB bool, j int, l level.Level) {
	j0 := j * panelWidth
	cols := min(panelWidth, p.n-j0)
	for k0 := 0; k0 < p.k; k0 += p.depth {
		kc := min(p.depth, p.k-k0)
		dst := p.panel(k0, kc, j)
		if transB {
			packColumns(dst, b[j0*ldb+k0:], kc, cols, ldb, l)
		} else {
			packRows(dst, b[k0*ldb+j0:], kc, cols, ldb)
		}
	}
}

// packRows copies kc rows of cols elements, which lie ldb apart.
func packRows(dst, b []float32, kc, cols, ldb int) {
	for p := range kc {
		row := (*[panelWidth]float32)(dst[p*panelWidth:])
		src := b[p*ldb:]
		if cols == panelWidth {
			*row = *(*[panelWidth]float32)(src)
			continue
		}
		clear(row[copy(row[:], src[:cols]):])
	}
}

// packColumns transposes cols rows of kc elements, which lie ldb apart.
func packColumns(dst, b []float32, kc, cols, ldb int, l level.Level) {
	if cols < panelWidth {
		clear(dst)
	} else if done := transposePanel(dst, b, kc, ldb, l); done == kc {
		return
	} else {
		dst, b, kc = dst[done*panelWidth:], b[done:], kc-done
	}
	j := 0
	for ; j+4 <= cols; j += 4 {
		b0, b1, b2, b3 := b[j*ldb:][:kc], b[(j+1)*ldb:][:kc], b[(j+2)*ldb:][:kc], b[(j+3)*ldb:][:kc]
		at := j
		for p := range b0 {
			v := (*[4]float32)(dst[at:])
			v[0], v[1], v[2], v[3] = b0[p], b1[p], b2[p], b3[p]
			at += panelWidth
		}
	}
	for ; j < cols; j++ {
		for p, x := range b[j*ldb:][:kc] {
			dst[p*panelWidth+j] = x
		}
	}
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
