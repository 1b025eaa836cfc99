package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const unroll = 4

// sets is how many independent sums each element has, so that the latency of the multiply-adds is hidden.
func sets(rows int) int { return [...]int{1: 4, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1}[rows] }

// multiply generates the kernel for a strip of the given number of rows. A lies row after row, or, if columns, column
// after column.
func multiply(rows int, columns bool, masks Mem) {
	name := fmt.Sprintf("multiply%dRows", rows)
	doc := fmt.Sprintf("%s computes the tile at t, of %d rows, with A row after row: t.aStep is 1.", name, rows)
	if columns {
		name = fmt.Sprintf("multiply%dColumns", rows)
		doc = fmt.Sprintf("%s computes the tile at t, of %d rows, with A column after column: t.aRow is 1.", name, rows)
	}
	TEXT(name, NOSPLIT, "func(t *byte)")
	Pragma("noescape")
	Doc(doc)
	t := Load(Param("t"), GP64())
	k := load(t, tileK)
	at, advance := addressA(t, rows, columns)
	b, bStep := load(t, tileB), loadBytes(t, tileBStep)
	bStep3 := tripled(bStep)
	sums := make([][]VecVirtual, sets(rows))
	for s := range sums {
		sums[s] = zeros(2 * rows)
	}

	step := func(u int) {
		sum := sums[u%len(sums)]
		low, high := strided(b, bStep, bStep3, u, 0), strided(b, bStep, bStep3, u, 32)
		if rows == 1 {
			x := YMM()
			VBROADCASTSS(at(0, u), x)
			VFMADD231PS(low, x, sum[0])
			VFMADD231PS(high, x, sum[1])
			return
		}
		b0, b1 := YMM(), YMM()
		VMOVUPS(low, b0)
		VMOVUPS(high, b1)
		for i := range rows {
			x := YMM()
			VBROADCASTSS(at(i, u), x)
			VFMADD231PS(x, b0, sum[2*i])
			VFMADD231PS(x, b1, sum[2*i+1])
		}
	}
	SUBQ(Imm(unroll), k)
	JLT(LabelRef("tail"))
	Label("loop")
	for u := range unroll {
		step(u)
	}
	if rows == 1 && !columns {
		for line := range unroll {
			PREFETCHT0(Mem{Base: b, Disp: 1024 + 64*line})
		}
	}
	advance(unroll)
	LEAQ(Mem{Base: b, Index: bStep, Scale: 4}, b)
	SUBQ(Imm(unroll), k)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(Imm(unroll), k)
	JE(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
	ADDQ(bStep, b)
	DECQ(k)
	JNE(LabelRef("one"))
	Label("done")
	for _, more := range sums[1:] {
		for i := range more {
			VADDPS(more[i], sums[0][i], sums[0][i])
		}
	}
	store(t, sums[0], masks)
}

// strided is the memory at base + u·step + disp, for u < 4.
func strided(base, step, step3 Register, u, disp int) Mem {
	switch u {
	case 0:
		return Mem{Base: base, Disp: disp}
	case 3:
		return Mem{Base: base, Index: step3, Scale: 1, Disp: disp}
	}
	return Mem{Base: base, Index: step, Scale: uint8(u), Disp: disp}
}

// addressA returns the address of element (i, p+u) of A, and how to advance p.
func addressA(t Register, rows int, columns bool) (at func(i, u int) Mem, advance func(steps int)) {
	a := load(t, tileA)
	if columns {
		step := loadBytes(t, tileAStep)
		step3 := tripled(step)
		at = func(i, u int) Mem { return strided(a, step, step3, u, 4*i) }
		return at, func(steps int) { LEAQ(Mem{Base: a, Index: step, Scale: uint8(steps)}, a) }
	}
	row := loadBytes(t, tileARow)
	bases := []Register{a}
	if rows > 3 {
		a3 := GP64()
		LEAQ(Mem{Base: a, Index: row, Scale: 2}, a3)
		ADDQ(row, a3)
		bases = append(bases, a3)
	}
	at = func(i, u int) Mem { return strided(bases[i/3], row, nil, i%3, 4*u) }
	return at, func(steps int) {
		for _, base := range bases {
			ADDQ(Imm(uint64(4*steps)), base)
		}
	}
}
