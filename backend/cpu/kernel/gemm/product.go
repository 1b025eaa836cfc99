package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

// A product is one C = A·B with everything resolved: the kernel, its grid, the strides, where the panels of B are, the blocks.
type product struct {
	grid
	k           int
	a           []float32
	aRow, aStep int
	b           operand
	c           []float32
	ldc         int
	epi         *Epilogue
	kernel      *Kernel
	level       level.Level
	depth       int           // rows of a block of B
	rounded     roundedMatrix // A, for kernels that read it so

	mc, nc  int // strips and panels of a block
	mBlocks int // blocks of the same columns
	nBlocks int // and of the same rows
	blocks  int
}

// operand is B: packed, or read in place but for an incomplete last panel, which is packed.
type operand struct {
	packed *Packed
	data   []float32 // in place: element (p, j) at p*ld+j
	ld     int
	whole  int // panels in place; those from here on are in packed
}

// panel is rows [k0, k0+kc), a block, of panel j, nr columns wide, and the distance between its rows.
func (b *operand) panel(k0, kc, j, nr int) ([]float32, int) {
	if j < b.whole {
		return b.data[k0*b.ld+j*nr:], b.ld
	}
	col, width := (j-b.whole)*nr, b.packed.layout.width // packed panels may be wider
	return b.packed.panel(k0, kc, col/width)[col%width:], width
}

// divide decides how many blocks there are; see [grid.blocking].
func (p *product) divide(threads int, share float64) {
	p.mc, p.nc = p.blocking(p.k, threads, share)
	p.mBlocks, p.nBlocks = count(p.strips(), p.mc), count(p.panels(), p.nc)
	p.blocks = p.mBlocks * p.nBlocks
}

// panelOf sets t to rows [k0, k0+t.k), a block, of panel j. Numbers in a format that the kernel does not read are put
// into wide, unless this is not the first panel and they are there since the one before.
func (p *product) panelOf(t *tile, wide *[]float32, k0, j int, first bool) {
	packed := p.b.packed
	if packed.format == Float32 {
		t.b, t.bStep = p.b.panel(k0, t.k, j, p.nr)
		return
	}
	width := packed.layout.width
	t.bStep = width
	switch p.kernel.B {
	case Halves, Brains:
		t.narrow = packed.narrowPanel(k0, t.k, j*p.nr/width)[j*p.nr%width:]
		return
	case ByteQuads, NibbleQuads:
		t.small, t.group, t.shifted = packed.quadPanel(k0, t.k, j), packed.group, packed.shifted
		return
	case Bytes, Nibbles:
		t.small, t.scales, t.group = packed.smallPanel(k0, t.k, j), packed.groupPanel(packed.scales, k0, t.k, j), packed.group
		if packed.zeros != nil {
			t.zeros = packed.groupPanel(packed.zeros, k0, t.k, j)
		}
		return
	}
	if first || j*p.nr%width == 0 {
		if n := t.k * width; len(*wide) < n {
			*wide = make([]float32, packed.depth*width)
		}
		packed.widen((*wide)[:t.k*width], k0, t.k, j*p.nr/width, p.level)
	}
	t.b = (*wide)[j*p.nr%width:]
}

// block computes one block of C, with t and wide as scratch. Blocks of the same rows follow each other: what they read of A is in the second cache, and what
// they read of B is fetched ahead.
func (p *product) block(i int, t *tile, wide *[]float32) {
	s0, j0 := i/p.nBlocks*p.mc, i%p.nBlocks*p.nc
	s1, j1 := min(s0+p.mc, p.strips()), min(j0+p.nc, p.panels())
	*t = tile{aRow: p.aRow, aStep: p.aStep, cRow: p.ldc, scale: p.epi.scale()}
	if p.epi.accumulate() {
		t.accumulate = 1
	}
	if !p.kernel.B.inPanels() {
		p.whole(t, s0, s1, j0*p.nr, min(j1*p.nr, p.n))
		return
	}
	for k0 := 0; k0 < p.k || k0 == 0; k0 += p.depth {
		t.k = min(p.depth, p.k-k0)
		last := k0+t.k == p.k
		for j := j0; j < j1; j += t.panels {
			if t.k > 0 {
				p.panelOf(t, wide, k0, j, j == j0)
			}
			t.panels, t.panelStep = p.beside(j, j1, t.k)
			col, more := j*p.nr, (t.panels-1)*p.nr // all but the last panel are whole
			t.cols = min(p.nr, p.n-col-more)
			if last {
				t.bias = p.epi.columnBias(col, more+t.cols)
			}
			p.fetch(t, s1-s0, k0, j, j0, j1)
			p.column(t, s0, s1, k0, col)
		}
		t.accumulate = 1
	}
	p.epi.apply(p.c, p.ldc, p.row(s0), p.row(s1), j0*p.nr, min(j1*p.nr, p.n), p.level)
}

