// Command _generate writes the kernels of package vec for one level of the processor.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

var level = flag.String("level", "avx2", "avx2 or avx512")

func main() {
	flag.Parse()
	if *level != "avx2" && *level != "avx512" {
		log.Fatalf("unknown level %q", *level)
	}
	ConstraintExpr("amd64,!noasm")
	u := newUnit(*level)
	transcendental(u)
	trigonometry(u)
	simple(u)
	binary(u)
	reduction(u)
	normalize(u)
	rows(u)
	u.table.write()
	Generate()
}
