package gemm

import "encoding/binary"

// Pairs are integers of 4 bits as models store them: two a byte, the first one in the low bits.
type Pairs struct {
	Data     []byte
	Unsigned bool // more by 8 than the integers; else in two's complement
}

// run is elements i to i+n-1, n ≤ 8, from the lowest bits on; without sign, more by 8, if biased is set, else in two's complement.
func (s *Pairs) run(i, n int, biased bool) uint32 {
	if i%2 != 0 || n < 8 {
		x := uint32(0)
		for k := range n {
			x |= uint32(s.one(i+k, biased)) << (4 * k)
		}
		return x
	}
	x := binary.LittleEndian.Uint32(s.Data[i/2:])
	if s.Unsigned != biased {
		x ^= 0x88888888
	}
	return x
}

// one is element i as run has it.
func (s *Pairs) one(i int, biased bool) byte {
	x := s.Data[i/2] >> (i % 2 * 4) & 15
	if s.Unsigned != biased {
		x ^= 8
	}
	return x
}

// interleaved has nibbles i and i+4 of x side by side, for i from 0 to 3.
func interleaved(x uint32) uint32 {
	t := (x ^ x>>8) & 0x0000ff00
	x ^= t ^ t<<8
	t = (x ^ x>>4) & 0x00f000f0
	return x ^ t ^ t<<4
}

// packNibbleQuads is packQuadRows for nibbles.
func (b *Integers) packNibbleQuads(dst []byte, k0, rows, j0, cols, width int) {
	row, col := b.strides()
	for p := 0; p < rows; p += 8 {
		line, n := dst[p/8*4*width:][:4*width], min(8, rows-p)
		at := (k0+p)*row + j0*col
		for c := range cols {
			x := uint32(0)
			if row == 1 {
				x = b.Pairs.run(at, n, true)
			} else {
				for r := range n {
					x |= uint32(b.Pairs.one(at+r*row, true)) << (4 * r)
				}
			}
			binary.LittleEndian.PutUint32(line[4*c:], interleaved(x))
			at += col
		}
	}
}

// packNibbles is packPanel for nibbles.
func (b *Integers) packNibbles(dst []byte, k0, kc, j0, width int) {
	row, col := b.strides()
	cols, half := min(width, b.N-j0), width/2
	at := k0*row + j0*col
	if b.Trans {
		for p := 0; p < kc; p += 8 {
			n := min(8, kc-p)
			for c := range min(half, cols) {
				x, y := b.Pairs.run(at+p+c*col, n, false), uint32(0)
				if c+half < cols {
					y = b.Pairs.run(at+p+(c+half)*col, n, false)
				}
				pairUp(dst[p*half+c:], half, n, x, y)
			}
		}
		return
	}
	for p := range kc {
		for c := 0; c < min(half, cols); c += 8 {
			n := min(8, half-c, cols-c)
			x, y := b.Pairs.run(at+c, n, false), b.Pairs.run(at+c+half, max(0, min(n, cols-half-c)), false)
			pairUp(dst[p*half+c:], 1, n, x, y)
		}
		at += row
	}
}

// pairUp writes bytes, step apart, of the first n ≤ 8 nibbles of x and above them those of y.
func pairUp(dst []byte, step, n int, x, y uint32) {
	even, odd := x&0x0f0f0f0f|y&0x0f0f0f0f<<4, x>>4&0x0f0f0f0f|y&0xf0f0f0f0
	for r := 0; r < n; r += 2 {
		dst[r*step] = byte(even)
		if r+1 < n {
			dst[(r+1)*step] = byte(odd)
		}
		even, odd = even>>8, odd>>8
	}
}

// strides are how far apart rows and columns lie.
func (b *Integers) strides() (row, col int) {
	if b.Trans {
		return 1, b.LDB
	}
	return b.LDB, 1
}
