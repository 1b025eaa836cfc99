package gemm

import "github.com/gocompile/gocompile/backend/cpu/kernel/move"

// GatherColumns sets rows lo to hi of dst, [indices, K], to the columns of a float32 matrix that the indices name; negative ones count from the end. The
// indices have been checked.
func GatherColumns[I move.Index](dst []float32, p *Packed, indices []I, lo, hi int) {
	width := p.layout.width
	for i := lo; i < hi; i++ {
		j := int(indices[i])
		if j < 0 {
			j += p.n
		}
		line := dst[i*p.k:][:p.k]
		for k0 := 0; k0 < p.k; k0 += p.depth {
			kc := min(p.depth, p.k-k0)
			at := j % width
			panel := p.panel(k0, kc, j/width)
			for r := range kc {
				line[k0+r] = panel[at]
				at += width
			}
		}
	}
}
