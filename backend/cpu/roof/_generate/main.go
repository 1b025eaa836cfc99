// Command _generate writes the loops that package roof measures.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	multiply("AVX2", 12, func() VecVirtual { return YMM() })
	multiply("AVX512", 24, func() VecVirtual { return ZMM() })
	read()
	Generate()
}

// multiply generates independent multiply-adds on registers.
func multiply(level string, sums int, register func() VecVirtual) {
	name := "multiply" + level
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s does %d·n multiply-adds of whole vectors, n > 0.", name, sums))
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
		VFMADD231PS(x, x, v[i])
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
