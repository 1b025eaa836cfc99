package quant

import "fmt"

const (
	panelWidth = 16 // columns of a panel of B
	stripRows  = 6  // greatest number of rows that a kernel computes at once
)

// Packed is a matrix B `[K, N]` of 8 bit integers in the order in which kernels read it: panels of 16 columns; in a panel, pairs of rows;
// in a pair, both elements of each column. Unsigned elements are kept less 128. It is read-only and may be shared.
type Packed struct {
	k, n     int
	unsigned bool
	data     []int8
}

// PackB packs B `[k, n]`, of which element (p, j) is b[p*n+j], a signed byte unless unsigned is set.
func PackB(b []byte, k, n int, unsigned bool) *Packed {
	p := new(Packed)
	p.pack(b, k, n, unsigned, nil)
	return p
}

// K is the number of rows.
func (p *Packed) K() int { return p.k }

// N is the number of columns.
func (p *Packed) N() int { return p.n }

// Bytes is the memory that the elements take.
func (p *Packed) Bytes() int { return len(p.data) }

func panels(n int) int { return (n + panelWidth - 1) / panelWidth }

func pairs(k int) int { return (k + 1) / 2 }

// pack makes p the packed b, in buffer if that is large enough.
func (p *Packed) pack(b []byte, k, n int, unsigned bool, buffer []int8) {
	if k < 0 || n < 0 || len(b) < k*n {
		panic(fmt.Sprintf("BUG: %d bytes for a matrix of %d by %d", len(b), k, n))
	}
	size := panels(n) * pairs(k) * 2 * panelWidth
	if cap(buffer) < size {
		buffer = make([]int8, size)
	}
	*p = Packed{k: k, n: n, unsigned: unsigned, data: buffer[:size]}
	flip := byte(0)
	if unsigned {
		flip = 0x80
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
	size := pairs(p.k) * 2 * panelWidth
	return p.data[j*size:][:size]
}
