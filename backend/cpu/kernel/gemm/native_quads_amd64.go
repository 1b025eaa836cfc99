//go:build amd64 && !noasm

package gemm

import "github.com/gocompile/gocompile/backend/cpu/level"

var (
	avx2ByteQuads = integerTiles{
		{multiply1BytesQuads, multiply2BytesQuads},
		{multiply1BytesQuadsZero, multiply2BytesQuadsZero},
	}
	avx2NibbleQuads = integerTiles{
		{multiply1NibblesQuads, multiply2NibblesQuads},
		{multiply1NibblesQuadsZero, multiply2NibblesQuadsZero},
	}
	avx512ByteQuads = integerTiles{
		{multiply1BytesQuadsWide, multiply2BytesQuadsWide, multiply3BytesQuadsWide,
			multiply4BytesQuadsWide, multiply5BytesQuadsWide, multiply6BytesQuadsWide},
		{multiply1BytesQuadsZeroWide, multiply2BytesQuadsZeroWide, multiply3BytesQuadsZeroWide,
			multiply4BytesQuadsZeroWide, multiply5BytesQuadsZeroWide, multiply6BytesQuadsZeroWide},
	}
	avx512NibbleQuads = integerTiles{
		{multiply1NibblesQuadsWide, multiply2NibblesQuadsWide, multiply3NibblesQuadsWide,
			multiply4NibblesQuadsWide, multiply5NibblesQuadsWide, multiply6NibblesQuadsWide},
		{multiply1NibblesQuadsZeroWide, multiply2NibblesQuadsZeroWide, multiply3NibblesQuadsZeroWide,
			multiply4NibblesQuadsZeroWide, multiply5NibblesQuadsZeroWide, multiply6NibblesQuadsZeroWide},
	}
)

// quadKernels are those for a rounded A, on this processor.
func quadKernels() []Kernel {
	list := []Kernel{
		{Name: "avx2-2x16-quads8", Level: level.AVX2, MR: 2, NR: 16, Quality: 16, B: ByteQuads, fn: avx2ByteQuads.tile},
		{Name: "avx2-2x16-quads4", Level: level.AVX2, MR: 2, NR: 16, Quality: 16, B: NibbleQuads, fn: avx2NibbleQuads.tile},
	}
	if level.AVX512.VNNI() {
		list = append(list,
			Kernel{Name: "avx512vnni-6x32-quads8", Level: level.AVX512, MR: 6, NR: 32, Quality: 64, B: ByteQuads, fn: avx512ByteQuads.tile},
			Kernel{Name: "avx512vnni-6x32-quads4", Level: level.AVX512, MR: 6, NR: 32, Quality: 64, B: NibbleQuads, fn: avx512NibbleQuads.tile})
	}
	return list
}

// nativeRound writes the records of whole groups of a, if there is assembly for it.
func nativeRound(dst []byte, a []float32, group, bias int, l level.Level) bool {
	if l < level.AVX2 {
		return false
	}
	groups := len(a) / group
	_ = dst[groups*(group+recordExtra)-1]
	round(groups, group, &a[0], &dst[0], bias)
	return true
}
