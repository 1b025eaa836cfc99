package quant

import "encoding/binary"

// Where the processor adds four products of bytes at once (AVX512-VNNI), A is read as unsigned bytes, in place if it is unsigned and its rows are
// of a multiple of four; B is packed in groups of four rows. Both zero points come in by sums: of the columns of B, which are known when
// it is packed, and of the rows of A.

const quadWidth = 32 // columns of a panel

// A quadTile is one call of such a kernel: C[rows, 32] = start + A[rows, 4·quads] · B[4·quads, 32]. The assembly knows the offsets of the
// fields.
type quadTile struct {
	a        []byte  // element (i, p) at i*aRow + p
	b        []int8  // element (p, j) at p/4*128 + 4*j + p%4
	c        []int32 // element (i, j) at i*cRow + j
	start    []int32 // element (i, j) at i*startRow + j
	aRow     int
	cRow     int
	startRow int
	quads    int
	rows     int // 1 … 6
}

func quadsOf(k int) int { return (k + 3) / 4 }

// packQuads is pack for these kernels.
func (p *Packed) packQuads(b []byte, flip byte) {
	p.sums = grown(p.sums, panelsOf(p.n, quadWidth)*quadWidth)
	clear(p.sums)
	if p.n%quadWidth != 0 || p.k%4 != 0 {
		clear(p.data)
	}
	for first := 0; first < p.k; first += packedRows {
		last := min(p.k, first+packedRows)
		whole := last &^ 3 // where rows end that make quads
		for j := range panelsOf(p.n, quadWidth) {
			if (j+1)*quadWidth > p.n {
				p.packQuadBytes(b, flip, j, first, last)
				continue
			}
			packWholeQuads(p.panel(j)[first*quadWidth:whole*quadWidth], b[first*p.n+j*quadWidth:], p.n, flip, p.sums[j*quadWidth:][:quadWidth])
			p.packQuadBytes(b, flip, j, whole, last)
		}
	}
}

const packedRows = 64 // that are packed at a time, so that B is read from beginning to end

// packQuadBytes packs rows [first, last) of panel j byte by byte.
func (p *Packed) packQuadBytes(b []byte, flip byte, j, first, last int) {
	cols := min(quadWidth, p.n-j*quadWidth)
	panel, sums := p.panel(j), p.sums[j*quadWidth:][:cols]
	for r := first; r < last; r++ {
		row := b[r*p.n+j*quadWidth:][:cols]
		dst := panel[r/4*4*quadWidth+r%4:]
		for i, x := range row {
			v := int8(x ^ flip)
			dst[4*i] = v
			sums[i] += int32(v)
		}
	}
}

// quadRows makes A unsigned, with rows of whole quads, and finds what sums begin with.
func (x *Ctx) quadRows() {
	a := &x.args
	x.stride = 4 * quadsOf(a.K)
	if x.stride == a.K && !a.SignedA {
		x.bytes = a.A
	} else {
		x.byteBuffer = grown(x.byteBuffer, a.M*x.stride)
		x.bytes = x.byteBuffer
		for i := range a.M {
			row := x.bytes[i*x.stride:][:x.stride]
			unsigned(row, a.A[i*a.K:][:a.K], a.SignedA)
			clear(row[a.K:])
		}
	}
	x.start = grown(x.start, panelsOf(a.N, quadWidth)*quadWidth)
	zero := int32(0)
	if len(a.ZeroA) > 0 {
		zero = a.ZeroA[0]
	}
	for j := range x.start {
		x.start[j] = -x.shiftedA(zero) * x.columnSum(j)
	}
	x.own = x.offset || len(a.ZeroA) > 1
	if x.offset {
		x.sums = grown(x.sums, a.M)
		for i := range a.M {
			sum := int32(0)
			for _, v := range x.bytes[i*x.stride:][:a.K] {
				sum += int32(v)
			}
			x.sums[i] = sum
		}
	}
}

// shiftedA is a zero point of A for its unsigned bytes.
func (x *Ctx) shiftedA(zero int32) int32 {
	zero, _ = unsignedZero(zero, x.args.SignedA)
	return zero
}

// columnSum is the sum of column j of B less its zero point.
func (x *Ctx) columnSum(j int) int32 { return x.args.Packed.sums[j] - int32(x.args.K)*x.zeroB[j] }

// unsigned copies bytes; signed ones become 128 more.
func unsigned(dst, src []byte, signed bool) {
	if !signed {
		copy(dst, src)
		return
	}
	i := 0
	for ; i+8 <= len(src); i += 8 {
		binary.LittleEndian.PutUint64(dst[i:], binary.LittleEndian.Uint64(src[i:])^0x8080808080808080)
	}
	for ; i < len(src); i++ {
		dst[i] = src[i] ^ 0x80
	}
}

// quadPanel computes strips [s0, s1) of panel j.
func (x *Ctx) quadPanel(sl *slot, s0, s1, j int) {
	a := &x.args
	all := strips(a.M)
	t := &sl.quad
	*t = quadTile{aRow: x.stride, quads: x.stride / 4, b: a.Packed.panel(j), start: x.start[j*quadWidth:][:quadWidth]}
	cols := min(quadWidth, a.N-j*quadWidth)
	for s := s0; s < s1; s++ {
		row := s * a.M / all
		t.rows = (s+1)*a.M/all - row
		t.a = x.bytes[row*x.stride:]
		c := a.C[row*a.N+j*quadWidth:]
		t.c, t.cRow = c, a.N
		if cols < quadWidth {
			t.c, t.cRow = sl.edge[:], quadWidth
		}
		if x.own {
			x.quadBegin(t, row, j)
		}
		multiplyQuads(t)
		if cols < quadWidth {
			for r := range t.rows {
				copy(c[r*a.N:][:cols], sl.edge[r*quadWidth:])
			}
		}
	}
}

// quadBegin sets C to what sums begin with where that differs from row to row.
func (x *Ctx) quadBegin(t *quadTile, row, j int) {
	a := &x.args
	for i := range t.rows {
		zero, sum := int32(0), int32(0)
		if len(a.ZeroA) > 0 {
			zero = a.ZeroA[(row+i)%len(a.ZeroA)]
		}
		if x.offset {
			sum = x.sums[row+i]
		}
		zero = x.shiftedA(zero)
		c := t.c[i*t.cRow:][:quadWidth]
		for k := range c {
			c[k] = -sum*x.zeroB[j*quadWidth+k] - zero*x.columnSum(j*quadWidth+k)
		}
	}
	t.start, t.startRow = t.c, t.cRow
}
