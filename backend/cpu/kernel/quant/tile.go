package quant

import "github.com/gocompile/gocompile/backend/cpu/level"

// A tile is one call of a micro kernel: C[rows, 16] = A[rows, 2·pairs] · B[2·pairs, 16], or += if add is not 0. The assembly knows the
// offsets of the fields.
type tile struct {
	a     []int16 // element (i, p) at i*aRow + p
	b     []int8  // element (p, j) at p/2*32 + 2*j + p%2
	c     []int32 // element (i, j) at i*cRow + j
	aRow  int
	cRow  int
	pairs int
	add   int
	rows  int // 1 … 6
}

// functions are what a level brings.
type functions struct {
	level           level.Level
	tile            func(t *tile)
	widen           func(dst []int16, src []byte, signed bool, zero int16) int
	extremes        func(x []float32) (lo, hi float32, done int)
	quantize        func(dst []byte, x []float32, scale float32, l limits) int
	requantize      func(dst []byte, x []int32, scale []float32, l limits) int
	dequantize      func(dst []float32, x []int32, scale, bias []float32) int
	pack            func(dst, next []int8, src []byte, stride int, flip byte)
	gather          func(dst, src []byte, offsets []int, pieces []piece) // nil: there is none
	finish          func(f *finishing)
	taps            func(t *taps)
	widenRows       func(w *widening, stride int) // stride 1 or 2; nil: there is none
	maxima          func(m *maxima, signed bool)
	evens           func(dst, src []byte) int
	dequantizeBytes func(dst []float32, x []byte, scale float32, zero int32, signed bool) int
	combine         func(dst, a, b []byte, c *combining, mul bool) int
}

// The functions that return a number treat a multiple of their vector length and return how many elements they did; plain Go does the rest.
var portable = functions{
	level:           level.Portable,
	tile:            portableTile,
	widen:           func([]int16, []byte, bool, int16) int { return 0 },
	extremes:        func([]float32) (lo, hi float32, done int) { return 0, 0, 0 },
	quantize:        func([]byte, []float32, float32, limits) int { return 0 },
	requantize:      func([]byte, []int32, []float32, limits) int { return 0 },
	dequantize:      func([]float32, []int32, []float32, []float32) int { return 0 },
	pack:            portablePack,
	finish:          portableFinish,
	taps:            portableTaps,
	maxima:          portableMaxima,
	evens:           func([]byte, []byte) int { return 0 },
	dequantizeBytes: func([]float32, []byte, float32, int32, bool) int { return 0 },
	combine:         func([]byte, []byte, []byte, *combining, bool) int { return 0 },
}

// at is the best functions for a level.
func at(l level.Level) *functions {
	best := &portable
	for i := range native {
		if f := &native[i]; f.level <= l && f.level >= best.level {
			best = f
		}
	}
	return best
}

func portableTile(t *tile) {
	var sum [panelWidth]int32
	for i := range t.rows {
		c := t.c[i*t.cRow:][:panelWidth]
		if t.add != 0 {
			copy(sum[:], c)
		} else {
			clear(sum[:])
		}
		a := t.a[i*t.aRow:][:2*t.pairs]
		for p := range t.pairs {
			x, y := int32(a[2*p]), int32(a[2*p+1])
			b := t.b[p*2*panelWidth:][:2*panelWidth]
			for j := range sum {
				sum[j] += x*int32(b[2*j]) + y*int32(b[2*j+1])
			}
		}
		copy(c, sum[:])
	}
}
