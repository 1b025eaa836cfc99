package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

const quadDepth = 1024 // greatest number of rows of a block

// quadLayout is what the kernels of a level for a rounded A read.
func quadLayout(l level.Level) layout {
	if l.VNNI() {
		return layout{32, quadDepth}
	}
	return layout{16, quadDepth}
}

// packQuads packs a matrix for a rounded A. A panel is its groups, one behind the other: integers without sign (see [Format.bias]), four rows at a time, all elements of
// each column side by side, as bytes; then the scales and, if any is not 0, the zero points. Of integers of 4 bits, row p and row p + 4 of each
// eight share a byte. The last group is filled up to whole steps of kernels.
func packQuads(l level.Level, b *Integers, in *Memory) *Packed {
	form := quadLayout(l)
	p := &Packed{k: b.K, n: b.N, layout: form, format: Int8, group: min(b.Group, filled(b.K)), quads: true}
	if b.Bits == 4 {
		p.format = Int4
	}
	p.shifted = b.Zero != nil && anyNonzero(b.Zero)
	p.depth = min(form.depth/p.group, count(form.depthOf(b.K), p.group)) * p.group
	p.small = in.Take(p.panels() * p.quadBytes(b.K))
	for k0 := 0; k0 < p.k; k0 += p.depth {
		kc := min(p.depth, p.k-k0)
		for j := range p.panels() {
			p.packQuadPanel(p.quadPanel(k0, kc, j), b, k0, kc, j*form.width)
		}
	}
	return p
}

// packQuadPanel packs rows [k0, k0+kc), a block, of the panel from column j0 on.
func (p *Packed) packQuadPanel(dst []byte, b *Integers, k0, kc, j0 int) {
	width, cols := p.layout.width, min(p.layout.width, b.N-j0)
	for k := k0; k < k0+kc; k += p.group {
		rows := min(p.group, k0+kc-k)
		b.packQuadRows(dst, k, rows, j0, cols, width, p.format.bias())
		dst = dst[p.quadRowBytes(filled(rows)):]
		at := k/p.group*b.N + j0
		copy(numbersOf[float32](dst[:4*width]), b.Scale[at:at+cols])
		if dst = dst[4*width:]; p.shifted {
			copy(numbersOf[float32](dst[:4*width]), b.Zero[at:at+cols])
			dst = dst[4*width:]
		}
	}
}

// quadPanel is rows [k0, k0+kc), a block, of panel j.
func (p *Packed) quadPanel(k0, kc, j int) []byte {
	size := p.quadBytes(kc)
	return p.small[p.panels()*p.quadBytes(k0)+j*size:][:size]
}

// quadBytes is the size of k rows of a panel, whole groups but for the last.
func (p *Packed) quadBytes(k int) int {
	scales := 4 * p.layout.width * count(k, p.group)
	if p.shifted {
		scales *= 2
	}
	return p.quadRowBytes(filled(k)) + scales
}

// quadRowBytes is the size of the integers of so many rows.
func (p *Packed) quadRowBytes(rows int) int {
	if p.format == Int4 {
		rows /= 2
	}
	return rows * p.layout.width
}

// packQuadRows packs the integers of rows [k0, k0+rows) of a panel.
func (b *Integers) packQuadRows(dst []byte, k0, rows, j0, cols, width, bias int) {
	if b.Pairs != nil {
		b.packNibbleQuads(dst, k0, rows, j0, cols, width)
		return
	}
	row, col := b.strides()
	src := b.Q[k0*row+j0*col:]
	for p := range rows {
		at, shift := p/4*4*width+p%4, 0
		if b.Bits == 4 {
			at, shift = p/8*4*width+p%4, p/4%2*4
		}
		for c := range cols {
			dst[at+4*c] |= byte(int(src[p*row+c*col])+bias) << shift
		}
	}
}

// portableByteQuads and portableNibbleQuads are the kernels in plain Go.
func portableByteQuads(t *tile) {
	t.eachGroup(8, func(sums []int32, a, b []byte) {
		for ; len(a) > 0; a, b = a[4:], b[4*len(sums):] {
			a0, a1, a2, a3 := int32(int8(a[0])), int32(int8(a[1])), int32(int8(a[2])), int32(int8(a[3]))
			for c := range sums {
				q := (*[4]byte)(b[4*c:])
				sums[c] += a0*int32(q[0]) + a1*int32(q[1]) + a2*int32(q[2]) + a3*int32(q[3])
			}
		}
	})
}

func portableNibbleQuads(t *tile) {
	t.eachGroup(4, func(sums []int32, a, b []byte) {
		for ; len(a) > 0; a, b = a[8:], b[4*len(sums):] {
			x := (*[8]byte)(a)
			for c := range sums {
				sum := int32(0)
				for i, q := range (*[4]byte)(b[4*c:]) {
					sum += int32(int8(x[i]))*int32(q&15) + int32(int8(x[i+4]))*int32(q>>4)
				}
				sums[c] += sum
			}
		}
	})
}

// eachGroup computes a tile with integers of so many bits by rows and groups; add adds to the sums of all columns of a panel the products of a group.
func (t *tile) eachGroup(bits int, add func(sums []int32, a, b []byte)) {
	width := t.bStep
	sums := t.sums[:width]
	for i := range t.rows {
		var total [32]float32
		a, b := t.rounded[i*t.roundedRow:], t.small
		for left := t.k; left > 0; left -= t.group {
			n := filled(min(left, t.group))
			r := recordOf(a, n)
			for c := range sums {
				sums[c] = r.start
			}
			add(sums, a[4:4+n], b)
			b = b[n*width*bits/8:]
			scales, zeros := numbersOf[float32](b[:4*width]), []float32(nil)
			if b = b[4*width:]; t.shifted {
				zeros, b = numbersOf[float32](b[:4*width]), b[4*width:]
			}
			for c, sum := range sums {
				x := float32(sum)
				if zeros != nil {
					x -= zeros[c] * r.sum
				}
				total[c] += x * (scales[c] * r.scale)
			}
			a = a[n+recordExtra:]
		}
		t.store(i, total[:])
	}
}
