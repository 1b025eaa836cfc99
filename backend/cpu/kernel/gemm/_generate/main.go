// Command _generate writes the kernels of package gemm for one level of the processor.
package main

import (
	"flag"
	"log"

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
	tileBias       = 152
	tileNext       = 176
	tileNextStep   = 200
	tileNarrow     = 208
	tileSmall      = 232
	tileScales     = 256
	tileZeros      = 280
	tileGroup      = 304
	tilePanelStep  = 320
	tileRounded    = 328
	tileRoundedRow = 352
	tileStrips     = 360
	tileASkip      = 368
	tileCSkip      = 376
	tileAAt        = 384
	tileCAt        = 392
)

var level = flag.String("level", "avx2", "avx2 or avx512")

func main() {
	flag.Parse()
	ConstraintExpr("amd64,!noasm")
	switch *level {
	case "avx2":
		w := &width{suffix: "", lanes: 8, masks: tailMasks()}
		w.row(rowPanels, 2)
		w.multiplies(6, 2)
		w.narrowMultiplies(2)
		w.integerMultiplies()
		w.quadMultiplies()
		w.round()
		w.dots()
		w.dotsOfRows(1)
		w.dotsOfRows(2)
		w.axpy()
	case "avx512":
		w := &width{suffix: "Wide", lanes: 16, nibbles: nibbleTable()}
		w.row(widePanels, 2)
		w.row(1, 1)
		w.multiplies(14, 2)
		w.multiplies(14, 1)
		w.broadMultiplies()
		w.narrowMultiplies(2)
		w.narrowMultiplies(1)
		w.integerMultiplies()
		w.quadMultiplies()
		w.dots()
		for rows := 1; rows <= 4; rows++ {
			w.dotsOfRows(rows)
		}
		w.axpy()
	default:
		log.Fatalf("unknown level %q", *level)
	}
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
