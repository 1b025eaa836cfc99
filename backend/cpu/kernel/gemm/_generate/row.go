package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	rowSets    = 2 // sums that each element has, whatever the number of panels, so that the order does not depend on it
	rowPanels  = 3 // panels for which there are registers
	widePanels = 4
)

// row generates the kernels for one row of A and up to so many panels of B, of that many vectors; for one panel A may be a column too.
func (w *width) row(panels, vectors int) {
	for n := 1; n <= panels; n++ {
		w.multiplyRow(n, vectors, false)
	}
	w.multiplyRow(1, vectors, true)
}

// multiplyRow generates the kernel for one row of A, which takes as long as reading B does. It reads a row of each panel in turn: the processor fetches
// ahead of several places at once faster than of one, and faster than when told what to fetch, unless it has numbers to convert meanwhile.
func (w *width) multiplyRow(panels, vectors int, columns bool) {
	t := w.begin(1, vectors, panels, columns, float32s)
	k, a, aStep := load(t, tileK), load(t, tileA), loadBytes(t, tileAStep)
	bStep := loadBytes(t, tileBStep)
	b := make([]GPVirtual, panels)
	b[0] = load(t, tileB)
	if panels > 1 {
		far := loadBytes(t, tilePanelStep)
		for i := 1; i < panels; i++ {
			b[i] = GP64()
			LEAQ(Mem{Base: b[i-1], Index: far, Scale: 1}, b[i])
		}
	}
	sums := make([][]VecVirtual, rowSets)
	for s := range sums {
		sums[s] = w.zeros(panels * vectors)
	}
	step := func(u int) {
		x := w.new()
		VBROADCASTSS(strided(a, aStep, nil, u, 0), x)
		for i := range sums[u] {
			VFMADD231PS(strided(b[i/vectors], bStep, nil, u, i%vectors*w.bytes()), x, sums[u][i])
		}
	}
	advance := func(steps uint8) {
		LEAQ(Mem{Base: a, Index: aStep, Scale: steps}, a)
		for i := range b {
			LEAQ(Mem{Base: b[i], Index: bStep, Scale: steps}, b[i])
		}
	}
	SUBQ(Imm(rowSets), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range rowSets {
		step(u)
	}
	advance(rowSets)
	SUBQ(Imm(rowSets), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(rowSets), k)
	JE(LabelRef("done"))
	step(0)
	Label("done")
	w.finish(t, added(sums), panels*vectors, (panels-1)*vectors, "")
}
