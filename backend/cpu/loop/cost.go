package loop

import (
	"github.com/gocompile/gocompile/backend/cpu/level"
	"github.com/gocompile/gocompile/backend/cpu/loop/x86"
)

// Estimates of the time that a tile takes, in nanoseconds, from BenchmarkPrograms.
const (
	perInstruction = 10  // of machine code, or of a kernel that has AVX2
	perWide        = 5   // the same in a kernel that has AVX-512, whose vectors are twice as long
	perTile        = 40  // reading operands from the first-level cache and writing the result
	perFlags       = 800 // interpreting a function of bools, or one that makes or takes them
)

// pays reports whether machine code is faster than interpreting with the kernels of a level. With AVX2 both run the same instructions, and
// machine code saves what goes to the cache and back between functions. Kernels for AVX-512 need half of the instructions, so there it pays
// only if functions take few instructions each, or are of bools.
func (p *Program) pays(use level.Level) bool {
	probe := &block{writer: &writer{buffer: &x86.Buffer{}}, program: p}
	if p.leaves > maxLeaves || probe.body() != nil {
		return false
	}
	each := perInstruction
	if use >= level.AVX512 {
		each = perWide
	}
	interpreted, native := 0, perTile
	for v := range p.code {
		switch i := &p.code[v]; i.kind {
		case leaf, constant:
		case compare, logic, not, choose, number:
			interpreted += perFlags
		default:
			interpreted += perTile + each*probe.sizes[v]
		}
		native += perInstruction * probe.sizes[v]
	}
	return native < interpreted
}
