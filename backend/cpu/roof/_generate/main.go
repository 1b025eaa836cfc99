// Command _generate writes the loops that package roof measures.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	multiply("AVX2", 12, func() VecVirtual { return YMM() })
	multiply("AVX512", 24, func() VecVirtual { return ZMM() })
	dot("AVX2", 10, func() VecVirtual { return YMM() }, func(x, sum VecVirtual) {
		y := YMM()
		VPMADDUBSW(x, x, y)
		VPMADDWD(x, y, y)
		VPADDD(y, sum, sum)
	})
	dot("VNNI", 24, func() VecVirtual { return ZMM() }, func(x, sum VecVirtual) {
		Instruction(&ir.Instruction{Opcode: "VPDPBUSD", Operands: []Op{x, x, sum}, Inputs: []Op{x, sum}, Outputs: []Op{sum}, ISA: []string{"AVX512VNNI"}})
	})
	read()
	Generate()
}

// multiply generates independent multiply-adds on registers.
func multiply(level string, sums int, register func() VecVirtual) {
	repeat("multiply"+level, "multiply-adds of whole vectors", sums, register, func(x, sum VecVirtual) { VFMADD231PS(x, x, sum) })
}

// dot generates independent products of bytes that are added in 32 bits, on registers.
func dot(level string, sums int, register func() VecVirtual, add func(x, sum VecVirtual)) {
	repeat("dot"+level, "products of whole vectors of bytes", sums, register, add)
}

func repeat(name, what string, sums int, register func() VecVirtual, add func(x, sum VecVirtual)) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s does %d·n %s, n > 0.", name, sums, what))
	n := Load(Param("n"), GP64())
	x := register()
	VPXOR(x.AsX(), x.AsX(), x.AsX()) // clears all of x
	v := make([]VecVirtual, sums)
	for i := range v {
		v[i] = register()
		VMOVAPS(x, v[i])
	}
	Label("loop")
	for i := range v {
		add(x, v[i])
	}
	DECQ(n)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// read generates loads.
func read() {
	TEXT("read", NOSPLIT, "func(p *byte, blocks int)")
	Pragma("noescape")
	Doc("read loads 256·blocks bytes from p on, blocks > 0.")
	p, blocks := Load(Param("p"), GP64()), Load(Param("blocks"), GP64())
	Label("loop")
	for at := 0; at < 256; at += 32 {
		VMOVDQU(Mem{Base: p, Disp: at}, YMM())
	}
	ADDQ(U32(256), p)
	DECQ(blocks)
	JNE(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
