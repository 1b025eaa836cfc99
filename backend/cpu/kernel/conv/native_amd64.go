//go:build amd64 && !noasm

package conv

import (
	"unsafe"

	"github.com/gocompile/gocompile/backend/cpu/level"
)

var avx2 = kernels{
	tile24: func(t *tile) { tile24((*byte)(unsafe.Pointer(t))) },
	tile16: func(t *tile) { tile16((*byte)(unsafe.Pointer(t))) },
	tile8:  func(t *tile) { tile8((*byte)(unsafe.Pointer(t))) },
	gather: avx2Gather,
	taps:   avx2Taps,
}

func kernelsOf(l level.Level) *kernels {
	if l < level.AVX2 {
		return &portable
	}
	return &avx2
}

// avx2Gather moves whole vectors: elements of a row that a piece does not have are overwritten by the next one, those after a row by the
// next row.
func avx2Gather(g *gathering) {
	if len(g.offsets) == 0 {
		return
	}
	last, reach := len(g.offsets)-1, 0
	for i := range g.pieces {
		p := &g.pieces[i]
		reach = max(reach, p.src+p.lanes)
	}
	_, _ = g.dst[last*g.width+g.pieces[len(g.pieces)-1].col+lanes-1], g.src[g.offsets[last]+reach-1]
	gather((*byte)(unsafe.Pointer(g)))
}

func avx2Taps(t *taps) {
	if len(t.dst) == 0 || len(t.offsets) == 0 {
		portableTaps(t)
		return
	}
	_, _ = t.src[t.offsets[len(t.offsets)-1]+len(t.dst)-1], t.w[len(t.offsets)-1]
	sumTaps((*byte)(unsafe.Pointer(t)))
}
