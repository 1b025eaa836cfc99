// Command _generate writes the AVX2 and AVX-512 kernels of package quant.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const maxRows = 6

func main() {
	ConstraintExpr("amd64,!noasm")
	for rows := 1; rows <= maxRows; rows++ {
		multiply(rows)
		multiplyQuads(rows)
	}
	packQuads()
	widen("widenUnsigned", VPMOVZXBW)
	widen("widenSigned", VPMOVSXBW)
	extremes()
	order := bytesOrder()
	quantize(order)
	requantize(order)
	dequantize()
	gatherRows()
	packPairs()
	sumTaps()
	widenRows("widenRows1", 1)
	widenRows("widenRows2", 2)
	evens()
	maxima("maximaUnsigned", VPMAXUB)
	maxima("maximaSigned", VPMAXSB)
	dequantizeBytes()
	finish(false, order)
	finish(true, order)
	finishWide(false)
	finishWide(true)
	combine("addBytes32", "sum", VADDPS, order)
	combine("mulBytes32", "product", VMULPS, order)
	Generate()
}

// load reads a field of the struct behind t.
func load(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}

// filled fills a vector with a 32 bit integer, a parameter of the function.
func filled(name string) VecVirtual {
	v, x := YMM(), XMM()
	VMOVD(Load(Param(name), GP32()), x)
	VPBROADCASTD(x, v)
	return v
}

// filledFloat is filled for a float.
func filledFloat(name string) VecVirtual {
	x, v := Load(Param(name), XMM()).(VecVirtual), YMM()
	VBROADCASTSS(x, v)
	return v
}

// lowBytes has all bits of the low byte of each word.
func lowBytes() VecVirtual {
	v := YMM()
	VPCMPEQW(v, v, v)
	VPSRLW(Imm(8), v, v)
	return v
}

// broadcast fills a vector with a 32 bit parameter in memory.
func broadcast(m Mem) VecVirtual {
	v := YMM()
	VBROADCASTSS(m, v)
	return v
}
