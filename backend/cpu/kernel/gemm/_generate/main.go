// Command _generate writes the AVX2 kernels of package gemm.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Offsets of the fields of gemm.tile.
const (
	tileA          = 0
	tileB          = 24
	tileC          = 48
	tileARow       = 72
	tileAStep      = 80
	tileBStep      = 88
	tileCRow       = 96
	tileK          = 104
	tileCols       = 120
	tileScale      = 128
	tileAccumulate = 132
)

const maxRows = 6

func main() {
	ConstraintExpr("amd64,!noasm")
	masks := tailMasks()
	for rows := 1; rows <= maxRows; rows++ {
		multiply(rows, false, masks)
		multiply(rows, true, masks)
	}
	transpose()
	activations()
	dot(masks)
	axpy(masks)
	Generate()
}

// load reads a field of the struct behind t.
func load(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

// loadBytes reads a stride in elements and makes it bytes.
func loadBytes(t Register, offset int) GPVirtual {
	r := load(t, offset)
	SHLQ(Imm(2), r)
	return r
}

// tripled is 3·r.
func tripled(r Register) GPVirtual {
	t := GP64()
	LEAQ(Mem{Base: r, Index: r, Scale: 2}, t)
	return t
}

// zeros clears n registers.
func zeros(n int) []VecVirtual {
	v := make([]VecVirtual, n)
	for i := range v {
		v[i] = YMM()
		VXORPS(v[i], v[i], v[i])
	}
	return v
}
