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
	row := load(t, quadARow)
	at, advance := addressA(load(t, quadA), row, rows)
	step := func(u int) {
		sum := sums[u%sets]
		b0, b1 := ZMM(), ZMM()
		VMOVDQU32(Mem{Base: b, Disp: 128 * u}, b0)
		VMOVDQU32(Mem{Base: b, Disp: 128*u + 64}, b1)
		for i := range rows {
			x := ZMM()
			VPBROADCASTD(at(i, u), x)
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
	advance(unroll)
	ADDQ(U32(128*unroll), b)
	SUBQ(Imm(unroll), quads)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), quads)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
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

// packQuads generates the packing of whole quads of a panel: bytes of four rows side by side, and their sums.
func packQuads() {
	TEXT("packQuads32", NOSPLIT, "func(dst *int8, src *byte, stride int, quads int, flip uint32, sums *int32)")
	Pragma("noescape")
	Doc("packQuads32 packs 32 columns of 4·quads rows, which lie stride bytes apart, each xor the bytes of flip, and adds them to sums.")
	dst, src, stride, quads := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("stride"), GP64()), Load(Param("quads"), GP64())
	flip, ones, words := filled("flip"), YMM(), YMM()
	VPCMPEQB(ones, ones, ones)
	VPABSB(ones, ones)
	VPCMPEQW(words, words, words)
	VPABSW(words, words)
	sums := Load(Param("sums"), GP64())
	var sum [4]VecVirtual
	for i := range sum {
		sum[i] = YMM()
		VMOVDQU(Mem{Base: sums, Disp: 32 * i}, sum[i])
	}
	row3 := GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, row3)
	Label("loop")
	var row [4]VecVirtual
	for i := range row {
		row[i] = YMM()
		m := Mem{Base: src}
		switch i {
		case 1, 2:
			m.Index, m.Scale = stride, uint8(i)
		case 3:
			m.Index, m.Scale = row3, 1
		}
		VPXOR(m, flip, row[i])
	}
	pair := [4]VecVirtual{YMM(), YMM(), YMM(), YMM()}
	VPUNPCKLBW(row[1], row[0], pair[0])
	VPUNPCKLBW(row[3], row[2], pair[1])
	VPUNPCKHBW(row[1], row[0], pair[2])
	VPUNPCKHBW(row[3], row[2], pair[3])
	var quad [4]VecVirtual // of columns 4i … 4i+3 and 4i+16 … 4i+19
	for i := range quad {
		quad[i] = YMM()
		if i%2 == 0 {
			VPUNPCKLWD(pair[i/2*2+1], pair[i/2*2], quad[i])
		} else {
			VPUNPCKHWD(pair[i/2*2+1], pair[i/2*2], quad[i])
		}
	}
	for i := range sum {
		v, halves := YMM(), Imm(0x20)
		if i > 1 {
			halves = Imm(0x31)
		}
		VPERM2I128(halves, quad[i%2*2+1], quad[i%2*2], v)
		VMOVDQU(v, Mem{Base: dst, Disp: 32 * i})
		VPMADDUBSW(v, ones, v)
		VPMADDWD(words, v, v)
		VPADDD(v, sum[i], sum[i])
	}
	LEAQ(Mem{Base: src, Index: stride, Scale: 4}, src)
	ADDQ(U32(128), dst)
	DECQ(quads)
	JNE(LabelRef("loop"))
	for i := range sum {
		VMOVDQU(sum[i], Mem{Base: sums, Disp: 32 * i})
	}
	VZEROUPPER()
	RET()
}
