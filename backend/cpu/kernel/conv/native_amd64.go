//go:build amd64 && !noasm

package conv

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var avx2 = kernels{
	lanes: 8,
	tiles: [2][panelVectors]func(*tile){
		{native(tile4x1AVX2), native(tile4x2AVX2), native(tile4x3AVX2)},
		{native(tile8x1AVX2)},
	},
	direct: [2]func(*tile){native(direct4x3AVX2)},
	gather: func(g *gathering) { nativeGather(g, 8, gatherAVX2) },
	taps:   func(t *taps) { nativeTaps(t, sumTapsAVX2) },
	pick:   func(dst, src []float32) { nativePick(dst, src, pickAVX2) },
	add:    func(t *residual) { residualAVX2((*byte)(unsafe.Pointer(t))) },
}

var avx512 = kernels{
	lanes: 16,
	tiles: [2][panelVectors]func(*tile){
		{native(tile4x1AVX512), native(tile4x2AVX512), native(tile4x3AVX512)},
		{native(tile8x1AVX512), native(tile8x2AVX512), native(tile8x3AVX512)},
	},
	direct: [2]func(*tile){native(direct4x3AVX512), native(direct8x3AVX512)},
	gather: func(g *gathering) { nativeGather(g, 16, gatherAVX512) },
	taps:   func(t *taps) { nativeTaps(t, sumTapsAVX512) },
	pick:   func(dst, src []float32) { nativePick(dst, src, pickAVX512) },
	add:    func(t *residual) { residualAVX512((*byte)(unsafe.Pointer(t))) },
	flat:   func(t *flat) { flatAVX512((*byte)(unsafe.Pointer(t))) },
	halves: func(t *halves) { halvesAVX512((*byte)(unsafe.Pointer(t))) },
	window: nativeWindow,
}

// nativeWindow is for sizes of 3, 5 and 7, and strides of 1 and 2.
func nativeWindow(size, stride int, t *windowSums) {
	p := (*byte)(unsafe.Pointer(t))
	switch {
	case size == 3 && stride == 1:
		window3s1AVX512(p)
	case size == 3:
		window3s2AVX512(p)
	case size == 5 && stride == 1:
		window5s1AVX512(p)
	case size == 5:
		window5s2AVX512(p)
	case stride == 1:
		window7s1AVX512(p)
	default:
		window7s2AVX512(p)
	}
}

func kernelsOf(l level.Level) *kernels {
	switch {
	case l >= level.AVX512:
		return &avx512
	case l >= level.AVX2:
		return &avx2
	}
	return &portable
}

func native(f func(*byte)) func(*tile) {
	return func(t *tile) { f((*byte)(unsafe.Pointer(t))) }
}

// nativeGather moves whole vectors: elements of a row that a piece does not have are overwritten by the next one, those after a row by the
// next row.
func nativeGather(g *gathering, lanes int, f func(*byte)) {
	if len(g.offsets) == 0 {
		return
	}
	last, reach := len(g.offsets)-1, 0
	for i := range g.pieces {
		p := &g.pieces[i]
		reach = max(reach, p.src+p.lanes)
	}
	_, _ = g.dst[last*g.width+g.pieces[len(g.pieces)-1].col+lanes-1], g.src[g.offsets[last]+reach-1]
	f((*byte)(unsafe.Pointer(g)))
}

func nativeTaps(t *taps, f func(*byte)) {
	if t.n == 0 || t.rows == 0 || len(t.offsets) == 0 {
		portableTaps(t)
		return
	}
	last := len(t.offsets) - 1
	_, _, _ = t.dst[(t.rows-1)*t.dstStep+t.n-1], t.src[(t.rows-1)*t.srcStep+t.offsets[last]+t.n-1], t.w[last]
	f((*byte)(unsafe.Pointer(t)))
}

func nativePick(dst, src []float32, f func(dst, src *float32, n int)) {
	if n := len(dst); n > 0 {
		_ = src[2*n-2]
		f(&dst[0], &src[0], n)
	}
}
