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

// broadcast fills a vector with a 32 bit parameter in memory.
func broadcast(m Mem) VecVirtual {
	v := YMM()
	VBROADCASTSS(m, v)
	return v
}
