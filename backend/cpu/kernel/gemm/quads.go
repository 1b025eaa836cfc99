package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

const quadDepth = 1024 // greatest number of rows of a block

// quadLayout is what the kernels of a level for a rounded A read.
func quadLayout(l level.Level) layout { return layout{quadWidth(l), quadDepth} }

// packQuads packs a matrix for a rounded A: in a panel, four rows at a time, all elements of each column side by side, as bytes without sign (see
// [Format.bias]). Of integers of 4 bits, row p and row p + 4 of each eight share a byte. Blocks are filled up to whole steps of kernels.
func packQuads(l level.Level, b *Integers) *Packed {
	form := quadLayout(l)
	p := &Packed{k: b.K, n: b.N, layout: form, format: Int8, group: min(b.Group, filled(b.K)), quads: true}
	if b.Bits == 4 {
		p.format = Int4
	}
	p.depth = min(form.depth/p.group, count(form.depthOf(b.K), p.group)) * p.group
	p.small = make([]byte, form.len(filled(b.K), b.N)*b.Bits/8)
	p.scales = b.panels(p, b.Scale)
	if b.Zero != nil && anyNonzero(b.Zero) {
		p.zeros = b.panels(p, b.Zero)
	}
	p.eachSmallPanel(func(dst []byte, k0, kc, j0 int) { b.packQuadPanel(dst, k0, kc, j0, form.width, p.format.bias()) })
	return p
}

// packQuadPanel packs rows [k0, k0+kc) of a panel.
func (b *Integers) packQuadPanel(dst []byte, k0, kc, j0, width, bias int) {
	cols, row, col := min(width, b.N-j0), b.LDB, 1
	if b.Trans {
		row, col = 1, b.LDB
	}
	src := b.Q[k0*row+j0*col:]
	for p := range kc {
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
	t.eachGroup(func(sums []int32, a, b []byte) {
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
	t.eachGroup(func(sums []int32, a, b []byte) {
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

// eachGroup computes a tile by rows and groups; add adds to the sums of all columns of a panel the products of a group.
func (t *tile) eachGroup(add func(sums []int32, a, b []byte)) {
	width := t.bStep
	row := len(t.small) / filled(t.k) // bytes of B
	sums := t.sums[:width]
	for i := range t.rows {
		var total [32]float32
		a, b, scales, zeros := t.rounded[i*t.roundedRow:], t.small, t.scales, t.zeros
		for left := t.k; left > 0; left -= t.group {
			n := filled(min(left, t.group))
			r := recordOf(a, n)
			for c := range sums {
				sums[c] = r.start
			}
			add(sums, a[4:4+n], b)
			for c, sum := range sums {
				x := float32(sum)
				if zeros != nil {
					x -= zeros[c] * r.sum
				}
				total[c] += x * (scales[c] * r.scale)
			}
			a, b, scales = a[n+recordExtra:], b[n*row:], scales[width:]
			if zeros != nil {
				zeros = zeros[width:]
			}
		}
		t.store(i, total[:])
	}
}
