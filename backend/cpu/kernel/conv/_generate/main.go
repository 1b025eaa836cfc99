// Command _generate writes the kernels of package conv for one level of the processor.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

var level = flag.String("level", "avx2", "avx2 or avx512")

func main() {
	flag.Parse()
	if *level != "avx2" && *level != "avx512" {
		log.Fatalf("unknown level %q", *level)
	}
	ConstraintExpr("amd64,!noasm")
	w := newWidth(*level)
	for vectors := 1; vectors <= 3; vectors++ {
		w.multiply(1, vectors, false)
		if vectors == 1 || w.wide() { // there are registers for it
			w.multiply(2, vectors, false)
		}
	}
	w.multiply(1, 3, true)
	if w.wide() {
		w.multiply(2, 3, true)
	}
	w.gather()
	w.taps()
	w.pick()
	w.residual()
	if w.wide() { // has masks
		w.flat()
		w.halves()
		for _, size := range []int{3, 5, 7} {
			w.window(size, 1)
			w.window(size, 2)
		}
	}
	Generate()
}

// load reads a field of the struct behind t.
func load(t Register, offset int) GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: t, Disp: offset}, r)
	return r
}
