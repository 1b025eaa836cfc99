//go:build amd64 && !noasm

package gemm

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

// integerTiles are kernels for 1, 2, … rows and a B of integers, without and with zero points.
type integerTiles [2][]func(*byte)

var (
	avx2Bytes = integerTiles{
		{multiply1Bytes, multiply2Bytes, multiply3Bytes, multiply4Bytes},
		{multiply1BytesZero, multiply2BytesZero, multiply3BytesZero, multiply4BytesZero},
	}
	avx2Nibbles = integerTiles{
		{multiply1Nibbles, multiply2Nibbles, multiply3Nibbles, multiply4Nibbles},
		{multiply1NibblesZero, multiply2NibblesZero, multiply3NibblesZero, multiply4NibblesZero},
	}
	avx512Bytes = integerTiles{
		{multiply1BytesWide, multiply2BytesWide, multiply3BytesWide, multiply4BytesWide,
			multiply5BytesWide, multiply6BytesWide, multiply7BytesWide, multiply8BytesWide},
		{multiply1BytesZeroWide, multiply2BytesZeroWide, multiply3BytesZeroWide, multiply4BytesZeroWide,
			multiply5BytesZeroWide, multiply6BytesZeroWide, multiply7BytesZeroWide, multiply8BytesZeroWide},
	}
	avx512Nibbles = integerTiles{
		{multiply1NibblesWide, multiply2NibblesWide, multiply3NibblesWide, multiply4NibblesWide,
			multiply5NibblesWide, multiply6NibblesWide, multiply7NibblesWide, multiply8NibblesWide},
		{multiply1NibblesZeroWide, multiply2NibblesZeroWide, multiply3NibblesZeroWide, multiply4NibblesZeroWide,
			multiply5NibblesZeroWide, multiply6NibblesZeroWide, multiply7NibblesZeroWide, multiply8NibblesZeroWide},
	}
)

// tile calls the kernel for as many rows as the tile has, of which t.k is not 0.
func (f *integerTiles) tile(t *tile) {
	zeros := 0
	if t.zeros != nil || t.shifted {
		zeros = 1
	}
	f[zeros][t.rows-1]((*byte)(unsafe.Pointer(t)))
}

// noZeros are zero points of any panel of one group that has none.
var noZeros [32]float32

// nativeWiden is widenIntegers for kc > 0 rows of a panel, if there is assembly for it.
func nativeWiden(dst []float32, src []byte, scales, zeros []float32, p *Packed, kc int, l level.Level) bool {
	var f func(k, group int, src *byte, scales, zeros, dst *float32)
	switch width := p.layout.width; {
	case width == 16 && l >= level.AVX2 && p.format == Int8:
		f = widenBytes
	case width == 16 && l >= level.AVX2:
		f = widenNibbles
	case width == 32 && l >= level.AVX512 && p.format == Int8:
		f = widenBytesWide
	case width == 32 && l >= level.AVX512:
		f = widenNibblesWide
	default:
		return false
	}
	width, group := p.layout.width, p.group
	_ = dst[kc*width-1]
	if zeros != nil {
		f(kc, group, &src[0], &scales[0], &zeros[0], &dst[0])
		return true
	}
	row := len(src) / kc
	for q := 0; q < kc; q += group { // group by group, as they share zero points
		f(min(group, kc-q), group, &src[q*row], &scales[q/group*width], &noZeros[0], &dst[q*width])
	}
	return true
}
