package quant

import (
	"fmt"
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

const (
	panelWidth = 16 // columns of a panel of B
	stripRows  = 6  // greatest number of rows that a kernel computes at once
)

// Packed is a matrix B `[K, N]` of 8 bit integers in the order in which kernels read it: panels of 16 or 32 columns; in a panel, groups of 2 or 4
// rows; in a group, all elements of each column. Unsigned elements are kept less 128. It is read-only and may be shared.
type Packed struct {
	k, n     int
	unsigned bool
	quads    bool // panels of 32 columns, groups of 4
	data     []int8
	sums     []int32 // of the columns, with quads
}

// PackB packs B `[k, n]`, of which element (p, j) is b[p*n+j], a signed byte unless unsigned is set, for products at level l, in so many bytes that take hands
// out.
func PackB(b []byte, k, n int, unsigned bool, l level.Level, take func(bytes int) []byte) *Packed {
	p := &Packed{quads: l.VNNI(), k: k}
	memory := take(panelsOf(n, p.width()) * p.panelSize())
	p.pack(b, k, n, unsigned, p.quads, unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)))
	return p
}

// K is the number of rows.
func (p *Packed) K() int { return p.k }

// N is the number of columns.
func (p *Packed) N() int { return p.n }

// Bytes is the memory that the elements take.
func (p *Packed) Bytes() int { return len(p.data) }

func panelsOf(n, width int) int { return (n + width - 1) / width }

func panels(n int) int { return panelsOf(n, panelWidth) }

func (p *Packed) width() int {
	if p.quads {
		return quadWidth
	}
	return panelWidth
}

// panelSize is the number of elements of a panel.
func (p *Packed) panelSize() int {
	if p.quads {
		return quadsOf(p.k) * 4 * quadWidth
	}
	return pairs(p.k) * 2 * panelWidth
}

func pairs(k int) int { return (k + 1) / 2 }

// pack makes p the packed b, in buffer if that is large enough.
func (p *Packed) pack(b []byte, k, n int, unsigned, quads bool, buffer []int8) {
	if k < 0 || n < 0 || len(b) < k*n {
		panic(fmt.Sprintf("BUG: %d bytes for a matrix of %d by %d", len(b), k, n))
	}
	*p = Packed{k: k, n: n, unsigned: unsigned, quads: quads, sums: p.sums}
	size := panelsOf(n, p.width()) * p.panelSize()
	if cap(buffer) < size {
		buffer = make([]int8, size)
	}
	p.data = buffer[:size]
	flip := byte(0)
	if unsigned {
		flip = 0x80
	}
	if quads {
		p.packQuads(b, flip)
		return
	}
	if n%panelWidth != 0 || k%2 != 0 {
		clear(p.data)
	}
	for j := range panels(n) {
		cols := min(panelWidth, n-j*panelWidth)
		panel := p.panel(j)
		for r := range k {
			row := b[r*n+j*panelWidth:][:cols]
			dst := panel[r/2*2*panelWidth+r%2:]
			for i, x := range row {
				dst[2*i] = int8(x ^ flip)
			}
		}
	}
}

func (p *Packed) panel(j int) []int8 {
	size := p.panelSize()
	return p.data[j*size:][:size]
}
