package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// finish scales the sums, adds the bias and C if asked to, and writes as many columns as C has. A row is so many vectors of sums,
// of which the first are whole, and C has the tile's columns of the others. Then it returns, or jumps to another strip of the tile if there is a label for that.
func (w *width) finish(t Register, sums []VecVirtual, vectors, whole int, again string) {
	scale := w.new()
	VBROADCASTSS(Mem{Base: t, Disp: tileScale}, scale)
	for _, s := range sums {
		VMULPS(scale, s, s)
	}
	c, row, cols, bias := load(t, tileC), loadBytes(t, tileCRow), load(t, tileCols), load(t, tileBias)
	ADDQ(Mem{Base: t, Disp: tileCAt}, c)
	accumulate := GP32()
	MOVL(Mem{Base: t, Disp: tileAccumulate}, accumulate)
	write := func(label string, masks []Register) {
		TESTQ(bias, bias)
		JE(LabelRef(label + "Unbiased"))
		for v := range vectors {
			b := w.new()
			w.load(Mem{Base: bias, Disp: v * w.bytes()}, masks[v], b)
			for i := v; i < len(sums); i += vectors {
				VADDPS(b, sums[i], sums[i])
			}
		}
		Label(label + "Unbiased")
		TESTL(accumulate, accumulate)
		JE(LabelRef(label + "Alone"))
		w.eachRow(c, row, sums, vectors, func(at Mem, i int) {
			if masks[i%vectors] == nil {
				VADDPS(at, sums[i], sums[i])
				return
			}
			old := w.new()
			w.load(at, masks[i%vectors], old)
			VADDPS(old, sums[i], sums[i])
		})
		Label(label + "Alone")
		w.eachRow(c, row, sums, vectors, func(at Mem, i int) { w.store(sums[i], masks[i%vectors], at) })
		if again != "" {
			another(t, again)
		}
		VZEROUPPER()
		RET()
	}
	CMPQ(cols, U32(uint32((vectors-whole)*w.lanes)))
	JNE(LabelRef("partial"))
	write("full", make([]Register, vectors))
	Label("partial")
	write("partial", append(make([]Register, whole), w.first(cols, vectors-whole)...))
}

// another goes on to the next strip of the tile, unless this was the last one.
func another(t Register, again string) {
	for _, f := range [][2]int{{tileASkip, tileAAt}, {tileCSkip, tileCAt}} {
		skip := load(t, f[0])
		ADDQ(skip, Mem{Base: t, Disp: f[1]})
	}
	DECQ(Mem{Base: t, Disp: tileStrips})
	JNE(LabelRef(again))
}

// eachRow visits the vectors of each row of C.
func (w *width) eachRow(c, row Register, sums []VecVirtual, vectors int, visit func(at Mem, i int)) {
	p := GP64()
	MOVQ(c, p)
	for i := 0; i < len(sums); i += vectors {
		for v := range vectors {
			visit(Mem{Base: p, Disp: v * w.bytes()}, i+v)
		}
		if i+vectors < len(sums) {
			ADDQ(row, p)
		}
	}
}
