//go:build amd64 && !noasm

package quant

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var native = []functions{{level.AVX2, avx2Tile, avx2Widen, avx2Extremes, avx2Quantize, avx2Requantize, avx2Dequantize, avx2Pack, avx2Gather, avx2Finish, avx2Taps, avx2WidenRows, avx2Maxima, avx2Evens, avx2DequantizeBytes, avx2Combine}}

// avx2Tile calls the kernel for as many rows as the tile has.
func avx2Tile(t *tile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.rows {
	case 1:
		multiply1(p)
	case 2:
		multiply2(p)
	case 3:
		multiply3(p)
	case 4:
		multiply4(p)
	case 5:
		multiply5(p)
	case 6:
		multiply6(p)
	}
}

func avx2Widen(dst []int16, src []byte, signed bool, zero int16) int {
	n := len(src) &^ 15
	if n == 0 {
		return 0
	}
	_ = dst[n-1]
	if signed {
		widenSigned(&dst[0], &src[0], n, zero)
	} else {
		widenUnsigned(&dst[0], &src[0], n, zero)
	}
	return n
}

func avx2Extremes(x []float32) (lo, hi float32, done int) {
	n := len(x) &^ 31
	if n == 0 {
		return 0, 0, 0
	}
	var out [16]float32
	extremes(&x[0], n, &out[0])
	for _, v := range out[:8] {
		lo = min(lo, v)
	}
	for _, v := range out[8:] {
		hi = max(hi, v)
	}
	return lo, hi, n
}

func avx2Quantize(dst []byte, x []float32, scale float32, l limits) int {
	n := len(x) &^ 31
	if n == 0 {
		return 0
	}
	_ = dst[n-1]
	quantize32(&dst[0], &x[0], n, scale, (*byte)(unsafe.Pointer(&l)))
	return n
}

func avx2Requantize(dst []byte, x []int32, scale []float32, l limits) int {
	n := len(x) &^ 31
	if n == 0 {
		return 0
	}
	_, _ = dst[n-1], scale[n-1]
	requantize32(&dst[0], &x[0], &scale[0], n, (*byte)(unsafe.Pointer(&l)))
	return n
}

func avx2Dequantize(dst []float32, x []int32, scale, bias []float32) int {
	n := len(x) &^ 7
	if n == 0 {
		return 0
	}
	_, _ = dst[n-1], scale[n-1]
	var add *float32
	if bias != nil {
		_ = bias[n-1]
		add = &bias[0]
	}
	dequantize8(&dst[0], &x[0], &scale[0], add, n)
	return n
}

func avx2Pack(dst, next []int8, src []byte, stride int, flip byte) {
	rows := len(dst) / panelWidth
	_, _ = src[(rows-1)*stride+panelColumns-1], next[len(dst)-1]
	packPairs32(&dst[0], &next[0], &src[0], stride, rows/2, uint32(flip)*0x01010101)
}

func avx2Gather(dst, src []byte, offsets []int, pieces []piece) {
	_ = dst[len(offsets)*panelColumns+pieces[len(pieces)-1].dst-1]
	gatherRows(&dst[0], &src[0], &offsets[0], len(offsets), (*byte)(unsafe.Pointer(&pieces[0])), len(pieces))
}

func avx2Finish(f *finishing) {
	if p := f.checked(); f.bytes != nil {
		finishBytes(p)
	} else {
		finishFloats(p)
	}
}

// checked is f for a kernel, when the result has memory for all that it stores.
func (f *finishing) checked() *byte {
	if last := (f.rows-1)*f.row + panelColumns - 1; f.bytes != nil {
		_ = f.bytes[last]
	} else {
		_ = f.floats[last]
	}
	return (*byte)(unsafe.Pointer(f))
}

// finishAt finishes tiles with the vectors of a level.
func finishAt(l level.Level) func(f *finishing) {
	if l < level.AVX512 {
		return at(l).finish
	}
	return func(f *finishing) {
		if p := f.checked(); f.bytes != nil {
			finishBytesWide(p)
		} else {
			finishFloatsWide(p)
		}
	}
}

func avx2Taps(t *taps) { sumTaps((*byte)(unsafe.Pointer(t))) }

func avx2WidenRows(w *widening, stride int) {
	if stride == 1 {
		widenRows1((*byte)(unsafe.Pointer(w)))
	} else {
		widenRows2((*byte)(unsafe.Pointer(w)))
	}
}

func avx2Maxima(m *maxima, signed bool) {
	if p := (*byte)(unsafe.Pointer(m)); signed {
		maximaSigned(p)
	} else {
		maximaUnsigned(p)
	}
}

func avx2Evens(dst, src []byte) int {
	n := len(dst) &^ 31
	if n > 0 {
		_ = src[2*n-1]
		evens32(&dst[0], &src[0], n)
	}
	return n
}

func avx2DequantizeBytes(dst []float32, x []byte, scale float32, zero int32, signed bool) int {
	n := len(x) &^ 31
	if n > 0 {
		_ = dst[n-1]
		zero, flip := unsignedZero(zero, signed)
		dequantizeBytes32(&dst[0], &x[0], n, scale, zero, flip)
	}
	return n
}

func avx2Combine(dst, a, b []byte, c *combining, mul bool) int {
	n := len(dst) &^ 31
	if n == 0 {
		return 0
	}
	_, _ = a[n-1], b[n-1]
	if p := (*byte)(unsafe.Pointer(c)); mul {
		mulBytes32(&dst[0], &a[0], &b[0], n, p)
	} else {
		addBytes32(&dst[0], &a[0], &b[0], n, p)
	}
	return n
}

// multiplyQuads calls the kernel for as many rows as the tile has.
func multiplyQuads(t *quadTile) {
	p := (*byte)(unsafe.Pointer(t))
	switch t.rows {
	case 1:
		multiplyQuads1(p)
	case 2:
		multiplyQuads2(p)
	case 3:
		multiplyQuads3(p)
	case 4:
		multiplyQuads4(p)
	case 5:
		multiplyQuads5(p)
	case 6:
		multiplyQuads6(p)
	}
}

// packWholeQuads packs rows of a panel, of which src is the first element and which lie stride bytes apart, and adds them to the sums of its columns.
func packWholeQuads(dst []int8, src []byte, stride int, flip byte, sums []int32) {
	rows := len(dst) / quadWidth
	if rows == 0 {
		return
	}
	_, _ = src[(rows-1)*stride+quadWidth-1], sums[quadWidth-1]
	packQuads32(&dst[0], &src[0], stride, rows/4, uint32(flip)*0x01010101, &sums[0])
}
