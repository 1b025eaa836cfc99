package gemm

import (
	"fmt"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// Integers is a matrix B `[K, N]` of small integers q, of which element (p, j) stands for the float32 number (q − Zero)·Scale.
type Integers struct {
	K, N  int
	Bits  int    // 8 or 4, in two's complement
	Q     []int8 // element (p, j) at p*LDB+j, or j*LDB+p if TransB
	LDB   int
	Trans bool
	Group int       // rows that have a row of Scale in common; 0: all
	Scale []float32 // [ceil(K/Group), N]
	Zero  []float32 // the same, whole numbers; nil: 0
	// Pairs are the integers in place of Q, where Bits is 4.
	Pairs *Pairs
	// RoundA permits products to round the numbers that B multiplies to 8 bits, with a scale for each group of a row (see rounding.go). They do where groups are of
	// a multiple of 16 rows.
	RoundA bool
}

// PackIntegers packs a matrix of integers for the current level, as what it is, in memory of m. It is nil where groups are so long or so short that nothing is gained
// by that; [Integers.Floats] can be packed then.
func PackIntegers(b *Integers, m *Memory) *Packed {
	l, _ := level.Current() // an error is reported by those that make programs
	return packIntegers(l, b, m)
}

const shortGroup = 16 // rows below which scales take about as much memory as the integers save

func packIntegers(l level.Level, b *Integers, m *Memory) *Packed {
	b.check()
	if b.RoundA && b.Group > 0 && b.Group%quadRows == 0 && b.Group <= quadDepth && b.K > 0 {
		return packQuads(l, b, m)
	}
	form, group := layoutOf(l), b.Group
	if group == 0 || group >= b.K {
		group = max(1, b.K)
	} else if group < shortGroup || group > form.depth {
		return nil
	}
	p := &Packed{k: b.K, n: b.N, layout: form, depth: form.depthOf(b.K), format: Int8, group: group}
	if b.Bits == 4 {
		p.format = Int4
	}
	if group < b.K { // blocks are of whole groups
		p.depth = min(form.depth/group, count(p.depth, group)) * group
	}
	p.small = m.Take(form.len(b.K, b.N) * b.Bits / 8)
	p.scales = b.panels(p, b.Scale)
	if b.Zero != nil && anyNonzero(b.Zero) {
		p.zeros = b.panels(p, b.Zero)
	}
	for k0 := 0; k0 < p.k; k0 += p.depth {
		kc := min(p.depth, p.k-k0)
		for j := range p.panels() {
			b.packPanel(p.smallPanel(k0, kc, j), k0, kc, j*form.width, form.width)
		}
	}
	return p
}

func anyNonzero(s []float32) bool {
	for _, x := range s {
		if x != 0 {
			return true
		}
	}
	return false
}

// groups is the number of rows of scales.
func (b *Integers) groups() int {
	if b.Group == 0 {
		return 1
	}
	return max(1, count(b.K, b.Group))
}

// packPanel packs rows [k0, k0+kc) of a panel. Of integers of 4 bits, column c and column c + width/2 share a byte.
func (b *Integers) packPanel(dst []byte, k0, kc, j0, width int) {
	if b.Pairs != nil {
		b.packNibbles(dst, k0, kc, j0, width)
		return
	}
	cols := min(width, b.N-j0)
	row, col := b.strides()
	src := b.Q[k0*row+j0*col:]
	if b.Bits == 8 {
		for p := range kc {
			line := dst[p*width:][:width]
			for c := range cols {
				line[c] = byte(src[p*row+c*col])
			}
		}
		return
	}
	half := width / 2
	for p := range kc {
		line := dst[p*half:][:half]
		for c := range cols {
			q := byte(src[p*row+c*col]) & 15
			if c < half {
				line[c] |= q
			} else {
				line[c-half] |= q << 4
			}
		}
	}
}

// panels lays scales or zero points out as [Packed.groupPanel] finds them.
func (b *Integers) panels(p *Packed, s []float32) []float32 {
	width := p.layout.width
	dst := make([]float32, p.layout.len(b.groups(), p.n))
	for k0 := 0; k0 < p.k; k0 += p.depth {
		first, n := p.groupsOf(k0, min(p.depth, p.k-k0))
		for j := range p.panels() {
			panel := p.groupPanel(dst, k0, min(p.depth, p.k-k0), j)
			for g := range n {
				copy(panel[g*width:][:width], s[(first+g)*b.N+j*width:(first+g)*b.N+min(b.N, (j+1)*width)])
			}
		}
	}
	return dst
}

// Floats are the elements as float32 numbers, laid out as the integers are.
func (b *Integers) Floats() []float32 {
	b.check()
	dst := make([]float32, b.len())
	row, col := b.strides()
	group := b.Group
	if group == 0 {
		group = max(1, b.K)
	}
	for p := range b.K {
		scale := b.Scale[p/group*b.N:][:b.N]
		for j, s := range scale {
			at, zero := p*row+j*col, float32(0)
			if b.Zero != nil {
				zero = b.Zero[p/group*b.N+j]
			}
			dst[at] = (float32(b.at(at)) - zero) * s
		}
	}
	return dst
}

// len is how many integers there are.
func (b *Integers) len() int {
	if b.Pairs != nil {
		return 2 * len(b.Pairs.Data)
	}
	return len(b.Q)
}

// at is the integer at a place in memory.
func (b *Integers) at(i int) int8 {
	if b.Pairs != nil {
		return int8(b.Pairs.one(i, true)) - 8
	}
	return b.Q[i]
}

func (b *Integers) check() {
	rows, cols := b.K, b.N
	if b.Trans {
		rows, cols = cols, rows
	}
	n, have := b.groups()*b.N, b.len()
	if b.K < 0 || b.N < 0 || b.Bits != 8 && b.Bits != 4 || b.Group < 0 || rows > 0 && cols > 0 && (b.LDB < cols || (rows-1)*b.LDB+cols > have) ||
		len(b.Scale) < n || b.Pairs != nil && b.Bits != 4 || b.Zero != nil && len(b.Zero) < n {
		panic(fmt.Sprintf("BUG: a matrix of %d by %d integers of %d bits, %d apart, in groups of %d: %d integers, %d scales, %d zero points",
			b.K, b.N, b.Bits, b.LDB, b.Group, have, len(b.Scale), len(b.Zero)))
	}
}

// groupsOf is the first group of a block of rows and how many there are in it.
func (p *Packed) groupsOf(k0, kc int) (first, n int) {
	if p.group >= p.k {
		return 0, 1
	}
	return k0 / p.group, count(kc, p.group)
}

// groupPanel is the scales, or the zero points, of rows [k0, k0+kc), a block, of panel j: rows of its width, one a group.
func (p *Packed) groupPanel(s []float32, k0, kc, j int) []float32 {
	first, n := p.groupsOf(k0, kc)
	return s[(first*p.panels()+j*n)*p.layout.width:][:n*p.layout.width]
}

// smallPanel is panel for integers.
func (p *Packed) smallPanel(k0, kc, j int) []byte {
	row := p.layout.width
	if p.format == Int4 {
		row /= 2
	}
	return p.small[(k0*p.panels()+j*kc)*row:][:kc*row]
}

// widenIntegers sets dst to rows [k0, k0+kc), a block, of panel j.
func (p *Packed) widenIntegers(dst []float32, k0, kc, j int, l level.Level) {
	if kc == 0 {
		return
	}
	src, scales, zeros := p.smallPanel(k0, kc, j), p.groupPanel(p.scales, k0, kc, j), []float32(nil)
	if p.zeros != nil {
		zeros = p.groupPanel(p.zeros, k0, kc, j)
	}
	if nativeWiden(dst, src, scales, zeros, p, kc, l) {
		return
	}
	width := p.layout.width
	half := width / 2
	for q := range kc {
		line, at := dst[q*width:][:width], q/min(p.group, kc)*width
		if p.format == Int8 {
			for c, x := range src[q*width:][:width] {
				line[c] = float32(int8(x))
			}
		} else {
			for c, x := range src[q*half:][:half] {
				line[c], line[c+half] = float32(int8(x<<4)>>4), float32(int8(x)>>4)
			}
		}
		scale := scales[at:][:width]
		if zeros == nil {
			for c, s := range scale {
				line[c] *= s
			}
			continue
		}
		zero := zeros[at:][:width]
		for c, s := range scale {
			line[c] = (line[c] - zero[c]) * s
		}
	}
}