// beside is how many panels of kc rows, from j on, one call multiplies a single row of A by, and the distance between them.
func (p *product) beside(j, j1, kc int) (panels, step int) {
	switch {
	case p.m > 1 || p.aStep != 1 || p.kernel.Panels == 0:
	case j < p.b.whole:
		return min(p.kernel.Panels, j1-j, p.b.whole-j), p.nr
	case p.b.packed.layout.width == p.nr && p.b.packed.format.form() == p.kernel.B:
		return min(p.kernel.Panels, j1-j), kc * p.nr
	}
	return 1, 0
}

// fetch has the calls for strips panel j of rows [k0, k0+t.k) fetch the panel that comes after it in a packed B.
func (p *product) fetch(t *tile, strips, k0, j, j0, j1 int) {
	t.next, t.nextStep = t.b, 0
	if j < p.b.whole || t.k == 0 || strips == 1 || p.b.packed.format != Float32 {
		return // what is alone with its panel is too fast to fetch another
	}
	switch after := k0 + t.k; {
	case j+1 < j1:
		t.next, _ = p.b.panel(k0, t.k, j+1, p.nr)
	case after < p.k:
		t.next, _ = p.b.panel(after, min(p.depth, p.k-after), j0, p.nr)
	case j1 < p.panels():
		t.next, _ = p.b.panel(0, min(p.depth, p.k), j1, p.nr)
	}
	t.nextStep = 64 * min(4, count(p.nr/4, strips)) // nr/16 lines a step of k
}

// whole computes strips [s0, s1) and columns [c0, c1) with a kernel that takes all of k, which is not 0.
func (p *product) whole(t *tile, s0, s1, c0, c1 int) {
	t.k, t.cols, t.bStep, t.bias = p.k, c1-c0, p.b.ld, p.epi.columnBias(c0, c1-c0)
	if p.kernel.B == Columns {
		t.b = p.b.data[c0*p.b.ld:]
	} else {
		t.b = p.b.data[c0:]
	}
	for s := s0; s < s1; s++ {
		row := p.row(s)
		t.rows = p.row(s+1) - row
		t.a = p.a[row*p.aRow:]
		t.c = p.c[row*p.ldc+c0:]
		p.kernel.fn(t)
	}
	p.epi.apply(p.c, p.ldc, p.row(s0), p.row(s1), c0, c1, p.level)
}

// column computes strips [s0, s1) of the panel that t is set to.
func (p *product) column(t *tile, s0, s1, k0, col int) {
	row := p.row(s0)
	for s := s0; s < s1; s += t.strips {
		next := p.row(s + 1)
		t.rows, t.strips = next-row, p.alike(s, s1)
		switch {
		case p.rounded.data != nil:
			t.rounded, t.roundedRow = p.rounded.at(row, k0), p.rounded.row
		case t.k > 0:
			t.a = p.a[row*p.aRow+k0*p.aStep:]
		}
		t.c = p.c[row*p.ldc+col:]
		t.aAt, t.cAt, t.aSkip, t.cSkip = 0, 0, 4*t.rows*p.aRow, 4*t.rows*p.ldc
		n := t.strips
		p.kernel.fn(t)
		t.strips = n
		if fetched := n * (t.k / 4 * t.nextStep / 4); fetched < len(t.next) {
			t.next = t.next[fetched:]
		} else {
			t.next, t.nextStep = t.b, 0
		}
		row = p.row(s + n)
	}
}

// alike is how many strips from s on, up to s1, one call of the kernel computes.
func (p *product) alike(s, s1 int) int {
	if !p.kernel.Strips {
		return 1
	}
	if p.m%p.mr != 0 {
		s1 = min(s1, p.strips()-2) // the last two have fewer rows
	}
	return max(1, s1-s)
}
