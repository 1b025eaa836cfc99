package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of quant.quadTile.
const (
	quadA        = 0
	quadB        = 24
	quadC        = 48
	quadStart    = 72
	quadARow     = 96
	quadCRow     = 104
	quadStartRow = 112
	quadQuads    = 120
)

// multiplyQuads generates the kernel of VPDPBUSD, which adds four products of an unsigned and a signed byte to each of sixteen sums, exactly.
func multiplyQuads(rows int) {
	name := fmt.Sprintf("multiplyQuads%d", rows)
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(fmt.Sprintf("%s computes the tile at t, of %d rows.", name, rows))
	t := Load(Param("t"), GP64())
	sets := [...]int{1: 4, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1}[rows]
	sums := make([][]VecVirtual, sets)
	for s := range sums {
		sums[s] = make([]VecVirtual, 2*rows)
		for i := range sums[s] {
			sums[s][i] = ZMM()
			if s > 0 {
				VPXORD(sums[s][i], sums[s][i], sums[s][i])
			}
		}
	}
	start, startRow := load(t, quadStart), load(t, quadStartRow)
	SHLQ(Imm(2), startRow)
	rowPointers(start, startRow, rows, func(i int, row Mem) {
		VMOVDQU32(row, sums[0][2*i])
		VMOVDQU32(row.Offset(64), sums[0][2*i+1])
	})
	quads, b := load(t, quadQuads), load(t, quadB)
	aRow := load(t, quadARow)
	bases := []Register{load(t, quadA)}
	if rows > 3 {
		a3 := GP64()
		LEAQ(Mem{Base: bases[0], Index: aRow, Scale: 2}, a3)
		ADDQ(aRow, a3)
		bases = append(bases, a3)
	}
	step := func(u int) {
		sum := sums[u%sets]
		b0, b1 := ZMM(), ZMM()
		VMOVDQU32(Mem{Base: b, Disp: 128 * u}, b0)
		VMOVDQU32(Mem{Base: b, Disp: 128*u + 64}, b1)
		for i := range rows {
			m := Mem{Base: bases[i/3], Disp: 4 * u}
			if i%3 != 0 {
				m.Index, m.Scale = aRow, uint8(i%3)
			}
			x := ZMM()
			VPBROADCASTD(m, x)
			dotBytes(b0, x, sum[2*i])
			dotBytes(b1, x, sum[2*i+1])
		}
	}
	const unroll = 4
	SUBQ(Imm(unroll), quads)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	for _, base := range bases {
		ADDQ(Imm(4*unroll), base)
	}
	ADDQ(U32(128*unroll), b)
	SUBQ(Imm(unroll), quads)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), quads)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	for _, base := range bases {
		ADDQ(Imm(4), base)
	}
	ADDQ(U32(128), b)
	DECQ(quads)
	JNE(LabelRef("one"))
	Label("done")
	for _, more := range sums[1:] {
		for i := range more {
			VPADDD(more[i], sums[0][i], sums[0][i])
		}
	}
	c, cRow := load(t, quadC), load(t, quadCRow)
	SHLQ(Imm(2), cRow)
	rowPointers(c, cRow, rows, func(i int, row Mem) {
		VMOVDQU32(sums[0][2*i], row)
		VMOVDQU32(sums[0][2*i+1], row.Offset(64))
	})
	VZEROUPPER()
	RET()
}

// dotBytes is VPDPBUSD, which avo does not know.
func dotBytes(b, x, sum VecVirtual) {
	Instruction(&ir.Instruction{Opcode: "VPDPBUSD", Operands: []Op{b, x, sum}, Inputs: []Op{b, x, sum}, Outputs: []Op{sum}, ISA: []string{"AVX512VNNI"}})
}
