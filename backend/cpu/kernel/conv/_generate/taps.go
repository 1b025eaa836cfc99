package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of conv.taps.
const (
	tapsDst     = 0
	tapsLen     = 8
	tapsSrc     = 24
	tapsOffsets = 48
	tapsCount   = 56
	tapsW       = 72
	tapsBias    = 96
)

// taps generates sums of rows: 64 elements at a time, then 8, then the rest under a mask.
func taps(masks Mem) {
	TEXT("sumTaps", NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc("sumTaps does the sum at t.")
	t := Load(Param("t"), GP64())
	dst, src, n := load(t, tapsDst), load(t, tapsSrc), load(t, tapsLen)
	offsets, count, w := load(t, tapsOffsets), load(t, tapsCount), load(t, tapsW)

	block := func(vectors int, mask *VecVirtual) {
		name := fmt.Sprintf("taps%d", vectors)
		if mask != nil {
			name += "Masked"
		}
		sums := make([]VecVirtual, vectors)
		for v := range sums {
			sums[v] = YMM()
			VBROADCASTSS(Mem{Base: t, Disp: tapsBias}, sums[v])
		}
		i := GP64()
		XORQ(i, i)
		Label(name)
		at, x := GP64(), YMM()
		MOVQ(Mem{Base: offsets, Index: i, Scale: 8}, at)
		VBROADCASTSS(Mem{Base: w, Index: i, Scale: 4}, x)
		for v := range sums {
			from := Mem{Base: src, Index: at, Scale: 4, Disp: 32 * v}
			if mask == nil {
				VFMADD231PS(from, x, sums[v])
				continue
			}
			y := YMM()
			VMASKMOVPS(from, *mask, y)
			VFMADD231PS(y, x, sums[v])
		}
		INCQ(i)
		CMPQ(i, count)
		JNE(LabelRef(name))
		for v := range sums {
			if mask == nil {
				VMOVUPS(sums[v], Mem{Base: dst, Disp: 32 * v})
			} else {
				VMASKMOVPS(sums[v], *mask, Mem{Base: dst, Disp: 32 * v})
			}
		}
	}
	for _, vectors := range []int{8, 2, 1} {
		begin, end := fmt.Sprintf("begin%d", vectors), fmt.Sprintf("end%d", vectors)
		Label(begin)
		CMPQ(n, U32(8*vectors))
		JLT(LabelRef(end))
		block(vectors, nil)
		ADDQ(U32(32*vectors), dst)
		ADDQ(U32(32*vectors), src)
		SUBQ(U32(8*vectors), n)
		JMP(LabelRef(begin))
		Label(end)
	}
	TESTQ(n, n)
	JE(LabelRef("done"))
	table, m := GP64(), YMM()
	LEAQ(masks, table)
	NEGQ(n)
	VMOVUPS(Mem{Base: table, Index: n, Scale: 4, Disp: 32}, m)
	block(1, &m)
	Label("done")
	VZEROUPPER()
	RET()
}
